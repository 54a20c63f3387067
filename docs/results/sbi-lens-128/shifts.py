"""The table of shifts of one bin that comes with sbi_lens, in the form of the one of five bins.

    python shifts.py lognormal_shift.csv shifts.npy

sbi_lens looks the matter density up on the first axis of both; in the form of five bins that axis says sigma_8, so shifts are put where they are read."""
import sys

import numpy as np

matter, sigma, shift = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1).reshape(8, 8, 3).transpose(2, 0, 1)
table = np.zeros((8, 8, 2, 1, 5))  # sigma_8, Omega_m, w_0, bin, column
for at, w_0 in enumerate((-2.0, -0.3)):
    table[:, :, at, 0, 0] = matter[:, 0][None, :]
    table[:, :, at, 0, 1] = sigma[0][:, None]
    table[:, :, at, 0, 2] = w_0
    table[:, :, at, 0, 4] = shift
np.save(sys.argv[2], table)
