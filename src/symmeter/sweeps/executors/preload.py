"""What every worker needs, imported once in the process that workers are forked from. It computes nothing."""

import atexit
import contextlib
import gc
import importlib
import signal
import sys
import warnings

if sys.argv[:1] == ["-c"]:  # in the fork server, and from here on in workers: Ctrl-C is for the sweep
    signal.signal(signal.SIGINT, signal.SIG_IGN)

importlib.import_module("symmeter.sweeps.cell")

_PACKAGES = (
    "timm",
    "torchvision",
    "pandas",  # which pyarrow looks for
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "pyarrow.vendored.version",  # which the first table that is written looks for
    "torch._decomp.decompositions_for_jvp",  # compiled when forward mode is first used: a third of a second
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what packages say of each other: the user cannot change it
    for package in _PACKAGES:
        with contextlib.suppress(ImportError):
            importlib.import_module(package)

gc.freeze()  # else the first collection of a worker copies all pages of what it shares with the others
atexit.register(gc.unfreeze)  # extensions print what they find alive at the end
