"""Joint density of (redshift, u, g, r, i, z, y) of 80,000 Buzzard galaxies with an autoregressive zuko NSF.

    OMP_NUM_THREADS=1 python buzzard_zuko.py [CATALOGUE.parquet] [--seeds 1] [--epochs 60] [--minutes 15] [--split SPLIT.npy] [--out FILE.json]

Test rows: index % 5 == 4; validation rows: index % 10 == 3; the rest train; unless `--split` names the `split.npy` of a run of ours.
With `--minutes 0` the schedule follows the steps alone. The score is the mean log density of
the test rows in natural units (1 per redshift per magnitude^6), Jacobian of every scaling included.
"""

import time

IMPORT_START = time.perf_counter()
import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import torch
import zuko

IMPORT_SECONDS = time.perf_counter() - IMPORT_START
from spline_flow_training import log_density, train_flow

COLUMNS = ["redshift", "u", "g", "r", "i", "z", "y"]
DEFAULT_PATH = Path(__file__).resolve().parents[3] / "shared/data/buzzard/galaxies_train.parquet"
CHOSEN = dict(redshift="raw", rotation="whitened", transforms=4, bins=16, hidden=(256, 256), activation="silu", learning_rate=1e-2,
              weight_decay=1e-3, batch=512, epochs=60, average_decay=0.999, minutes=15)


def read_rows(path):
    table = parquet.read_table(path)
    return np.stack([table[column].to_numpy() for column in COLUMNS], 1).astype(np.float64)


def gaussian_baseline(rows, training, test):
    """Mean log density of the test rows under one full Gaussian fitted to the training rows."""
    mean, covariance = rows[training].mean(0), np.cov(rows[training].T)
    offset = rows[test] - mean
    mahalanobis = np.einsum("ni,ij,nj->n", offset, np.linalg.inv(covariance), offset)
    return float((-0.5 * mahalanobis - 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]).mean())


def scale_rows(rows, training, redshift="raw", rotation="colours"):
    """Standardised coordinates [rows, 7] (redshift, i, five colours) and log |d coordinates / d row| [rows].

    'colours': i magnitude and adjacent colours (unit determinant). 'whitened': then the training rows' principal
    axes of those six, each to unit deviation. 'recipe': the coordinates of our recipe, all seven columns by the Cholesky factor of
    their covariance, redshift behind a softplus of softness 0.3.
    """
    if rotation == "recipe":
        u = rows[:, 0] / 0.3
        rest = np.log(-np.expm1(-u))
        coordinates = np.concatenate([(u + rest)[:, None], rows[:, 1:]], 1)
        factor = np.linalg.cholesky(np.cov(coordinates[training].T))
        scaled = np.linalg.solve(factor, (coordinates - coordinates[training].mean(0)).T).T
        return scaled, -rest - np.log(0.3) - np.log(np.diag(factor)).sum()
    shear = np.zeros((6, 6))
    shear[0, 3] = 1.0
    for colour in range(5):
        shear[colour + 1, colour], shear[colour + 1, colour + 1] = 1.0, -1.0
    photometry = rows[:, 1:] @ shear.T
    if redshift == "log":
        first, log_jacobian = np.log(rows[:, 0]), -np.log(rows[:, 0])
    else:
        first, log_jacobian = rows[:, 0], np.zeros(len(rows))
    log_jacobian = log_jacobian + np.linalg.slogdet(shear)[1]
    if rotation == "whitened":
        deviation = photometry[training].std(0)
        photometry, log_jacobian = photometry / deviation, log_jacobian - np.log(deviation).sum()
        _, axes = np.linalg.eigh(np.cov(photometry[training].T))
        photometry = photometry @ axes[:, ::-1]
    coordinates = np.concatenate([first[:, None], photometry], 1)
    mean, deviation = coordinates[training].mean(0), coordinates[training].std(0)
    return (coordinates - mean) / deviation, log_jacobian - np.log(deviation).sum()


