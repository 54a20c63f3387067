"""Writes images.parquet: the 8 x 8 digits that ship with scikit-learn, as numbers that have a density.

Usage: python make.py
"""

from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet
from sklearn.datasets import load_digits

digits = load_digits()
generator = numpy.random.default_rng(1)
# a grey level 0 to 16 becomes uniform on the interval of length one above it, in steps of 1/16
pixels = digits.data + generator.integers(0, 16, digits.data.shape) / 16
names = [f"p{row}{column}" for row in range(8) for column in range(8)]
columns = {name: pyarrow.array(pixels[:, place], pyarrow.float32()) for place, name in enumerate(names)}
columns["digit"] = pyarrow.array(digits.target, pyarrow.int8())
pyarrow.parquet.write_table(
    pyarrow.table(columns), Path(__file__).with_name("images.parquet"), compression="zstd", compression_level=19
)
print(f"{len(digits.target)} images")
