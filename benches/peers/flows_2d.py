"""zuko's MAF and NSF on the rows that the example `flows_2d` makes: the same networks, steps, batches, rates and rows.

    cargo build --release --example flows_2d
    python flows_2d.py --steps 1500 --seeds 3 --out results/flows_2d.json                       # log-densities
    python flows_2d.py --density checkerboard --flow MAF --seeds 8 --out results/flows_2d_checkerboard.json
    python flows_2d.py --steps 300 --seeds 3 --density pinwheel --out results/flows_2d_time.json  # seconds

No row is seen twice in training; held-out rows are 10,000. The two sides take turns, one density after the other.
"""

import argparse
import json
import math
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import zuko

from learning_rate import rate

BATCH, DRAWS, HIGHEST_RATE, WARMUP = 512, 100_000, 2e-3, 50
DENSITIES = ["two_moons", "eight_gaussians", "checkerboard", "two_circles", "pinwheel", "two_spirals"]


def flow(name):
    if name == "MAF":
        return zuko.flows.MAF(2, transforms=5, hidden_features=(64, 64))
    return zuko.flows.NSF(2, transforms=3, bins=8, hidden_features=(64, 64))


def run(name, seed, steps, train, test):
    torch.manual_seed(seed)
    network = flow(name)
    optimiser = torch.optim.Adam(network.parameters())
    start = time.perf_counter()
    for step in range(steps):
        x = train[step * BATCH : (step + 1) * BATCH]
        loss = -network().log_prob(x).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps, HIGHEST_RATE, WARMUP, 0.01)
        optimiser.step()
    training = time.perf_counter() - start
    with torch.no_grad():
        nll = -network().log_prob(test).double().mean().item()
        start = time.perf_counter()
        network().sample((DRAWS,))
        drawing = time.perf_counter() - start
    parameters = sum(p.numel() for p in network.parameters())
    return {"nll": nll, "train_seconds": training, "draw_seconds": drawing, "parameters": parameters}


def mean_and_error(values):
    spread = np.std(values, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else float("nan")
    return f"{np.mean(values):.4f} ± {spread:.4f}"


def both(arguments, folder, density):
    """Results of both sides on one density, as two lists."""
    subprocess.run([arguments.ours, str(folder), str(arguments.steps), str(arguments.seeds), density, arguments.flow], check=True)
    ours = json.loads((folder / "fieldbridge.json").read_text())
    train, test = (torch.from_numpy(np.load(folder / f"{density}_{part}.npy")) for part in ("train", "test"))
    peers = []
    for row in ours:
        found = run(row["flow"], row["seed"], row["steps"], train, test)
        peers.append({**{key: row[key] for key in ("distribution", "flow", "seed", "steps", "truth_nll")}, **found})
        print(density, row["flow"], row["seed"], row["nll"] - row["truth_nll"], found["nll"] - row["truth_nll"], flush=True)
    return ours, peers


def table(ours, peers):
    print("| density | flow | NLL − truth, ours | zuko | train, ours / zuko [s] | 10^5 draws, ours / zuko [s] |")
    print("|---|---|---|---|---|---|")
    for name, kind in dict.fromkeys((row["distribution"], row["flow"]) for row in ours):
        def of(rows, key):
            return [row[key] for row in rows if (row["distribution"], row["flow"]) == (name, kind)]

        gaps = [mean_and_error(np.array(of(rows, "nll")) - of(rows, "truth_nll")) for rows in (ours, peers)]
        times = [
            " / ".join(f"{np.median(of(rows, key)):.3g}" for rows in (ours, peers))
            for key in ("train_seconds", "draw_seconds")
        ]
        print(f"| {name} | {kind} | {gaps[0]} | {gaps[1]} | {times[0]} | {times[1]} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", default="../../target/release/examples/flows_2d")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--density", choices=DENSITIES, help="one alone")
    parser.add_argument("--flow", choices=("", "MAF", "NSF"), default="", help="one alone")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    versions = {"torch": torch.__version__, "zuko": zuko.__version__, "torch_threads": arguments.threads}
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as folder:
        for density in [arguments.density] if arguments.density else DENSITIES:
            for all_runs, runs in zip((ours, peers), both(arguments, Path(folder), density)):
                all_runs += runs
            arguments.out.write_text(json.dumps({"versions": versions, "fieldbridge": ours, "zuko": peers}, indent=1) + "\n")
    table(ours, peers)


if __name__ == "__main__":
    main()
