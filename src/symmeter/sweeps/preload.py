"""What every worker needs, imported once in the process that workers are forked from. It computes nothing."""

import contextlib

import symmeter.sweeps.cell  # noqa: F401

for package in (
    "timm",
    "torchvision",
    "pandas",  # which pyarrow looks for
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "torch._decomp.decompositions_for_jvp",  # compiled when forward mode is first used: a third of a second
):
    with contextlib.suppress(ImportError):
        __import__(package)
