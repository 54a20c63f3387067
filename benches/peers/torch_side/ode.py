"""ODE: 10^5 draws of a flow-matching perceptron with torchdiffeq's dopri5, after training it with torchcfm on two moons."""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torchcfm.conditional_flow_matching import ConditionalFlowMatcher
from torchdiffeq import odeint

from . import variants
from .measure import fastest, seconds_of, timed
from .perceptron import linear
from .tensors import load, save

DRAWS, COMPARED, TOLERANCE, REFERENCE_TOLERANCE = 100_000, 2000, 1e-5, 1e-8
WIDTH, FREQUENCIES, STEPS, BATCH = 256, 16, 1500, 1024
CHUNKS = (1000, 5000, 20_000, 100_000)


def two_moons(count, generator):
    """Two half circles with normal scatter of 0.05."""
    angle = 2 * math.pi * torch.rand(count, generator=generator)
    lower = (angle > math.pi).float()
    points = torch.stack([angle.cos() + lower - 0.5, angle.sin() + lower / 2 - 0.25], 1)
    return points + 0.05 * torch.randn(count, 2, generator=generator)


class Velocity(nn.Module):
    """h = silu(x W_1 + e(t) W_c + b_1), silu(h W_2 + b_2), silu(h W_3 + b_3), then linear; one time for all rows, or one each."""

    def __init__(self, generator):
        super().__init__()
        self.first = linear(2, WIDTH, generator)
        self.condition = linear(2 * FREQUENCIES + 1, WIDTH, generator, bias=False)
        self.hidden0 = linear(WIDTH, WIDTH, generator)
        self.hidden1 = linear(WIDTH, WIDTH, generator)
        self.last = linear(WIDTH, 2, generator)
        frequencies = 0.5 * math.pi * 64 ** (torch.arange(FREQUENCIES) / (FREQUENCIES - 1))
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, t, x):
        t = t[..., None]
        phase = t * self.frequencies
        time = torch.cat([t - 0.5, phase.sin(), phase.cos()], -1)
        h = F.silu(self.first(x) + self.condition(time))
        h = F.silu(self.hidden0(h))
        h = F.silu(self.hidden1(h))
        return self.last(h)


def train(network, generator):
    """Mean loss of the last hundred steps."""
    torch.manual_seed(generator.initial_seed())
    matcher = ConditionalFlowMatcher(sigma=0.0)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    losses = []
    for _ in range(STEPS):
        x1 = two_moons(BATCH, generator)
        t, xt, ut = matcher.sample_location_and_conditional_flow(torch.randn(BATCH, 2, generator=generator), x1)
        loss = F.mse_loss(network(t, xt), ut)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    return sum(losses[-100:]) / 100


def solve(field, x, tolerance):
    """End points at t = 1 and the number of evaluations of the field."""
    evaluations = 0

    def counted(t, state):
        nonlocal evaluations
        evaluations += 1
        return field(t, state)

    times = torch.tensor([0.0, 1.0], dtype=x.dtype)
    return odeint(counted, x, times, method="dopri5", rtol=tolerance, atol=tolerance)[-1], evaluations


class AdaptiveDraws:
    # bfloat16 rounds at 4e-3, which an error control at 1e-5 cannot work with
    variants = ("eager", "compiled")

    def make(self, folder):
        generator = torch.Generator().manual_seed(7)
        network = Velocity(generator)
        loss = train(network, generator)
        noise = torch.randn(DRAWS, 2, generator=generator)
        save(folder / "weights.safetensors", dict(network.named_parameters()))
        save(folder / "data.safetensors", {"noise": noise, "frequencies": network.frequencies})
        with torch.no_grad():
            ends, evaluations = solve(network.double(), noise[:COMPARED].double(), REFERENCE_TOLERANCE)
        save(folder / "reference.safetensors", {"output": ends})
        return {"training_loss": loss, "reference_evaluations": evaluations}

    def prepare(self, folder, variant):
        self.folder, self.variant = Path(folder), variant
        self.network = Velocity(torch.Generator().manual_seed(0))
        stored = load(self.folder / "weights.safetensors")
        with torch.no_grad():
            for name, parameter in self.network.named_parameters():
                parameter.copy_(stored[name])
        loaded = load(self.folder / "data.safetensors")
        self.noise, self.network.frequencies = loaded["noise"], loaded["frequencies"]
        self.chunk, table = fastest(variants.to_try(variant, CHUNKS), self.seconds_each_row)
        self.start()
        return {"chunk": self.chunk, "seconds_per_hundred_thousand_tried": {key: 1e5 * value for key, value in table.items()}}

    def start(self):
        torch._dynamo.reset()
        self.field = variants.compiled(self.variant, self.network.forward)

    @torch.inference_mode()
    def ends(self, noise):
        """End points, and evaluations of the field for each row on average."""
        parts = [(solve(self.field, part, TOLERANCE), len(part)) for part in noise.split(self.chunk)]
        evaluations = sum(count * size for (_, count), size in parts) / len(noise)
        return torch.cat([end for (end, _), _ in parts]), evaluations

    def seconds_each_row(self, chunk):
        self.start()
        self.chunk = chunk
        part = self.noise[:chunk]
        self.ends(part)
        return seconds_of(lambda: self.ends(part)) / chunk

    def compare(self):
        """The first rows of all draws, so that the steps are those of the race."""
        output, evaluations = self.ends(self.noise)
        path = save(self.folder / f"torch_{self.variant}.safetensors", {"output": output[:COMPARED].clone()})
        return {"output": path, "evaluations_per_row": evaluations}

    def run(self, count):
        return timed(lambda: self.ends(self.noise), count, rows=DRAWS)


WORKLOADS = {"ODE": AdaptiveDraws}
