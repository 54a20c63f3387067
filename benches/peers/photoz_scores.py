"""Scores of per-galaxy redshift posteriors tabulated on a grid.

`log_density` [galaxies] is log p(z_true | photometry) in natural units of redshift; `table` [galaxies, grid]
is the same density on `grid`, a uniform grid over (0, maximum]. Its integral is reported, not assumed.
"""

import numpy as np
from scipy.stats import kstest


def redshift_grid(maximum=3.99, points=1330):
    return np.linspace(maximum / points, maximum, points)


def score(grid, table, log_density, redshift):
    step = grid[1] - grid[0]
    mass = np.concatenate([np.zeros((len(table), 1)), np.cumsum(0.5 * (table[:, 1:] + table[:, :-1]) * step, 1)], 1)
    integral = mass[:, -1].copy()
    cumulative = mass / integral[:, None]
    above = grid[None, :] >= redshift[:, None]
    crps = np.trapezoid((cumulative - above) ** 2, grid, axis=1)
    pit = np.array([np.interp(z, grid, row) for z, row in zip(redshift, cumulative)])
    median = np.array([np.interp(0.5, row, grid) for row in cumulative])
    scaled = (median - redshift) / (1 + redshift)
    bias = np.median(scaled)
    return {
        "rows": len(redshift),
        "mean_log_density": float(log_density.mean()),
        "standard_error": float(log_density.std(ddof=1) / np.sqrt(len(log_density))),
        "worst_log_density": float(log_density.min()),
        "crps": float(crps.mean()),
        "bias": float(bias),
        "sigma_nmad": float(1.4826 * np.median(np.abs(scaled - bias))),
        "outlier_fraction": float((np.abs(scaled) > 0.15).mean()),
        "pit_ks_p_value": float(kstest(pit, "uniform").pvalue),
        "mean_integral": float(integral.mean()),
        "smallest_integral": float(integral.min()),
    }


def over_seeds(scores):
    """Mean and spread (sample deviation) of each number over seeds."""
    return {
        key: {"mean": float(np.mean([s[key] for s in scores])), "spread": float(np.std([s[key] for s in scores], ddof=1)) if len(scores) > 1 else None}
        for key in scores[0]
        if key != "rows"
    }