def build_flow(settings):
    activation = {"relu": torch.nn.ReLU, "silu": torch.nn.SiLU}[settings["activation"]]
    return zuko.flows.NSF(7, 0, transforms=settings["transforms"], bins=settings["bins"], randperm=settings.get("randperm", False),
                          hidden_features=settings["hidden"], activation=activation)


def fit(rows, training, validation, settings, seed, report=None):
    coordinates, log_jacobian = scale_rows(rows, training, settings["redshift"], settings["rotation"])
    target = torch.tensor(coordinates, dtype=torch.float32)
    torch.manual_seed(seed)
    flow, record = train_flow(
        build_flow(settings), target, None, training, validation, learning_rate=settings["learning_rate"],
        weight_decay=settings["weight_decay"], batch=settings["batch"], epochs=settings["epochs"], patience=15,
        average_decay=settings["average_decay"], minutes=settings["minutes"], seed=seed, report=report)
    record["validation_mean_log_density"] = -record["validation_loss"] + float(log_jacobian[validation].mean())
    return lambda part: log_density(flow, target, None, part).double().numpy() + log_jacobian[part], record


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", nargs="?", default=DEFAULT_PATH)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=CHOSEN["epochs"])
    parser.add_argument("--minutes", type=float, default=CHOSEN["minutes"], help="wall clock per seed at most; the schedule anneals by it")
    parser.add_argument("--split", help="int8 array of our run directory: 0 train, 1 validation, 2 test")
    parser.add_argument("--set", default="{}", help="JSON object that overrides settings")
    parser.add_argument("--validation-only", action="store_true", help="leave the test rows alone (for choosing settings)")
    parser.add_argument("--train-rows", type=int, help="use only the first so many training rows (for choosing settings)")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {**CHOSEN, "epochs": arguments.epochs, "minutes": arguments.minutes, **json.loads(arguments.set)}
    rows = read_rows(arguments.catalogue)
    index = np.arange(len(rows))
    test, validation = index[index % 5 == 4], index[index % 10 == 3]
    training = index[(index % 5 != 4) & (index % 10 != 3)][: arguments.train_rows]
    if arguments.split:
        training, validation, test = (np.flatnonzero(np.load(arguments.split) == part) for part in range(3))
    runs = []
    for seed in range(arguments.seeds):
        def report(epoch, losses, seconds):
            if epoch % 2 == 0:
                print(f"seed {seed} epoch {epoch} train {-losses[0]:.4f} validation {-losses[1]:.4f} (scaled) {seconds:.0f} s", file=sys.stderr, flush=True)
        density, record = fit(rows, training, validation, settings, seed, report)
        history = record.pop("history")
        run = {"seed": seed, **record, "last_train_loss": history[-1][0]}
        if not arguments.validation_only:
            value = density(test)
            run |= {"mean_log_density": float(value.mean()), "standard_error": float(value.std(ddof=1) / np.sqrt(len(value))), "worst_log_density": float(value.min())}
        runs.append(run)
        print(run, file=sys.stderr, flush=True)
    result = {
        "what": "buzzard joint density, zuko NSF", "unit": "nats per galaxy", "rows": {"training": len(training), "validation": len(validation), "test": len(test)},
        "versions": {"torch": torch.__version__, "zuko": zuko.__version__}, "threads": torch.get_num_threads(),
        "import_seconds": IMPORT_SECONDS, "gaussian_mean_log_density": gaussian_baseline(rows, training, test), "settings": settings, "runs": runs,
    }
    if not arguments.validation_only:
        means = [run["mean_log_density"] for run in runs]
        result |= {"mean_log_density": float(np.mean(means)), "spread": float(np.std(means, ddof=1)) if len(means) > 1 else None}
    text = json.dumps(result)
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")
    print(text)


if __name__ == "__main__":
    main()
