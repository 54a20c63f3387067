"""Densities of the handwritten digits beside our flow of images: Gaussians, a mixture of them, counts of each pixel alone.

    python digits_baselines.py SPLIT.npy [IMAGES.parquet]

`SPLIT.npy` is that of our run: 0 train, 1 validation, 2 test. Bits are for each of the 64 pixels, in units of a grey level.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from sklearn.mixture import GaussianMixture

IMAGES = Path(__file__).resolve().parents[2] / "data/digits/images.parquet"


def gaussian(train, test, diagonal=False):
    offset, covariance = test - train.mean(0), np.cov(train.T)
    if diagonal:
        covariance = np.diag(np.diag(covariance))
    squares = np.einsum("ni,ij,nj->n", offset, np.linalg.inv(covariance), offset)
    return -0.5 * squares - 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]


def counts(train, test, added=0.1):
    """Every pixel alone; uniform within a grey level."""
    shares = np.stack([np.bincount(np.floor(pixel).astype(int), minlength=17) for pixel in train.T]) + added
    shares /= shares.sum(1, keepdims=True)
    return np.log(shares[np.arange(train.shape[1]), np.floor(test).astype(int)]).sum(1)


def mixture(train, validation, test):
    """Number of Gaussians and what is added to their variances chosen on the validation rows."""
    tried = [GaussianMixture(k, reg_covar=added, random_state=0, max_iter=40).fit(train) for k in (5, 10, 20, 40) for added in (0.1, 0.3, 1.0)]
    return max(tried, key=lambda fitted: fitted.score(validation)).score_samples(test)


def main():
    split = np.load(sys.argv[1])
    table = parquet.read_table(sys.argv[2] if len(sys.argv) > 2 else IMAGES)
    images = np.stack([table[name].to_numpy() for name in table.schema.names if name != "digit"], 1).astype(float)
    train, validation, test = (images[split == part] for part in range(3))
    for name, found in {
        "Gaussian": gaussian(train, test),
        "Gaussian without covariances": gaussian(train, test, diagonal=True),
        "mixture of Gaussians": mixture(train, validation, test),
        "counts of each pixel alone": counts(train, test),
    }.items():
        error = found.std(ddof=1) / np.sqrt(len(found))
        print(f"{name}: {found.mean():.2f} ± {error:.2f} nats, {-found.mean() / images.shape[1] / np.log(2):.3f} bits")


if __name__ == "__main__":
    main()
