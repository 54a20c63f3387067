//! Tables and arrays in and out: Parquet, HDF5, FITS, npy, npz, CSV, by column name
