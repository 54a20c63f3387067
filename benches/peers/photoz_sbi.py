"""p(redshift | photometry) of the DC2 catalogue by neural posterior estimation with sbi.

    OMP_NUM_THREADS=1 python photoz_sbi.py [CATALOGUE.hdf5] [--split SPLIT.npy] [--estimators maf,nsf] [--seeds 3] [--out FILE.json]

The context columns are those of `photoz_zuko.py`; sbi does its own z-scoring and its own early stopping. It is
given the training and the validation rows and told to keep as large a validation part (its rows, drawn by its own
seed). theta is the redshift or a logarithm of it, whichever validates better (seed 0) in natural units; the Jacobian is added
back. 'maf' with 5 transforms of 50 hidden units is sbi's default; 'nsf_tuned' is the same network class, widened.
"""

import time

IMPORT_START = time.perf_counter()
import argparse
import json
import logging
import sys
from pathlib import Path

import numpy as np
import sbi
import torch
from sbi.inference import NPE
from sbi.neural_nets import posterior_nn

IMPORT_SECONDS = time.perf_counter() - IMPORT_START
from photoz_catalogue import DEFAULT_PATH, FEATURES, read_catalogue, read_split, standardise
from photoz_scores import over_seeds, redshift_grid, score
from redshift_scale import RedshiftScale

CONTEXT = "asinh"
ESTIMATORS = {
    "maf": "maf",
    "nsf": "nsf",
    "nsf_tuned": dict(model="nsf", hidden_features=128, num_transforms=3, num_bins=8, hidden_layers_spline_context=2, tail_bound=5.0),
}


def fit(name, theta, context, given, validation_fraction, seed):
    """Train on the `given` rows; returns (density estimator, trainer, (wall-clock seconds, processor seconds))."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    choice = ESTIMATORS[name]
    estimator = choice if isinstance(choice, str) else posterior_nn(**choice)
    start = time.perf_counter(), time.process_time()
    trainer = NPE(prior=None, density_estimator=estimator, show_progress_bars=False)
    trainer.append_simulations(theta[given], context[given])
    estimator = trainer.train(validation_fraction=validation_fraction)
    estimator.eval()
    return estimator, trainer, (time.perf_counter() - start[0], time.process_time() - start[1])


@torch.no_grad()
def density_of(estimator, theta, context, rows):
    return estimator.log_prob(theta[rows][None], context[rows])[0].double().numpy()


@torch.no_grad()
def density_table(estimator, scale, context, rows, grid, chunk=16):
    """p(z) in natural units [rows, grid]."""
    points = torch.tensor(scale.forward(grid), dtype=torch.float32)[:, None, None]
    table = [estimator.log_prob(points.expand(-1, len(part), 1), context[part]).double().numpy().T for part in np.array_split(rows, max(1, len(rows) // chunk))]
    return np.exp(np.concatenate(table) + scale.log_jacobian(grid))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", nargs="?", default=DEFAULT_PATH)
    parser.add_argument("--split")
    parser.add_argument("--estimators", default="maf,nsf")
    parser.add_argument("--scales", default="raw,log1p,log")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    catalogue = read_catalogue(arguments.catalogue)
    training, validation, test = read_split(len(catalogue.redshift), arguments.split)
    given = np.sort(np.concatenate([training, validation]))
    context = torch.tensor(standardise(FEATURES[CONTEXT](catalogue, training), training, clip=4.0), dtype=torch.float32)
    fraction = len(validation) / len(given)
    grid = redshift_grid()
    results = {}
    for name in arguments.estimators.split(","):
        best, validated_by_scale = None, {}
        for kind in arguments.scales.split(","):
            scale = RedshiftScale(kind, catalogue.redshift[training])
            theta = torch.tensor(scale.forward(catalogue.redshift), dtype=torch.float32)[:, None]
            fits = [fit(name, theta, context, given, fraction, 0)]
            # sbi holds out its own rows of `given`: score exactly those, in natural units.
            held = [given[np.asarray(trainer.val_indices)] for _, trainer, _ in fits]
            validated = float(np.mean([(density_of(f[0], theta, context, h) + scale.log_jacobian(catalogue.redshift[h])).mean() for f, h in zip(fits, held)]))
            validated_by_scale[kind] = validated
            print(f"{name} theta={kind}: validation {validated:.4f} epochs {[f[1].summary['epochs_trained'][-1] for f in fits]} seconds {[round(f[2][0], 1) for f in fits]}", file=sys.stderr, flush=True)
            if best is None or validated > best["validation_mean_log_density"]:
                best = {"theta": kind, "validation_mean_log_density": validated, "scale": scale, "values": theta, "fits": fits}
        scale, theta, fits = best.pop("scale"), best.pop("values"), best.pop("fits")
        fits += [fit(name, theta, context, given, fraction, seed) for seed in range(1, arguments.seeds)]
        jacobian = scale.log_jacobian(catalogue.redshift[test])
        scores = [score(grid, density_table(e, scale, context, test, grid), density_of(e, theta, context, test) + jacobian, catalogue.redshift[test]) for e, _, _ in fits]
        results[name] = best | {
            "settings": ESTIMATORS[name], "validation_by_scale_seed_0": validated_by_scale,
            "seconds": [f[2][0] for f in fits], "cpu_seconds": [f[2][1] for f in fits], "epochs": [int(f[1].summary["epochs_trained"][-1]) for f in fits],
            "parameters": sum(p.numel() for p in fits[0][0].parameters()), "scores": over_seeds(scores), "per_seed": scores,
        }
        print(name, {k: v["mean"] for k, v in results[name]["scores"].items()}, file=sys.stderr, flush=True)
        result = {
            "what": "photo-z, sbi NPE", "unit": "natural units of redshift", "rows": {"training": len(training), "validation": len(validation), "test": len(test)},
            "split": arguments.split or "provisional", "versions": {"torch": torch.__version__, "sbi": sbi.__version__}, "threads": 1,
            "import_seconds": IMPORT_SECONDS, "context": CONTEXT, "results": results,
        }
        if arguments.out:
            Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
