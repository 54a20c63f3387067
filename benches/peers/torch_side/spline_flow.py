"""NSF: zuko's neural spline flow of 6 numbers given 12: a training step, densities, draws."""

from pathlib import Path

import torch
import zuko

from . import variants
from .measure import fastest, seconds_of, timed
from .tensors import load, save
from .training import Training

DIMENSION, CONTEXT, TRANSFORMS, BINS, HIDDEN, BATCH = 6, 12, 8, 10, (64, 64), 1024
DENSITIES, DRAWS, DRAWS_TIMED, COMPARED = 1_000_000, 1_000_000, 100_000, 1000
CHUNKS = (1000, 2000, 5000, 10_000, 20_000, 50_000)
LAYER_NAMES = {0: "first", 2: "hidden0", 4: "last"}


def flow(generator):
    with torch.random.fork_rng():
        torch.manual_seed(generator.initial_seed())
        return zuko.flows.NSF(DIMENSION, context=CONTEXT, transforms=TRANSFORMS, bins=BINS, hidden_features=HIDDEN)


def layers(network):
    """File name to masked layer."""
    return {
        f"transform{index}.{name}": transform.hyper[place]
        for index, transform in enumerate(network.transform.transforms)
        for place, name in LAYER_NAMES.items()
    }


def parameters(network):
    return {f"{name}.{kind}": getattr(layer, kind) for name, layer in layers(network).items() for kind in ("weight", "bias")}


def masks(network):
    return {f"{name}.mask": layer.mask.float() for name, layer in layers(network).items()}


def rows(count, generator):
    """Correlated numbers that depend on the context."""
    context = torch.randn(count, CONTEXT, generator=generator)
    noise = torch.randn(count, DIMENSION, generator=generator)
    mean = 0.5 * context[:, :DIMENSION] + 0.25 * context[:, DIMENSION:] ** 2
    return mean + noise * (0.3 + 0.2 * torch.sigmoid(context[:, :DIMENSION].flip(1))), context


class SplineTraining(Training):
    data_names = ("x", "context")

    def network(self, generator):
        return flow(generator)

    def named_parameters(self, network):
        return parameters(network)

    def constants(self, network):
        return masks(network)

    def data(self, generator):
        x, context = rows(BATCH, generator)
        return {"x": x, "context": context}

    def loss(self, network, x, context):
        return -network(context).log_prob(x).mean()


class SplineAsking:
    """What is common to densities and draws: a stored flow, rows, the fastest chunk."""

    variants = variants.EVERY

    def make(self, folder):
        generator = torch.Generator().manual_seed(7)
        network = flow(generator)
        # away from the start, where all splines are nearly the identity
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(1.5)
        save(folder / "weights.safetensors", parameters(network))
        data = self.data(generator)
        save(folder / "data.safetensors", {**data, **masks(network)})
        with torch.no_grad():
            network.double()
            first = {name: tensor[:COMPARED].double() for name, tensor in data.items()}
            save(folder / "reference.safetensors", {"output": self.ask(network, **first)})
        return {"parameters": sum(p.numel() for p in network.parameters())}

    def prepare(self, folder, variant):
        self.folder, self.variant = Path(folder), variant
        self.network = flow(torch.Generator().manual_seed(0))
        stored = load(self.folder / "weights.safetensors")
        with torch.no_grad():
            for name, parameter in parameters(self.network).items():
                parameter.copy_(stored[name])
        loaded = load(self.folder / "data.safetensors")
        self.tensors = {name: loaded[name] for name in self.data_names}
        self.chunk, table = fastest(variants.to_try(variant, CHUNKS), self.seconds_each_row)
        # once more at this size, so that no turn has to compile
        self.seconds_each_row(self.chunk)
        return {"chunk": self.chunk, "seconds_per_million_tried": {key: 1e6 * value for key, value in table.items()}}

    def start(self):
        self.work = variants.compiled(self.variant, self.timed_work)

    def seconds_each_row(self, chunk):
        torch._dynamo.reset()
        self.start()
        part = {name: tensor[:chunk] for name, tensor in self.tensors.items()}
        self.call(part)
        return min(seconds_of(lambda: self.call(part)) for _ in range(2)) / chunk

    @torch.no_grad()
    def call(self, part):
        with variants.precision(self.variant):
            return self.work(**part)

    def whole(self):
        parts = [tensor.split(self.chunk) for tensor in self.tensors.values()]
        return torch.cat([self.call(dict(zip(self.tensors, part))) for part in zip(*parts)])

    def compare(self):
        output = self.first_output().float().clone()
        return {"output": save(self.folder / f"torch_{self.variant}.safetensors", {"output": output})}


class SplineDensity(SplineAsking):
    """10^6 log-densities."""

    data_names = ("x", "context")

    def data(self, generator):
        x, context = rows(DENSITIES, generator)
        return {"x": x, "context": context}

    def ask(self, network, x, context):
        return network(context).log_prob(x)

    def timed_work(self, x, context):
        return self.network(context).log_prob(x)

    def first_output(self):
        return self.call({name: tensor[: self.chunk] for name, tensor in self.tensors.items()})[:COMPARED]

    def run(self, count):
        return timed(self.whole, count, rows=DENSITIES)


class SplineDraws(SplineAsking):
    """10^6 draws, one for each context; 10^5 are timed and the seconds multiplied by ten."""

    data_names = ("context",)

    def data(self, generator):
        _, context = rows(DRAWS_TIMED, generator)
        return {"noise": torch.randn(DRAWS_TIMED, DIMENSION, generator=generator), "context": context}

    def ask(self, network, noise, context):
        return network(context).transform.inv(noise)

    def timed_work(self, context):
        return self.network(context).sample()

    @torch.no_grad()
    def first_output(self):
        """From the stored noise, so not by `sample`, which draws its own, and never compiled."""
        data = load(self.folder / "data.safetensors")
        with variants.precision(self.variant):
            return self.ask(self.network, data["noise"][:COMPARED], data["context"][:COMPARED])

    def run(self, count):
        factor = DRAWS / DRAWS_TIMED
        answer = timed(self.whole, count, rows=DRAWS, rows_timed=DRAWS_TIMED)
        return {**answer, "seconds": [factor * seconds for seconds in answer["seconds"]]}


WORKLOADS = {"NSF_TRAIN": SplineTraining, "NSF_DENSITY": SplineDensity, "NSF_DRAW": SplineDraws}
