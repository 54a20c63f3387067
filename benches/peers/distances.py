"""Distances between two samples by POT, SciPy and scikit-learn, for the tests of `check::distance` to agree with.

Writes samples (csv) and values (json) into crates/fieldbridge/tests/fixtures/distances:
    python distances.py ../../crates/fieldbridge/tests/fixtures/distances
Needs: numpy scipy scikit-learn pot.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import ot
from scipy.linalg import sqrtm
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist, pdist
from scipy.special import logsumexp
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import NearestNeighbors
from sklearn.neural_network import MLPClassifier

C2ST_SEEDS = range(1, 5)
STRENGTHS = {2: (0.1, 1.0), 5: (1.0, 5.0)}
NEIGHBOURS = 5


def two_dimensions(generator):
    """Half circles with scatter, and a ring of normals: 200 points each."""
    angle = generator.uniform(0, 2 * np.pi, 200)
    lower = (angle > np.pi).astype(float)
    reference = np.stack([np.cos(angle) + lower - 0.5, np.sin(angle) + lower / 2 - 0.25], 1)
    reference += 0.1 * generator.normal(size=(200, 2))
    spoke = generator.integers(0, 8, 200) * np.pi / 4
    sample = np.stack([np.cos(spoke), 0.7 * np.sin(spoke)], 1) + 0.25 * generator.normal(size=(200, 2))
    return reference, sample


def five_dimensions(generator):
    """Correlated normals and heavier tails beside them: 150 and 100 points."""
    mix = generator.normal(size=(5, 5)) / np.sqrt(5)
    reference = generator.normal(size=(150, 5)) @ mix
    sample = generator.standard_t(4, size=(100, 5)) @ (mix + 0.2 * np.eye(5)) + 0.15
    return reference, sample


def entropic_cost(a, b, strength):
    """<P, C> + e KL(P | a x b) of the entropic plan."""
    weights = np.full(len(a), 1 / len(a)), np.full(len(b), 1 / len(b))
    cost = cdist(a, b, "sqeuclidean")
    plan = ot.sinkhorn(*weights, cost, strength, method="sinkhorn_log", numItermax=50_000, stopThr=1e-9)
    product = np.outer(*weights)
    positive = plan > 0
    divergence = np.sum(plan[positive] * np.log(plan[positive] / product[positive]))
    return float(np.sum(plan * cost) + strength * divergence)


def entropic_self_cost(a, strength):
    """The same of a set with itself; alternating iterations crawl when points lie far out, averaged ones do not."""
    cost, f = cdist(a, a, "sqeuclidean"), np.zeros(len(a))
    for _ in range(100_000):
        following = -strength * (logsumexp((f - cost) / strength, axis=1) - np.log(len(a)))
        if np.abs(following - f).max() < 1e-13:
            return float(2 * f.mean())
        f = 0.5 * (f + following)
    raise RuntimeError("did not converge")


def sinkhorn_divergence(a, b, strength):
    selves = entropic_self_cost(a, strength) + entropic_self_cost(b, strength)
    return entropic_cost(a, b, strength) - 0.5 * selves


def discrepancies(a, b, bandwidth):
    gamma = 0.5 / bandwidth**2
    within, across = [rbf_kernel(x, x, gamma) for x in (a, b)], rbf_kernel(a, b, gamma)
    unbiased = sum((k.sum() - len(k)) / (len(k) * (len(k) - 1)) for k in within) - 2 * across.mean()
    biased = sum(k.mean() for k in within) - 2 * across.mean()
    return float(unbiased), float(biased)


def frechet(a, b):
    covariances = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(covariances[0] @ covariances[1])
    shift = a.mean(0) - b.mean(0)
    return float(shift @ shift + np.trace(covariances[0] + covariances[1] - 2 * np.real(root)))


def coverage_and_density(reference, sample):
    search = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(reference)
    radii = search.kneighbors(reference)[0][:, -1]
    inside = cdist(reference, sample) <= radii[:, None]
    return float(inside.any(1).mean()), float(inside.sum() / (NEIGHBOURS * len(sample)))


def neighbours_of_own(a, b):
    pooled = np.concatenate([a, b])
    label = np.arange(len(pooled)) < len(a)
    found = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(pooled).kneighbors(pooled)[1][:, 1:]
    return float((label[found] == label[:, None]).mean())


def classifier_test(reference, sample, seed):
    """The recipe of sbibm's metric `c2st`: accuracy, five folds, z-scored by the reference."""
    mean, deviation = reference.mean(0), reference.std(0, ddof=1)
    features = np.concatenate([(reference - mean) / deviation, (sample - mean) / deviation]).astype(np.float32)
    target = np.repeat([0, 1], [len(reference), len(sample)])
    width = 10 * reference.shape[1]
    network = MLPClassifier(
        activation="relu", hidden_layer_sizes=(width, width), max_iter=10_000, solver="adam", random_state=seed
    )
    folds = KFold(n_splits=5, shuffle=True, random_state=seed)
    return float(cross_val_score(network, features, target, cv=folds, scoring="accuracy").mean())


def values(reference, sample, directions):
    cost = cdist(reference, sample, "sqeuclidean")
    weights = [np.full(len(x), 1 / len(x)) for x in (reference, sample)]
    bandwidth = float(np.median(pdist(np.concatenate([reference, sample]))))
    same = min(len(reference), len(sample))
    found = {
        "sliced_wasserstein": float(
            ot.sliced_wasserstein_distance(reference, sample, projections=np.ascontiguousarray(directions.T))
        ),
        "wasserstein": float(np.sqrt(ot.emd2(*weights, cost, numItermax=10_000_000))),
        "wasserstein_of_first": float(np.sqrt(cost[:same, :same][linear_sum_assignment(cost[:same, :same])].mean())),
        "sinkhorn": {str(e): sinkhorn_divergence(reference, sample, e) for e in STRENGTHS[reference.shape[1]]},
        "median_distance": bandwidth,
        "mmd": {str(s): discrepancies(reference, sample, s) for s in (0.5, bandwidth, 3.0)},
        "frechet": frechet(reference, sample),
        "coverage_and_density": coverage_and_density(reference, sample),
        "neighbours_of_first": neighbours_of_own(reference[:same], sample[:same]),
        "c2st_of_first": [classifier_test(reference[:same], sample[:same], seed) for seed in C2ST_SEEDS],
    }
    return found


def main(folder):
    generator = np.random.default_rng(20_261_127)
    table = {"made_with": {name: version(name) for name in ("pot", "scipy", "scikit-learn", "numpy")}}
    for name, draw in {"two": two_dimensions, "five": five_dimensions}.items():
        reference, sample = (np.round(points, 5) for points in draw(generator))
        directions = generator.normal(size=(12, reference.shape[1]))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        for part, points in {"reference": reference, "sample": sample}.items():
            np.savetxt(folder / f"{name}_{part}.csv", points, fmt="%.5f", delimiter=",")
        table[name] = {"directions": directions.tolist(), **values(reference, sample, directions)}
    (folder / "values.json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
