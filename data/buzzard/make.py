"""Writes galaxies.parquet: every fourth row of the galaxy catalogue that ships with pzflow.

Usage: python make.py CATALOGUE.parquet
"""

import sys
from pathlib import Path

import pyarrow.parquet

catalogue = pyarrow.parquet.read_table(sys.argv[1])
rows = range(0, catalogue.num_rows, 4)
excerpt = catalogue.take(list(rows)).replace_schema_metadata(None)
pyarrow.parquet.write_table(excerpt, Path(__file__).with_name("galaxies.parquet"), compression="zstd")
print(f"{excerpt.num_rows} of {catalogue.num_rows} rows")
