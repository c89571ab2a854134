"""What every worker needs, imported once in the process that workers are forked from. It computes nothing."""

import contextlib

import symmeter.sweeps.cell  # noqa: F401

for package in ("timm", "torchvision", "pandas", "pyarrow.parquet"):
    with contextlib.suppress(ImportError):
        __import__(package)
