"""p(redshift | photometry) of the DC2 catalogue with a tuned zuko neural spline flow.

    OMP_NUM_THREADS=1 python photoz_zuko.py [CATALOGUE.hdf5] [--split SPLIT.npy] [--seeds 3] [--members 5] [--out FILE.json]

SPLIT.npy: int8 per row, 0 train, 1 validation, 2 test; without it test rows are index % 5 == 4 and validation rows
index % 10 == 3. Settings were chosen on validation rows alone. Scores are natural units of redshift, Jacobian included.
`--members M` trains M flows (seeds 0, 1, ...) and also scores the equal mixture of their densities.
"""

import time

IMPORT_START = time.perf_counter()
import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
import zuko

IMPORT_SECONDS = time.perf_counter() - IMPORT_START
from photoz_catalogue import DEFAULT_PATH, FEATURES, read_catalogue, read_split, standardise
from photoz_scores import over_seeds, redshift_grid, score
from redshift_scale import RedshiftScale
from spline_flow_training import log_density, train_flow

CHOSEN = dict(features="asinh", clip=4.0, scale="raw", transforms=3, bins=8, hidden=(256, 256, 256), activation="silu", dropout=0.1,
              learning_rate=3e-3, weight_decay=1e-2, batch=256, epochs=80, patience=30, average_decay=0.99, context_noise=0.0)


def build_flow(context_width, settings):
    """A one-dimensional NSF: each spline's parameters come from its own MLP of the context, with dropout between layers."""
    activation = {"relu": torch.nn.ReLU, "silu": torch.nn.SiLU}[settings["activation"]]
    flow = zuko.flows.NSF(1, context_width, transforms=settings["transforms"], bins=settings["bins"], hidden_features=settings["hidden"], activation=activation)
    if settings["dropout"]:
        for module in list(flow.modules()):
            if isinstance(module, torch.nn.Sequential):
                for place, layer in enumerate(module):
                    if isinstance(layer, activation):
                        module[place] = torch.nn.Sequential(layer, torch.nn.Dropout(settings["dropout"]))
    return flow


@torch.no_grad()
def density_table(flow, context, rows, scale, grid, chunk=64):
    """p(z) in natural units on the grid [rows, grid]."""
    points = torch.tensor(scale.forward(grid), dtype=torch.float32)[:, None, None]
    table = [flow(context[part]).log_prob(points.expand(-1, len(part), 1)).double().numpy().T for part in np.array_split(rows, max(1, len(rows) // chunk))]
    return np.exp(np.concatenate(table) + scale.log_jacobian(grid))


def summary(arguments, settings, split, grid, truth, runs, scores, tables, densities, validation_densities):
    """What is known after the seeds trained so far, so that an interrupted run leaves its finished part."""
    members = min(arguments.members, len(runs))

    def mixture(values):
        return np.logaddexp.reduce(values[:members], 0) - np.log(members)

    single = runs[: arguments.seeds]
    return {
        "what": "photo-z, tuned zuko NSF", "unit": "natural units of redshift",
        "rows": dict(zip(("training", "validation", "test"), map(len, split))), "split": arguments.split or "provisional",
        "versions": {"torch": torch.__version__, "zuko": zuko.__version__}, "threads": torch.get_num_threads(), "import_seconds": IMPORT_SECONDS,
        "settings": settings, "seeds": len(single), "single": over_seeds(scores[: arguments.seeds]),
        "single_seconds": [run["seconds"] for run in single], "single_cpu_seconds": [run["cpu_seconds"] for run in single],
        "ensemble": None if members < 2 else {
            "members": members, "cpu_seconds": sum(run["cpu_seconds"] for run in runs[:members]),
            "validation_mean_log_density": float(mixture(validation_densities).mean()), **score(grid, np.mean(tables[:members], 0), mixture(densities), truth)},
        "runs": runs,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", nargs="?", default=DEFAULT_PATH)
    parser.add_argument("--split")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--set", default="{}", help="JSON object that overrides settings")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {**CHOSEN, **json.loads(arguments.set)}
    catalogue = read_catalogue(arguments.catalogue)
    training, validation, test = read_split(len(catalogue.redshift), arguments.split)
    context = torch.tensor(standardise(FEATURES[settings["features"]](catalogue, training), training, settings["clip"]), dtype=torch.float32)
    scale = RedshiftScale(settings["scale"], catalogue.redshift[training])
    target = torch.tensor(scale.forward(catalogue.redshift), dtype=torch.float32)[:, None]
    jacobian = scale.log_jacobian(catalogue.redshift)
    grid, truth = redshift_grid(), catalogue.redshift[test]
    runs, scores, tables, densities, validation_densities = [], [], [], [], []
    for seed in range(max(arguments.seeds, arguments.members)):
        torch.manual_seed(seed)
        flow, record = train_flow(
            build_flow(context.shape[1], settings), target, context, training, validation, seed=seed,
            **{key: settings[key] for key in ("learning_rate", "weight_decay", "batch", "epochs", "patience", "average_decay", "context_noise")})
        record.pop("history")
        validation_densities.append(log_density(flow, target, context, validation).double().numpy() + jacobian[validation])
        densities.append(log_density(flow, target, context, test).double().numpy() + jacobian[test])
        tables.append(density_table(flow, context, test, scale, grid))
        scores.append(score(grid, tables[-1], densities[-1], truth))
        runs.append({"seed": seed, "validation_mean_log_density": float(validation_densities[-1].mean()), **record, **scores[-1]})
        print(runs[-1], file=sys.stderr, flush=True)
        result = summary(arguments, settings, (training, validation, test), grid, truth, runs, scores, tables, densities, validation_densities)
        if arguments.out:
            Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
