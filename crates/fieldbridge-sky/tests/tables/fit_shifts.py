"""Fits the shifts of LSST year 10 bins that come with sbi_lens (MIT): python fit_shifts.py lognormal_shifts_LSSTY10_om_s8_w_bin.npy

Prints, for each bin, coefficients of ln(lambda) in u^i v^j q^k, i + j + k <= 2, with u = ln(Omega_m / 0.3156),
v = ln(sigma_8 / 0.831), q = w_0 + 1, in the order of the loops below, and how far the fit is from the table."""
import sys

import numpy as np

table = np.load(sys.argv[1]).reshape(-1, 5, 5)
for bin in range(5):
    omega_m, sigma_8, w_0, _, shift = table[:, bin].T
    u, v, q = np.log(omega_m / 0.3156), np.log(sigma_8 / 0.831), w_0 + 1
    terms = [u**i * v**j * q**k for i in range(3) for j in range(3 - i) for k in range(3 - i - j)]
    matrix = np.stack(terms, 1)
    found = np.linalg.lstsq(matrix, np.log(shift), rcond=None)[0]
    rest = matrix @ found - np.log(shift)
    print("        [" + ", ".join(f"{value:.5f}" for value in found) + f"], // rms {rest.std():.3f}, largest {abs(rest).max():.3f}")
