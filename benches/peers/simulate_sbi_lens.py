"""Convergence maps as sbi_lens makes them, 256 x 256 pixels and five bins, on the CPU by JAX.

sbi_lens is on no package index, so its steps are written anew here on jax_cosmo 0.1, which it calls for the spectra: Limber
spectra at 2 N multipoles, straight lines between them, the log-normal correction on the grid, the symmetric root of the covariance of
every mode, white noise, exponential. The log-normal shifts are constants, so the interpolation of their table is left out, in
favour of JAX. Everything is one jitted function; the first call, which compiles, is not counted.

    python simulate_sbi_lens.py [--pixels 256] [--count 20] [--check FILE]

Prints one JSON object. `--check FILE` writes a small map of known noise instead (see crates/fieldbridge-sky/tests/tables)."""
import argparse
import json
import time
from functools import partial

import jax
import jax.numpy as jnp
import jax_cosmo as jc
import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

SHIFTS = np.array([0.0056, 0.0161, 0.0302, 0.0519, 0.1008])
BINS = 5


@jax.tree_util.register_pytree_node_class
class PhotometricBin(jc.redshift.redshift_distribution):
    def pz_fn(self, z):
        parent, low, high, smearing = self.params
        scale = 1.0 / (jnp.sqrt(2.0) * smearing * (1.0 + z))
        erf = jax.scipy.special.erf
        return 0.5 * parent(z) * (erf((high - z) * scale) - erf((low - z) * scale))


def bins():
    parent = jc.redshift.smail_nz(2.0, 0.68, 0.11, gals_per_arcmin2=27.0)
    shape = lambda z: z**2 * np.exp(-((z / 0.11) ** 0.68))
    total = quad(shape, 0.0, 10.0, limit=200)[0]
    edges = [0.0]
    for index in range(1, BINS):
        edges.append(brentq(lambda z: quad(shape, 0.0, z, limit=200)[0] / total - index / BINS, 0.0, 10.0))
    edges.append(10.0)
    return [PhotometricBin(parent, low, high, 0.05) for low, high in zip(edges, edges[1:])]


def correlated(power, pixels, shifts, white):
    """Maps from variances `power` [pair, row, column] in units of the unnormalised transform."""
    rows, columns = np.triu_indices(BINS)
    products = (shifts[rows] * shifts[columns])[:, None, None]
    correlation = jnp.fft.ifft2(power).real
    power = jnp.abs(jnp.fft.fft2(jnp.log(1.0 + correlation / products))).at[:, 0, 0].set(0.0)
    matrix = jnp.zeros((pixels, pixels, BINS, BINS))
    power = jnp.moveaxis(power, 0, -1)
    matrix = matrix.at[..., rows, columns].set(power).at[..., columns, rows].set(power)
    values, vectors = jnp.linalg.eigh(matrix)
    root = jnp.einsum("...ij,...j,...kj->...ik", vectors, jnp.sqrt(jnp.clip(values, 0.0)), vectors)
    waves = jnp.einsum("xyij,jxy->ixy", root, jnp.fft.fft2(white))
    field = jnp.fft.ifft2(waves).real
    variance = jnp.var(field, axis=(1, 2), keepdims=True)
    return shifts[:, None, None] * (jnp.exp(field - variance / 2) - 1.0)


def simulate(parameters, white, pixels, degrees, tracer):
    width = degrees / 180.0 * jnp.pi
    omega_c, omega_b, sigma_8, h_0, n_s, w_0 = parameters
    cosmology = jc.Planck15(Omega_c=omega_c, Omega_b=omega_b, h=h_0, n_s=n_s, sigma8=sigma_8, w0=w_0)
    multipoles = 2 * jnp.pi * abs(jnp.fft.fftfreq(2 * pixels, d=width / (2 * pixels)))
    spectra = jc.angular_cl.angular_cl(cosmology, multipoles, [tracer])
    axis = 2 * jnp.pi * jnp.fft.fftfreq(pixels, d=width / pixels)
    wave = jnp.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    lines = [jc.scipy.interpolate.interp(wave.ravel(), multipoles, spectrum).reshape(wave.shape) for spectrum in spectra]
    power = jnp.stack(lines).at[:, 0, 0].set(0.0) * (pixels / width) ** 2
    return correlated(power, pixels, jnp.asarray(SHIFTS), white)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pixels", type=int, default=256)
    arguments.add_argument("--degrees", type=float, default=10.0)
    arguments.add_argument("--count", type=int, default=20)
    arguments.add_argument("--check")
    chosen = arguments.parse_args()
    if chosen.check:
        return check(chosen.check)
    tracer = jc.probes.WeakLensing(bins(), sigma_e=0.26)
    work = jax.jit(partial(simulate, pixels=chosen.pixels, degrees=chosen.degrees, tracer=tracer))
    random = np.random.default_rng(1)
    truth = np.array([0.2664, 0.0492, 0.831, 0.6727, 0.9645, -1.0])

    def once(key):
        parameters = truth * (1 + 0.02 * random.standard_normal(6))
        white = jax.random.normal(jax.random.PRNGKey(key), (BINS, chosen.pixels, chosen.pixels))
        return np.asarray(work(parameters, white))

    start = time.perf_counter()
    first = once(0)
    compiled = time.perf_counter() - start
    start, busy = time.perf_counter(), time.process_time()
    for key in range(chosen.count):
        once(key + 1)
    seconds = (time.perf_counter() - start) / chosen.count
    core_seconds = (time.process_time() - busy) / chosen.count
    print(json.dumps({"pixels": chosen.pixels, "seconds_per_simulation": seconds, "core_seconds_per_simulation": core_seconds,
                      "compile_seconds": compiled,
                      "deviations": first.std(axis=(1, 2)).tolist(), "jax": jax.__version__}))


def check(path):
    """A map of 12 x 12 pixels of spectra in closed form and of known noise, in double precision."""
    jax.config.update("jax_enable_x64", True)
    pixels, width = 12, 5.0 / 180.0 * np.pi
    fundamental = 2 * np.pi / width
    wave = np.hypot(*np.meshgrid(*[np.fft.fftfreq(pixels, d=1.0 / pixels)] * 2))
    rows, columns = np.triu_indices(BINS)
    # straight lines between multiples of the fundamental mode
    nodes = np.arange(0, pixels + 1)
    power = []
    for i, j in zip(rows, columns):
        at_nodes = spectrum(nodes * fundamental, i, j)
        power.append(np.interp(wave.ravel(), nodes, at_nodes).reshape(wave.shape))
    power = np.stack(power)
    power[:, 0, 0] = 0.0
    white = np.sin(1.0 + 1.7 * np.arange(BINS * pixels * pixels) ** 1.5).reshape(BINS, pixels, pixels)
    maps = correlated(jnp.asarray(power * (pixels / width) ** 2), pixels, jnp.asarray(SHIFTS), jnp.asarray(white))
    np.savetxt(path, np.asarray(maps).reshape(BINS * pixels, pixels), delimiter=",", fmt="%.15e",
               header="convergence of 12 x 12 pixels in five bins, a row of a map in each line; benches/peers/simulate_sbi_lens.py --check")


def spectrum(multipole, i, j):
    """A made-up spectrum of bins i and j, correlated by 0.9 for each bin apart, but by 1.05 for the first two."""
    apart = 1.05 if (min(i, j), max(i, j)) == (0, 1) else 0.9 ** abs(i - j)
    return apart * 1e-9 * np.sqrt((i + 1.0) * (j + 1.0)) ** 3 / (1.0 + (multipole / 300.0) ** 1.5)


if __name__ == "__main__":
    main()
