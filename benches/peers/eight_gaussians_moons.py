"""torchcfm and Fieldbridge between the same distributions, scored by the same code.

    cargo build --release --example eight_gaussians_moons
    python eight_gaussians_moons.py plain --steps 10000 --seeds 3
    python eight_gaussians_moons.py plain --coupling independent --name independent_coupling --seeds 8
    python eight_gaussians_moons.py conditional --steps 5000 --seeds 3

`plain`: eight Gaussians to two moons as torchcfm defines both, its quirks included (the root of the variance is handed over
as a covariance; the noise of the moons is one uniform number for both coordinates). W2 is exact (POT), between the
same number of carried and of true points. Path energy: sum over 100 Euler steps of |dx|^2 / dt, mean over points;
normalised: |energy - W2^2| / W2^2 with the W2 of the two distributions.

`conditional`: one of the moons given its label, and x = 0.8 c + 0.6 n given c, whose conditional distributions are known.

Networks have three hidden layers of 64. torchcfm is trained twice: with its own perceptron (SELU, bare time), and with
ours (SiLU, time as t - 1/2, sin, cos). Optimiser, rate, clipping, batch and steps are those of ours.
"""

import argparse
import json
import math
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import ot
import torch
import torchcfm
import torchdiffeq
from torchcfm.conditional_flow_matching import ConditionalFlowMatcher, ExactOptimalTransportConditionalFlowMatcher
from torchcfm.models.models import MLP
from torchcfm.utils import eight_normal_sample, sample_moons

from learning_rate import rate

BATCH, DRAWS, HIGHEST_RATE, WARMUP, FINAL_SHARE, CLIP = 256, 100_000, 2e-3, 100, 0.01, 5.0
EULER = (1, 2, 5, 100)
MATCHERS = {"independent": ConditionalFlowMatcher, "optimal_transport": ExactOptimalTransportConditionalFlowMatcher}
RESULTS = Path(__file__).parent / "results"


def eight_gaussians(rows):
    """The distribution of torchcfm's sample_8gaussians, without its loop over rows."""
    angles = torch.randint(8, (rows,)) * math.pi / 4
    return 5 * torch.stack([angles.cos(), angles.sin()], 1) + 0.1**0.25 * torch.randn(rows, 2)


class OurPerceptron(torch.nn.Module):
    """The perceptron of Fieldbridge's side."""

    def __init__(self, context=0):
        super().__init__()
        sizes = [5 + context, 64, 64, 64, 2]
        layers = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
        self.layers = torch.nn.ModuleList(layers)

    def forward(self, x):
        x, t = x[:, :-1], x[:, -1:]
        h = torch.cat([x, t - 0.5, torch.sin(math.pi / 2 * t), torch.cos(math.pi / 2 * t)], 1)
        for layer in self.layers[:-1]:
            h = torch.nn.functional.silu(layer(h))
        return self.layers[-1](h)


def network(name, context=0):
    return OurPerceptron(context) if name == "ours" else MLP(dim=2 + context, out_dim=2, w=64, time_varying=True)


def train(net, steps, batch):
    """`batch()` gives network inputs (points, contexts, times) and velocities."""
    optimiser = torch.optim.Adam(net.parameters())
    start = time.perf_counter()
    for step in range(steps):
        inputs, velocity = batch()
        loss = (net(inputs) - velocity).square().sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps, HIGHEST_RATE, WARMUP, FINAL_SHARE)
        optimiser.step()
    return time.perf_counter() - start


def velocity(net, context=None):
    def at(t, x):
        parts = [x] if context is None else [x, context]
        return net(torch.cat([*parts, torch.as_tensor(t, dtype=x.dtype).expand(len(x), 1)], 1))
    return at


def exact_velocity(t, x, angles=400, shifts=11):
    """E[x1 - x0 | x_t = x] of the independent coupling, by quadrature over the moons; what a perfect network would give."""
    angle = torch.linspace(0, math.pi, angles, dtype=x.dtype)
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    shift = 0.2 * (torch.arange(shifts, dtype=x.dtype) + 0.5) / shifts
    moons = 3 * (torch.cat([upper, lower])[:, None, :] + shift[None, :, None]).reshape(-1, 2) - 1
    corners = torch.arange(8) * math.pi / 4
    means = 5 * torch.stack([corners.cos(), corners.sin()], 1).to(x.dtype)
    base = (x[:, None] - t * moons) / (1 - t)
    weight = torch.logsumexp(-((base[:, :, None] - means) ** 2).sum(3) / (2 * 0.1**0.5), 2).softmax(1)
    return (weight[:, :, None] * (moons - base)).sum(1)


@torch.no_grad()
def euler(field, x, steps):
    walk = [x]
    for step in range(steps):
        walk.append(walk[-1] + field(step / steps, walk[-1]) / steps)
    return torch.stack(walk)


