"""The photometric-redshift catalogue: rows, the split, and the context features every peer is given.

File: HDF5 with `photometry/{redshift, mag_{ugrizy}_lsst, mag_err_{ugrizy}_lsst}`; AB magnitudes; a
magnitude of 99.0 is a non-detection (its error column is then a sentinel too, and is not read).
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

BANDS = "ugrizy"
NON_DETECTION = 99.0
DEFAULT_PATH = Path(__file__).resolve().parents[3] / "shared/data/dc2/test_dc2_training_9816.hdf5"


@dataclass
class Catalogue:
    """redshift [rows]; magnitudes, errors [rows, 6] (AB mag); detected [rows, 6] (bool)."""

    redshift: np.ndarray
    magnitudes: np.ndarray
    errors: np.ndarray
    detected: np.ndarray


def read_catalogue(path=DEFAULT_PATH):
    with h5py.File(path, "r") as file:
        table = file["photometry"]
        redshift = table["redshift"][:].astype(np.float64)
        magnitudes = np.stack([table[f"mag_{band}_lsst"][:] for band in BANDS], 1).astype(np.float64)
        errors = np.stack([table[f"mag_err_{band}_lsst"][:] for band in BANDS], 1).astype(np.float64)
    detected = np.isfinite(magnitudes) & (magnitudes != NON_DETECTION) & np.isfinite(errors) & (errors > 0)
    return Catalogue(redshift, magnitudes, errors, detected)


def read_split(rows, path=None):
    """Row indices (training, validation, test) from an int8 array (0, 1, 2), or the provisional rule."""
    if path is not None:
        label = np.load(path)
        if label.shape != (rows,) or not np.isin(label, (0, 1, 2)).all():
            raise SystemExit(f"{path}: expected {rows} values of 0, 1 or 2, found shape {label.shape}")
    else:
        index = np.arange(rows)
        label = np.where(index % 5 == 4, 2, np.where(index % 10 == 3, 1, 0))
    return tuple(np.flatnonzero(label == part) for part in (0, 1, 2))


def magnitude_features(catalogue, training, largest_error=3.0):
    """Six magnitudes, six log errors, one mask per band that is ever missing: the plain features.

    A non-detection takes the band's faint edge (99th percentile of the training detections) and
    `largest_error`; the mask tells it apart. Returns [rows, features], not yet standardised.
    """
    magnitudes, log_errors = _filled(catalogue, training, largest_error)
    return np.concatenate([magnitudes, log_errors, _masks(catalogue)], 1)


def colour_features(catalogue, training, largest_error=3.0):
    """The i magnitude, five colours, six log errors and the masks."""
    magnitudes, log_errors = _filled(catalogue, training, largest_error)
    colours = magnitudes[:, :-1] - magnitudes[:, 1:]
    return np.concatenate([magnitudes[:, 3:4], colours, log_errors, _masks(catalogue)], 1)


def asinh_features(catalogue, training, largest_error=3.0):
    """As `colour_features`, from asinh magnitudes (Lupton, Gunn & Szalay 1999, astro-ph/9903081).

    The softening flux of a band is the median flux error of its faint training half, so a noisy
    detection (u = 33 +- 80) saturates smoothly; a non-detection has flux zero.
    """
    flux = np.where(catalogue.detected, 10 ** (-0.4 * (np.where(catalogue.detected, catalogue.magnitudes, 0) - 25.0)), 0.0)
    flux_error = flux * catalogue.errors * np.log(10) / 2.5
    magnitudes = np.empty_like(flux)
    for band in range(6):
        seen = training[catalogue.detected[training, band]]
        faint = seen[catalogue.magnitudes[seen, band] > np.median(catalogue.magnitudes[seen, band])]
        softening = np.median(flux_error[faint, band])
        magnitudes[:, band] = -2.5 / np.log(10) * (np.arcsinh(flux[:, band] / (2 * softening)) + np.log(softening)) + 25.0
    _, log_errors = _filled(catalogue, training, largest_error)
    colours = magnitudes[:, :-1] - magnitudes[:, 1:]
    return np.concatenate([magnitudes[:, 3:4], colours, log_errors, _masks(catalogue)], 1)


def standardise(features, training, clip=None):
    """(x - mean) / deviation with the training rows' moments; optional clipping at +-clip."""
    mean, deviation = features[training].mean(0), features[training].std(0)
    deviation[deviation == 0] = 1.0
    scaled = (features - mean) / deviation
    return scaled if clip is None else np.clip(scaled, -clip, clip)


def _filled(catalogue, training, largest_error):
    magnitudes, errors = catalogue.magnitudes.copy(), np.minimum(catalogue.errors, largest_error)
    for band in range(6):
        seen = training[catalogue.detected[training, band]]
        faint_edge = np.percentile(catalogue.magnitudes[seen, band], 99)
        missing = ~catalogue.detected[:, band]
        magnitudes[missing, band] = faint_edge
        errors[missing, band] = largest_error
        magnitudes[:, band] = np.minimum(magnitudes[:, band], faint_edge + 1.0)
    return magnitudes, np.log(errors)


def _masks(catalogue):
    return (~catalogue.detected[:, [0, 1]]).astype(np.float64)


FEATURES = {"magnitudes": magnitude_features, "colours": colour_features, "asinh": asinh_features}
