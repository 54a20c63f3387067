"""What summaries of the maps of `recipes/lensing-npe.toml` can tell of its parameters: Fisher's information at the fiducial universe.

    cargo build --release
    python summary_information.py FOLDER --shifts lognormal_shifts_LSSTY10_om_s8_w_bin.npy

Simulates the fiducial universe, whose summaries give the covariance, and pairs of universes of the same fluctuations, in each of which one parameter is lowered and raised, for the
slopes; adds noise; measures spectra in 15 bands and third moments of smoothed and of filtered maps, here in NumPy; and prints the
deviation of each parameter with the priors as normal ones. FOLDER keeps simulations and summaries.
"""

import argparse
import subprocess
from pathlib import Path

import numpy as np
import zarr
from scipy import fft

SIDE, BINS, BANDS = 256, 5, 15
SCALES = [2.0, 4.0, 8.0, 16.0]  # deviations of Gaussians, pixels; the second width of mixed moments is 1
FIDUCIAL = {"omega_c": 0.2664, "omega_b": 0.0492, "sigma_8": 0.831, "h_0": 0.6727, "n_s": 0.9645, "w_0": -1.0}
STEP = {"omega_c": 0.02, "omega_b": 0.006, "sigma_8": 0.02, "h_0": 0.06, "n_s": 0.04, "w_0": 0.15}
PRIOR = {"omega_c": 0.2, "omega_b": 0.006, "sigma_8": 0.14, "h_0": 0.063, "n_s": 0.08, "w_0": 0.54}

WAVE = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :])
TWICE = np.full(WAVE.shape, 2.0)
TWICE[:, [0, -1]] = 1.0
EDGES = np.concatenate([[0.5 / SIDE], np.geomspace(1.5 / SIDE, 0.5, BANDS)])
BAND = np.digitize(WAVE, EDGES).ravel() - 1
INSIDE = (BAND >= 0) & (BAND < BANDS)
MODES = np.bincount(BAND[INSIDE], TWICE.ravel()[INSIDE], BANDS)
PAIRS = [(i, j) for i in range(BINS) for j in range(i, BINS)]
TRIPLES = [(i, j, k) for i, j in PAIRS for k in range(j, BINS)]


def simulated(arguments, name, count, changed):
    """Maps of convergence of `count` universes, and the deviation of their noise."""
    out = arguments.folder / name
    values = {**FIDUCIAL, **changed}
    settings = [f"prior.{key}={value}" for key, value in values.items()]
    settings += ["seed=5", f"simulations={count}", "spectra.scheme=jax_cosmo", "field.convention=sbi_lens", "field.reading=sbi_lens"]
    settings += [f"field.shifts={arguments.shifts.resolve()}", "store.maps=['convergence']"]
    command = [arguments.ours, "simulate", "../../recipes/lensing-lssty10.toml", "--out", out]
    subprocess.run(command + [word for setting in settings for word in ("--set", setting)], check=True)
    store = zarr.open(out / "simulations.zarr", mode="r")
    return store["convergence"], float(store["noise"][0])


def band_powers(waves):
    power = [(waves[i] * waves[j].conj()).real * TWICE / SIDE**2 for i, j in PAIRS]
    return np.array([np.bincount(BAND[INSIDE], one.ravel()[INSIDE], BANDS) / MODES for one in power])


def filters(arguments):
    """`P (P + N)^-1` and `(P + N)^-1` in every mode, with the mean spectra of fiducial maps over the deviation of their noise."""
    file = arguments.folder / "filters.npz"
    if not file.exists():
        maps, noise = simulated(arguments, "fiducial", arguments.universes, {})
        power = np.mean([band_powers(fft.rfft2(np.asarray(maps[i]) / noise, axes=(1, 2))) for i in range(60)], 0)
        centres = np.array([np.average(WAVE.ravel()[INSIDE][BAND[INSIDE] == band]) for band in range(BANDS)])
        logarithm = np.log(np.clip(WAVE, centres[0], centres[-1]))
        signal = np.zeros(WAVE.shape + (BINS, BINS))
        for one, (i, j) in zip(power, PAIRS):
            signal[..., i, j] = signal[..., j, i] = np.exp(np.interp(logarithm, np.log(centres), np.log(np.abs(one))))
        inverse = np.linalg.inv(signal + np.eye(BINS))
        wiener = signal @ inverse
        wiener[0, 0] = inverse[0, 0] = 0.0
        np.savez(file, wiener=wiener.astype(np.float32), inverse=inverse.astype(np.float32))
    return dict(np.load(file))