@torch.no_grad()
def adaptive(field, x):
    return torchdiffeq.odeint(field, x, torch.tensor([0.0, 1.0]), rtol=1e-5, atol=1e-5, method="dopri5")[-1]


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def wasserstein(a, b):
    cost = ot.dist(np.asarray(a, float), np.asarray(b, float))
    weights = np.full(len(a), 1 / len(a))
    return math.sqrt(ot.emd2(weights, weights, cost, numItermax=10**8))


def energy(walk):
    """Of points before the first and after every step."""
    steps = np.diff(np.asarray(walk, float), axis=0)
    return float((steps**2).sum(2).sum(0).mean() * len(steps))


def summary(values):
    spread = np.std(values, ddof=1) if len(values) > 1 else float("nan")
    return f"{np.mean(values):.3f} ± {spread:.3f}"


def write(name, result):
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


def start_ours(arguments, folder):
    command = [arguments.ours, arguments.part, str(folder), str(arguments.steps), str(arguments.seeds)]
    subprocess.run(command + ([arguments.coupling] if arguments.coupling else []), check=True)
    return json.loads((folder / f"fieldbridge_{arguments.part}.json").read_text())


def versions():
    return {"torch": torch.__version__, "torchcfm": torchcfm.__version__, "POT": ot.__version__, "torch_threads": torch.get_num_threads()}


def plain(arguments, folder):
    torch.manual_seed(0)
    np.random.seed(0)
    rows = arguments.rows
    # the distribution is torchcfm's own; only training uses the version without a loop
    base = eight_normal_sample(rows, 2, scale=5, var=0.1).float()
    truth, other = sample_moons(rows), sample_moons(rows)
    np.save(folder / "base.npy", base.numpy())
    shortest = wasserstein(base, truth)
    result = {"versions": versions(), "rows": rows, "floor_w2": wasserstein(truth, other), "w2_of_the_ends": shortest, "runs": []}
    if arguments.keep_torchcfm:
        earlier = json.loads((RESULTS / "eight_gaussians_moons.json").read_text())["runs"]
        result["runs"] = [run for run in earlier if run["side"].startswith("torchcfm")]

    def score(side, coupling, seed, walks, record):
        run = {"side": side, "coupling": coupling, "seed": seed, **record, "w2": {key: wasserstein(walk[-1], truth) for key, walk in walks.items()}}
        run["path_energy"] = energy(walks["100"])
        run["normalised_path_energy"] = abs(run["path_energy"] - shortest**2) / shortest**2
        result["runs"].append(run)
        print(side, coupling, seed, run["w2"], "NPE", run["normalised_path_energy"], flush=True)
        write(arguments.name, result)

    def exact(t, x):
        # the last step ends at t = 1, where the quadrature stops just before
        return torch.cat([exact_velocity(min(t, 0.995), part) for part in x.split(50)])

    score("exact velocity", "independent", 0, {str(steps): euler(exact, base, steps).numpy() for steps in EULER}, {})
    for record in start_ours(arguments, folder):
        coupling, seed = record.pop("coupling"), record.pop("seed")
        walks = {key: np.load(folder / f"fieldbridge_{coupling}_{seed}_{key}.npy") for key in [*map(str, EULER), "adaptive"]}
        score("Fieldbridge", coupling, seed, walks, record)
    for name in () if arguments.keep_torchcfm else ("torchcfm's", "ours"):
        for coupling, matcher in MATCHERS.items():
            if arguments.coupling not in (None, coupling):
                continue
            for seed in range(1, arguments.seeds + 1):
                torch.manual_seed(seed)
                np.random.seed(seed)
                net, matching = network(name), matcher(sigma=0.0)

                def batch():
                    t, x, u = matching.sample_location_and_conditional_flow(eight_gaussians(BATCH), sample_moons(BATCH))
                    return torch.cat([x, t[:, None]], 1), u

                record = {"steps": arguments.steps, "batch": BATCH, "parameters": sum(p.numel() for p in net.parameters()), "train_seconds": train(net, arguments.steps, batch)}
                field = velocity(net)
                walks = {str(steps): euler(field, base, steps).numpy() for steps in EULER}
                walks["adaptive"] = adaptive(field, base).numpy()[None]
                many = eight_gaussians(DRAWS)
                record["draw_seconds_euler_100"] = seconds(lambda: euler(field, many, 100))
                record["draw_seconds_adaptive"] = seconds(lambda: adaptive(field, many))
                score(f"torchcfm, {name} network", coupling, seed, walks, record)
    print(f"floor: W2 between two sets of {rows} true points {result['floor_w2']:.3f}; W2 between the ends {shortest:.3f}\n")
    print("| | coupling | 1 step | 2 steps | 5 steps | 100 steps | adaptive | normalised path energy |\n|---|---|---|---|---|---|---|---|")
    for side, coupling in dict.fromkeys((run["side"], run["coupling"]) for run in result["runs"]):
        runs = [run for run in result["runs"] if (run["side"], run["coupling"]) == (side, coupling)]
        cells = [summary([run["w2"][key] for run in runs]) if key in runs[0]["w2"] else "" for key in [*map(str, EULER), "adaptive"]]
        print("|", " | ".join([side, coupling, *cells, summary([run["normalised_path_energy"] for run in runs])]), "|")


