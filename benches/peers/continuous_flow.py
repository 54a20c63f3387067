"""torchdyn's continuous flow on two moons: the network, solver, steps, batches and rates of ours in the example `every_bridge`.

    cargo build --release --example every_bridge
    python continuous_flow.py --steps 3000 --seeds 3 --out results/continuous_flow.json

Both sides train by maximum likelihood with the exact trace, five steps of a Runge-Kutta method of fourth order and fresh rows; densities and draws by
adaptive steps of tolerance 1e-5 (torchdiffeq's `dopri5` for torchdyn's field). One side after the other, one thread each: seconds are worth comparing with
nothing beside.
"""

import argparse
import json
import math
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torchdiffeq
import torchdyn
from torchdyn.core import NeuralODE
from torchdyn.models import CNF, autograd_trace

from learning_rate import rate

BATCH, HELD_OUT, DRAWS, NOISE = 256, 4000, 100_000, 0.1
HIGHEST_RATE, WARMUP, FINAL_SHARE, MEMORY = 3e-3, 100, 0.005, 0.998
TOLERANCE = 1e-5


def moons(rows, generator):
    """Two half circles of radius one, centres (-1/2, -1/4) and (1/2, 1/4), with normal scatter."""
    angle = math.pi * generator.random(rows)
    lower = generator.random(rows) < 0.5
    x = np.where(lower, 1 - np.cos(angle), np.cos(angle)) - 0.5
    y = np.where(lower, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    points = np.stack([x, y], 1) + NOISE * generator.standard_normal((rows, 2))
    return points


def log_density(points, nodes=4000):
    """Of the truth, by the midpoint rule along both half circles."""
    angle = math.pi * (np.arange(nodes) + 0.5) / nodes
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], 1)
    lower = np.stack([1 - np.cos(angle) - 0.5, 0.5 - np.sin(angle) - 0.25], 1)
    centres = np.concatenate([upper, lower])
    found = []
    for part in np.array_split(points, 40):
        squares = ((part[:, None] - centres[None]) ** 2).sum(-1) / (2 * NOISE**2)
        least = squares.min(1, keepdims=True)
        found.append(np.log(np.exp(least - squares).mean(1)) - least[:, 0])
    return np.concatenate(found) - math.log(2 * math.pi * NOISE**2)


class Velocity(torch.nn.Module):
    """Three hidden layers of 64; the time as `t - 1/2`, `sin(pi t / 2)` and `cos(pi t / 2)`."""

    def __init__(self):
        super().__init__()
        widths = [5, 64, 64, 64]
        layers = []
        for inputs, outputs in zip(widths, widths[1:]):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.Tanh()]
        self.layers = torch.nn.Sequential(*layers, torch.nn.Linear(64, 2))
        self.t = 0.0

    def forward(self, x):
        t = torch.as_tensor(self.t, dtype=x.dtype)
        phase = 0.5 * math.pi * t
        told = torch.stack([t - 0.5, torch.sin(phase), torch.cos(phase)]).expand(len(x), 3)
        return self.layers(torch.cat([x, told], 1))


class Timed(torch.nn.Module):
    """torchdyn's CNF, with its network told the time."""

    def __init__(self, flow, velocity):
        super().__init__()
        self.flow, self.velocity = flow, velocity

    def forward(self, t, x, args=None):
        self.velocity.t = t
        return self.flow(x)


def run(seed, steps):
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    velocity = Velocity()
    field = Timed(CNF(velocity, trace_estimator=autograd_trace), velocity)
    walk = NeuralODE(field, solver="rk4", sensitivity="autograd", return_t_eval=False)
    times = torch.linspace(1.0, 0.0, 6)
    average = [p.detach().clone() for p in velocity.parameters()]
    optimiser = torch.optim.Adam(velocity.parameters())
    scale = torch.tensor(moons(100_000, generator).std(), dtype=torch.float32)

    def base(z):
        return -0.5 * (z**2).sum(1) - math.log(2 * math.pi)

    def loss(x):
        # the first number gathers the integral of the trace along the walk
        state = walk(torch.cat([torch.zeros(len(x), 1), x / scale], 1), times)[-1]
        return -(base(state[:, 1:]) - state[:, 0] - 2 * scale.log()).mean()

    start = time.perf_counter()
    for step in range(steps):
        x = torch.tensor(moons(BATCH, generator), dtype=torch.float32)
        value = loss(x)
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(velocity.parameters(), 5.0)
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps, HIGHEST_RATE, WARMUP, FINAL_SHARE)
        optimiser.step()
        memory = min(MEMORY, (1 + step) / (10 + step))
        for mean, value in zip(average, velocity.parameters()):
            mean.lerp_(value.detach(), 1 - memory)
    training = time.perf_counter() - start
    with torch.no_grad():
        for mean, value in zip(average, velocity.parameters()):
            value.copy_(mean)

    held_out = moons(HELD_OUT, np.random.default_rng(10_000))
    x = torch.tensor(held_out, dtype=torch.float32)
    state = torch.cat([torch.zeros(len(x), 1), x / scale], 1)
    ends = torchdiffeq.odeint(field, state, torch.tensor([1.0, 0.0]), rtol=TOLERANCE, atol=TOLERANCE, method="dopri5")[-1]
    found = (base(ends[:, 1:]) - ends[:, 0] - 2 * scale.log()).detach().double().numpy()
    lost = log_density(held_out) - found

    def alone(t, x):
        velocity.t = t
        return velocity(x)

    start = time.perf_counter()
    with torch.no_grad():
        z = torch.randn(DRAWS, 2)
        torchdiffeq.odeint(alone, z, torch.tensor([0.0, 1.0]), rtol=TOLERANCE, atol=TOLERANCE, method="dopri5")
    drawing = time.perf_counter() - start
    return {
        "seed": seed,
        "steps": steps,
        "nats_above_entropy": float(lost.mean()),
        "standard_error": float(lost.std() / math.sqrt(len(lost))),
        "train_seconds": training,
        "draw_seconds": drawing,
        "parameters": sum(p.numel() for p in velocity.parameters()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default="../../target/release/examples/every_bridge")
    parser.add_argument("--steps", type=int, default=3000, help="of flow matching; two fifths of them here")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ours.json"
        command = [arguments.ours, str(arguments.steps), str(arguments.seeds), str(file), "continuous flow"]
        subprocess.run(command, check=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
        ours = json.loads(file.read_text())
    peers = []
    for row in ours:
        peers.append(run(row["seed"], row["steps"]))
        print("torchdyn", peers[-1], flush=True)
    versions = {"torch": torch.__version__, "torchdyn": torchdyn.__version__}
    arguments.out.write_text(json.dumps({"versions": versions, "fieldbridge": ours, "torchdyn": peers}, indent=1) + "\n")
    for key in ("nats_above_entropy", "train_seconds", "draw_seconds"):
        values = [np.mean([row[key] for row in rows]) for rows in (ours, peers)]
        print(f"{key}: ours {values[0]:.4g}, torchdyn {values[1]:.4g}")


if __name__ == "__main__":
    main()
