"""Tables that the tests of fieldbridge-sky compare with, made by three independent programs.

    python -m venv venv && venv/bin/pip install camb==2.0.5 pyccl==3.3.6 jax==0.10.2 jax-cosmo==0.1.0
    venv/bin/python make_tables.py

Units: Mpc/h, h/Mpc, (Mpc/h)^3. Writes the csv files beside this script; each names its columns in the first line.
"""

from pathlib import Path

import camb
import jax
import numpy as np
import pyccl as ccl
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erf

jax.config.update("jax_enable_x64", True)
import jax_cosmo as jc  # noqa: E402  (after the precision is set)

HERE = Path(__file__).parent
# omega_c, omega_b, sigma_8, h, n_s, w_0, w_a, omega_k
UNIVERSES = {
    "lsst": (0.2664, 0.0492, 0.831, 0.6727, 0.9645, -1.0, 0.0, 0.0),
    "wcdm": (0.21, 0.055, 0.75, 0.74, 1.02, -0.7, 0.0, 0.0),
    "phantom": (0.38, 0.043, 0.95, 0.61, 0.90, -1.6, 0.0, 0.0),
    "evolving": (0.26, 0.049, 0.81, 0.68, 0.96, -0.9, 0.3, 0.0),
    "open": (0.25, 0.049, 0.81, 0.68, 0.96, -1.0, 0.0, 0.05),
    "closed": (0.28, 0.049, 0.81, 0.68, 0.96, -1.0, 0.0, -0.05),
}
FLAT = ("lsst", "wcdm", "phantom")
REDSHIFTS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
WAVENUMBERS = np.geomspace(1e-4, 30.0, 160)
ELLS = np.unique(np.round(np.geomspace(10, 6000, 40)))
BINS, SMEARING = 5, 0.05


def write(name, header, rows):
    with open(HERE / name, "w", encoding="utf-8") as file:
        file.write(",".join(header) + "\n")
        for row in rows:
            file.write(",".join(v if isinstance(v, str) else f"{v:.9g}" for v in row) + "\n")


def ccl_universe(name, transfer="eisenstein_hu", power="halofit"):
    omega_c, omega_b, sigma_8, h, n_s, w_0, w_a, omega_k = UNIVERSES[name]
    return ccl.Cosmology(
        Omega_c=omega_c, Omega_b=omega_b, sigma8=sigma_8, h=h, n_s=n_s, w0=w_0, wa=w_a, Omega_k=omega_k,
        Neff=0.0, m_nu=0.0, Omega_g=0.0, T_CMB=2.7255, transfer_function=transfer, matter_power_spectrum=power,
    )


def jax_universe(name):
    omega_c, omega_b, sigma_8, h, n_s, w_0, w_a, omega_k = UNIVERSES[name]
    return jc.Cosmology(
        Omega_c=omega_c, Omega_b=omega_b, h=h, n_s=n_s, sigma8=sigma_8, Omega_k=omega_k, w0=w_0, wa=w_a
    )


def background():
    a = 1 / (1 + np.array(REDSHIFTS))
    rows = []
    for name, parameters in UNIVERSES.items():
        universe, h = ccl_universe(name), parameters[3]
        chi = universe.comoving_radial_distance(a) * h
        transverse = universe.comoving_angular_distance(a) * h
        growth, rate = universe.growth_factor(a), universe.growth_rate(a)
        rows += [(name, *row) for row in zip(REDSHIFTS, chi, transverse, growth, rate)]
    write("background_ccl.csv", ("universe", "z", "comoving", "transverse", "growth", "rate"), rows)


def camb_results(name, kmax=30.0):
    omega_c, omega_b, _, h, n_s, w_0, w_a, omega_k = UNIVERSES[name]
    settings = camb.CAMBparams()
    settings.set_cosmology(
        H0=100 * h, ombh2=omega_b * h**2, omch2=omega_c * h**2, omk=omega_k, mnu=0.0, nnu=3.044, TCMB=2.7255, tau=0.06
    )
    settings.set_dark_energy(w=w_0, wa=w_a, dark_energy_model="ppf")
    settings.InitPower.set_params(As=2.1e-9, ns=n_s)
    settings.set_matter_power(redshifts=[0.0, 0.5, 1.0, 2.0], kmax=kmax, k_per_logint=60)
    settings.set_accuracy(AccuracyBoost=1.5)
    return settings


def boltzmann():
    distances, powers = [], []
    for name in UNIVERSES:
        settings = camb_results(name)
        h = settings.h
        settings.NonLinear = camb.model.NonLinear_none
        results = camb.get_results(settings)
        chi = results.comoving_radial_distance(np.array(REDSHIFTS)) * h
        luminosity = results.luminosity_distance(np.array(REDSHIFTS)) * h
        distances += [(name, *row) for row in zip(REDSHIFTS, chi, luminosity)]
        if name not in FLAT:
            continue
        k, z, linear = results.get_matter_power_spectrum(minkh=1e-4, maxkh=30.0, npoints=300)
        settings.NonLinear = camb.model.NonLinear_both
        settings.NonLinearModel.set_params(halofit_version="takahashi")
        results = camb.get_results(settings)
        _, _, nonlinear = results.get_matter_power_spectrum(minkh=1e-4, maxkh=30.0, npoints=300)
        for place in (0, 1, 3):
            powers += [(name, z[place], *row) for row in zip(k, linear[place], nonlinear[place])]
    write("distances_camb.csv", ("universe", "z", "comoving", "luminosity"), distances)
    write("power_camb.csv", ("universe", "z", "k", "linear", "nonlinear"), powers)


