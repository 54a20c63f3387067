"""HEUN: 64 draws in 32 steps of Heun's method with the transformer of W2 as velocity."""

from pathlib import Path

import torch

from . import variants
from .measure import fastest, seconds_of, timed
from .tensors import load, save
from .transformer import TOKENS, WIDTH, Transformer

DRAWS, STEPS, COMPARED = 64, 32, 2
CHUNKS = (1, 2, 4, 8, 16, 32, 64)


def heun(field, x, steps=STEPS):
    h = 1.0 / steps
    for _ in range(steps):
        first = field(x).to(x.dtype)
        second = field(x + h * first).to(x.dtype)
        x = x + 0.5 * h * (first + second)
    return x


class FixedDraws:
    variants = variants.EVERY

    def make(self, folder):
        generator = torch.Generator().manual_seed(7)
        network = Transformer(generator)
        noise = torch.randn(DRAWS, TOKENS, WIDTH, generator=generator)
        save(folder / "weights.safetensors", dict(network.named_parameters()))
        save(folder / "data.safetensors", {"noise": noise})
        with torch.inference_mode():
            save(folder / "reference.safetensors", {"output": heun(network.double(), noise[:COMPARED].double())})
        return {"parameters": sum(p.numel() for p in network.parameters())}

    def prepare(self, folder, variant):
        self.folder, self.variant = Path(folder), variant
        self.network = Transformer(torch.Generator().manual_seed(0)).eval()
        self.network.load_state_dict(load(self.folder / "weights.safetensors"))
        self.noise = load(self.folder / "data.safetensors")["noise"]
        self.chunk, table = fastest(variants.to_try(variant, CHUNKS), self.seconds_each_draw)
        self.start()
        return {"chunk": self.chunk, "seconds_per_evaluation_of_64_tried": {key: DRAWS * value for key, value in table.items()}}

    def start(self):
        torch._dynamo.reset()
        self.field = variants.compiled(self.variant, self.network.forward)

    @torch.inference_mode()
    def ends(self, noise, chunk, steps=STEPS):
        with variants.precision(self.variant):
            return torch.cat([heun(self.field, part, steps) for part in noise.split(chunk)])

    def seconds_each_draw(self, chunk):
        self.start()
        part = self.noise[:chunk]
        self.ends(part, chunk, steps=1)
        return min(seconds_of(lambda: self.ends(part, chunk, steps=1)) for _ in range(2)) / (2 * chunk)

    def compare(self):
        part = self.noise[: max(self.chunk, COMPARED)]
        output = self.ends(part, self.chunk)[:COMPARED]
        return {"output": save(self.folder / f"torch_{self.variant}.safetensors", {"output": output.clone()})}

    def run(self, count):
        return timed(lambda: self.ends(self.noise, self.chunk), count, rows=DRAWS, evaluations=2 * STEPS)


WORKLOADS = {"HEUN": FixedDraws}
