"""What every worker needs, imported once in the process that workers are forked from. It computes nothing."""

import contextlib
import gc

import symmeter.sweeps.cell  # noqa: F401

for package in (
    "timm",
    "torchvision",
    "pandas",  # which pyarrow looks for
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "pyarrow.vendored.version",  # which the first table that is written looks for
    "torch._decomp.decompositions_for_jvp",  # compiled when forward mode is first used: a third of a second
):
    with contextlib.suppress(ImportError):
        __import__(package)

gc.freeze()  # else the first collection of a worker copies all pages of what it shares with the others