def summaries(maps, filters):
    """Of maps over the deviation of their noise."""
    waves = fft.rfft2(maps, axes=(1, 2))
    power = band_powers(waves)
    own = {i: power[n] for n, (i, j) in enumerate(PAIRS) if i == j}
    spectra = [np.log(own[i]) for i in range(BINS)]
    spectra += [power[n] / np.sqrt(own[i] * own[j]) for n, (i, j) in enumerate(PAIRS) if i != j]

    def scaled(waves):
        found = fft.irfft2(waves, s=(SIDE, SIDE), axes=(1, 2)).reshape(BINS, -1)
        return found / found.std(1, keepdims=True)

    def smoothed(deviation):
        window = np.exp(-0.5 * (2 * np.pi * WAVE * deviation) ** 2).astype(np.float32)
        window[0, 0] = 0.0
        return scaled(waves * window)

    def moments(one, other):
        return (np.array([one[i] * one[j] for i, j in PAIRS]) @ other.T / SIDE**2).ravel()

    narrow, third, mixed = smoothed(1.0), [], []
    for scale in SCALES:
        wide = smoothed(scale)
        third += [np.mean(wide[i] * wide[j] * wide[k]) for i, j, k in TRIPLES]
        mixed.append(moments(wide, narrow))
    estimate, weighed = (scaled(np.einsum("xyij,jxy->ixy", filters[key], waves)) for key in ("wiener", "inverse"))
    return {
        "spectra": np.concatenate(spectra),
        "smoothed": np.array(third),
        "two widths": np.concatenate(mixed),
        "filtered": moments(estimate, weighed),
    }


def measured(arguments, name, count, changed):
    """Summaries of noisy maps, `[universe, number]` each; noise follows the number of the universe."""
    file = arguments.folder / f"{name}.npz"
    if not file.exists():
        maps, noise = simulated(arguments, name, count, changed)
        chosen, found = filters(arguments), []
        for i in range(count):
            draw = np.random.default_rng(i).standard_normal(maps.shape[1:], dtype=np.float32)
            found.append(summaries(np.asarray(maps[i], dtype=np.float32) / np.float32(noise) + draw, chosen))
        np.savez(file, **{key: np.array([one[key] for one in found]) for key in found[0]})
    return dict(np.load(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shifts", type=Path, required=True, help="the table of shifts of sbi_lens")
    parser.add_argument("--ours", default="../../target/release/fieldbridge")
    parser.add_argument("--universes", type=int, default=1400, help="fiducial ones; more than there are summaries")
    parser.add_argument("--pairs", type=int, default=100, help="for the slope of each parameter")
    arguments = parser.parse_args()
    if arguments.universes < 700:
        parser.error("a covariance of 665 numbers needs more than 700 universes")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    fiducial = measured(arguments, "fiducial", arguments.universes, {})
    slopes = {}
    for name, step in STEP.items():
        low, high = (
            measured(arguments, f"{name}_{word}", arguments.pairs, {name: FIDUCIAL[name] + sign * step})
            for word, sign in (("low", -1), ("high", 1))
        )
        slopes[name] = {key: (high[key] - low[key]).mean(0) / (2 * step) for key in fiducial}
    print("| summaries | numbers | " + " | ".join(STEP) + " |")
    print("|---" * (2 + len(STEP)) + "|")
    for keys in (["spectra"], ["spectra", "smoothed"], ["spectra", "smoothed", "two widths"], ["spectra", "filtered"]):
        all_numbers = np.concatenate([fiducial[key] for key in keys], 1)
        count, numbers = all_numbers.shape
        # the inverse of a covariance from so many universes is too large (Hartlap et al. 2007, arXiv:astro-ph/0608064)
        precision = np.linalg.inv(np.cov(all_numbers.T)) * (count - numbers - 2) / (count - 1)
        slope = np.array([np.concatenate([slopes[name][key] for key in keys]) for name in STEP])
        information = slope @ precision @ slope.T + np.diag([PRIOR[name] ** -2.0 for name in STEP])
        deviations = np.sqrt(np.diag(np.linalg.inv(information)))
        print(f"| {', '.join(keys)} | {numbers} | " + " | ".join(f"{value:.4f}" for value in deviations) + " |")


if __name__ == "__main__":
    main()