def label_rows(rows):
    """The first half of torchdyn's moons is the upper one."""
    context = torch.ones(rows, 1)
    context[: rows // 2] = -1
    return eight_gaussians(rows), sample_moons(rows), context


def linear_rows(rows):
    context = torch.randn(rows, 2)
    return torch.randn(rows, 2), 0.8 * context + 0.6 * torch.randn(rows, 2), context


def score_labels(ends, truth):
    half = len(ends) // 2
    each = [wasserstein(ends[part], truth[part]) for part in (slice(0, half), slice(half, None))]
    return {"w2_given_label": float(np.mean(each))}


def score_linear(ends, context, repeats):
    """Against the normal distribution with mean 0.8 c and deviation 0.6."""
    z = (np.asarray(ends, float) - 0.8 * np.asarray(context, float)).reshape(-1, repeats, 2) / 0.6
    shift = z.mean(1)
    # the mean of so many draws scatters by repeats^(-1/2)
    rms = math.sqrt(max((shift**2).mean() - 1 / repeats, 0.0))
    return {"mean_error": rms, "width_ratio": float(np.sqrt(z.var(1, ddof=1).mean()))}


def conditional(arguments, folder):
    torch.manual_seed(0)
    np.random.seed(0)
    rows, repeats = arguments.rows, 100
    base, truth, context = label_rows(rows)
    base = base[torch.randperm(rows)]
    contexts = torch.randn(arguments.rows // 10, 2).repeat_interleave(repeats, 0)
    asked = {"labels": (base, context), "linear": (torch.randn(len(contexts), 2), contexts)}
    for problem, (start, told) in asked.items():
        np.save(folder / f"{problem}_base.npy", start.numpy())
        np.save(folder / f"{problem}_context.npy", told.numpy())
    result = {"versions": versions(), "rows": rows, "contexts": len(contexts) // repeats, "draws_each": repeats, "runs": [],
              "floor": {"labels": score_labels(sample_moons(rows), truth)}}

    def score(side, problem, coupling, seed, ends):
        found = score_labels(ends, truth) if problem == "labels" else score_linear(ends, contexts, repeats)
        run = {"side": side, "problem": problem, "coupling": coupling, "seed": seed, "steps": arguments.steps, "batch": BATCH, **found}
        result["runs"].append(run)
        print(run, flush=True)
        write("conditional_coupling", result)

    for record in start_ours(arguments, folder):
        ends = np.load(folder / "fieldbridge_{problem}_{coupling}_{seed}.npy".format(**record))
        score("Fieldbridge", record["problem"], record["coupling"], record["seed"], ends)
    for problem, draw in (("labels", label_rows), ("linear", linear_rows)):
        start, told = asked[problem]
        for coupling, matcher in MATCHERS.items():
            for seed in range(1, arguments.seeds + 1):
                torch.manual_seed(seed)
                np.random.seed(seed)
                net, matching = network("ours", told.shape[1]), matcher(sigma=0.0)

                def batch():
                    x0, x1, context = draw(BATCH)
                    if coupling == "independent":
                        t, x, u = matching.sample_location_and_conditional_flow(x0, x1)
                    else:
                        t, x, u, _, context = matching.guided_sample_location_and_conditional_flow(x0, x1, y1=context)
                    return torch.cat([x, context, t[:, None]], 1), u

                train(net, arguments.steps, batch)
                score("torchcfm", problem, coupling, seed, adaptive(velocity(net, told), start).numpy())
    print("| problem | | coupling | " + "score |\n|---|---|---|---|")
    for key in dict.fromkeys((run["problem"], run["side"], run["coupling"]) for run in result["runs"]):
        runs = [run for run in result["runs"] if (run["problem"], run["side"], run["coupling"]) == key]
        names = [name for name in ("w2_given_label", "mean_error", "width_ratio") if name in runs[0]]
        print("|", " | ".join(key), "|", ", ".join(f"{name} {summary([run[name] for run in runs])}" for name in names), "|")
    print("floor", result["floor"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["plain", "conditional"])
    parser.add_argument("--ours", default="../../target/release/examples/eight_gaussians_moons")
    parser.add_argument("--coupling", choices=list(MATCHERS), help="of `plain`, one alone")
    parser.add_argument("--name", default="eight_gaussians_moons", help="of the file of results of `plain`")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000, help="points of each set that is compared")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep-torchcfm", action="store_true", help="take torchcfm's results from the file of an earlier run")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        {"plain": plain, "conditional": conditional}[arguments.part](arguments, Path(folder))


if __name__ == "__main__":
    main()