def power():
    rows = []
    for name in FLAT:
        h = UNIVERSES[name][3]
        full, smooth = ccl_universe(name), ccl_universe(name, transfer="eisenstein_hu_nowiggles")
        k = WAVENUMBERS * h
        columns = [ccl.linear_matter_power(full, k, 1.0), ccl.linear_matter_power(smooth, k, 1.0)]
        columns += [ccl.nonlin_matter_power(full, k, a) for a in (1.0, 1 / 1.5, 1 / 3.0)]
        rows += [(name, *row) for row in zip(WAVENUMBERS, *(column * h**3 for column in columns))]
    write("power_ccl.csv", ("universe", "k", "linear", "smooth", "halofit_0", "halofit_0.5", "halofit_2"), rows)
    # the formula itself, normalised by a fine integral of its own
    rows = []
    for name in FLAT:
        universe, sigma_8 = jax_universe(name), UNIVERSES[name][2]
        transfer = {kind: (lambda k, kind=kind: np.asarray(jc.transfer.Eisenstein_Hu(universe, k, type=kind)))
                    for kind in ("eisenhu_osc",)}
        shape = lambda k: k ** universe.n_s * transfer["eisenhu_osc"](k) ** 2  # noqa: E731
        ln_k = np.linspace(np.log(1e-6), np.log(1e3), 400_001)
        k = np.exp(ln_k)
        x = 8 * k
        window = np.where(x < 1e-2, 1 - x**2 / 10, 3 * (np.sin(x) - x * np.cos(x)) / x**3)
        variance = np.trapezoid(k**3 * shape(k) * window**2, ln_k) / (2 * np.pi**2)
        rows += [(name, k, sigma_8**2 / variance * p) for k, p in zip(WAVENUMBERS, shape(WAVENUMBERS))]
    write("power_formula_2.726K.csv", ("universe", "k", "linear"), rows)


def shape(z):
    return z**2 * np.exp(-((z / 0.11) ** 0.68))


def edges():
    total = quad(shape, 0, 10, limit=500, epsabs=1e-13)[0]
    count = lambda end: quad(shape, 0, end, limit=500, epsabs=1e-13)[0] / total  # noqa: E731
    inner = [brentq(lambda end: count(end) - part / BINS, 0.01, 9.0) for part in range(1, BINS)]
    return [0.0, *inner, 10.0]


def densities(z, xp=np, special=erf):
    cut = edges()
    x = 1 / (np.sqrt(2) * SMEARING * (1 + z))
    parent = z**2 * xp.exp(-((z / 0.11) ** 0.68))
    return [0.5 * parent * (special((high - z) * x) - special((low - z) * x)) for low, high in zip(cut, cut[1:])]


def pairs(tracers):
    return [(i, j) for i in range(tracers) for j in range(i, tracers)]


def spectra():
    rows = []
    # fine steps at low redshift, where kernels are narrow
    z = np.concatenate([np.linspace(0, 4, 4001), np.linspace(4, 10, 1001)[1:]])
    ccl.spline_params.A_SPLINE_NA_PK = 120
    ccl.spline_params.K_MAX_SPLINE = 100.0
    ccl.spline_params.N_K = 400
    for name in FLAT + ("open",):
        universe = ccl_universe(name)
        tracers = [ccl.WeakLensingTracer(universe, dndz=(z, n)) for n in densities(z)]
        for i, j in pairs(BINS):
            values = ccl.angular_cl(universe, tracers[i], tracers[j], ELLS)
            rows += [(name, str(i), str(j), *row) for row in zip(ELLS, values)]
    write("spectra_ccl.csv", ("universe", "i", "j", "ell", "C"), rows)


class Bin(jc.redshift.redshift_distribution):
    """One photometric bin of the parent distribution."""

    def pz_fn(self, z):
        low, high = self.params
        x = 1 / (np.sqrt(2) * SMEARING * (1 + z))
        special = jax.scipy.special.erf
        return 0.5 * z**2 * jax.numpy.exp(-((z / 0.11) ** 0.68)) * (special((high - z) * x) - special((low - z) * x))


jax.tree_util.register_pytree_node_class(Bin)


def reference_spectra():
    cut = edges()
    probe = jc.probes.WeakLensing([Bin(low, high) for low, high in zip(cut, cut[1:])])
    rows = []
    for name in FLAT + ("evolving", "open"):
        values = np.asarray(jc.angular_cl.angular_cl(jax_universe(name), ELLS, [probe]))
        for (i, j), row in zip(pairs(BINS), values):
            rows += [(name, str(i), str(j), *entry) for entry in zip(ELLS, row)]
    write("spectra_jax_cosmo.csv", ("universe", "i", "j", "ell", "C"), rows)


if __name__ == "__main__":
    background()
    boltzmann()
    power()
    spectra()
    reference_spectra()
