"""Full training steps: forward, backward, Adam with learning rate 1e-3."""

from pathlib import Path

import torch

from . import variants
from .measure import fastest, seconds_of, timed
from .tensors import load, save

LEARNING_RATE = 1e-3
STEPS_COMPARED = 4


class Training:
    """One step of training again and again on the same rows.

    A workload gives `network(generator)`, `data(generator)` (name to tensor, in the order of the arguments of the loss), and
    `loss(network, *data)`; it may give other names to the parameters and memory formats to try.
    """

    variants = variants.EVERY
    memory_formats = (torch.contiguous_format,)

    def named_parameters(self, network):
        return dict(network.named_parameters())

    def constants(self, network):
        """What a network needs beside parameters, as tensors for the other side."""
        return {}

    def make(self, folder):
        """Write weights, data, and what a step gives in double precision."""
        generator = torch.Generator().manual_seed(7)
        network, data = self.network(generator), self.data(generator)
        parameters = self.named_parameters(network)
        save(folder / "weights.safetensors", parameters)
        save(folder / "data.safetensors", {**data, **self.constants(network)})
        network.double()
        rows = [tensor.double() for tensor in data.values()]
        optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        losses, gradients = self.first_steps(network, optimiser, lambda: self.loss(network, *rows))
        save(folder / "reference.safetensors", {**gradients, "losses": torch.tensor(losses, dtype=torch.float64)})
        return {"parameters": sum(p.numel() for p in parameters.values()), "losses": losses}

    def first_steps(self, network, optimiser, loss_of_rows):
        """Losses before each of the first steps, and the gradients of the first."""
        losses, gradients = [], {}
        for step in range(STEPS_COMPARED):
            optimiser.zero_grad(set_to_none=True)
            loss = loss_of_rows()
            loss.backward()
            if step == 0:
                gradients = {name: p.grad.detach().clone() for name, p in self.named_parameters(network).items()}
            losses.append(loss.item())
            optimiser.step()
        return losses, gradients

    def prepare(self, folder, variant):
        self.folder, self.variant = Path(folder), variant
        loaded = load(self.folder / "data.safetensors")
        generator = torch.Generator().manual_seed(0)
        self.stored = load(self.folder / "weights.safetensors")
        names = list(self.data_names)

        def start(memory_format):
            """Everything anew in this memory format."""
            torch._dynamo.reset()
            self.model = self.network(generator)
            if memory_format != torch.contiguous_format:
                self.model.to(memory_format=memory_format)
            self.rows = [loaded[name] for name in names]
            self.rows = [r.contiguous(memory_format=memory_format) if r.ndim == 4 else r for r in self.rows]
            self.loss_of_rows = variants.compiled(variant, lambda *rows: self.loss(self.model, *rows))
            self.reset()

        def trial(memory_format):
            start(memory_format)
            return min([seconds_of(self.step) for _ in range(6)][2:])

        if len(self.memory_formats) == 1:
            start(self.memory_formats[0])
            return {}
        best, table = fastest(self.memory_formats, trial)
        start(best)
        return {"memory_format": str(best), "seconds_tried": {str(key): value for key, value in table.items()}}

    def reset(self):
        """Stored weights and an optimiser that has seen nothing."""
        with torch.no_grad():
            for name, parameter in self.named_parameters(self.model).items():
                parameter.copy_(self.stored[name])
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE, fused=True)

    def forward(self):
        with variants.precision(self.variant):
            return self.loss_of_rows(*self.rows)

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        self.forward().backward()
        self.optimiser.step()

    def compare(self):
        self.reset()
        losses, gradients = self.first_steps(self.model, self.optimiser, self.forward)
        self.reset()
        path = save(self.folder / f"torch_{self.variant}.safetensors", {name: g.float() for name, g in gradients.items()})
        norms = {name: g.double().norm().item() for name, g in gradients.items()}
        return {"losses": losses, "gradient_norms": norms, "gradients": path}

    def run(self, count):
        return timed(self.step, count)
