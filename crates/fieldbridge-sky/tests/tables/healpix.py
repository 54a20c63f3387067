"""Pixels of directions and centres of pixels by healpy, for the test of `survey::Healpix`.

    python -m venv venv && venv/bin/pip install healpy==1.20.1
    venv/bin/python healpix.py > healpix.csv"""
import healpy
import numpy as np

random = np.random.default_rng(1)
print("# HEALPix pixels of directions in ring and nested order (-1: there is none), and centres of the pixels, by healpy 1.20.1")
print("nside,x,y,z,ring,nested,centre_x,centre_y,centre_z")
for nside in (1, 2, 3, 6, 64, 1000, 2048, 2**20):
    heights = np.concatenate([random.uniform(-1, 1, 16), [1 - 1e-9, -1 + 1e-7, 0.0, 0.6667, -0.6666]])
    for height in heights:
        longitude = random.uniform(-np.pi, np.pi)
        across = np.sqrt((1 - height) * (1 + height))
        vector = np.array([across * np.cos(longitude), across * np.sin(longitude), height])
        ring = healpy.vec2pix(nside, *vector)
        nested = healpy.vec2pix(nside, *vector, nest=True) if nside & (nside - 1) == 0 else -1
        centre = healpy.pix2vec(nside, ring)
        print(",".join([str(nside), *(repr(float(n)) for n in vector), str(ring), str(nested), *(repr(float(n)) for n in centre)]))
