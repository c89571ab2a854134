"""What torch.save wrote, read as plain tensors: no code is run, and no more is unpacked than a file can hold."""

import contextlib
import pickletools
import re
import warnings
import zipfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from symmeter.errors import SymmeterError, first_line
from symmeter.source import check_unpacked

_WAY_OUT = "save model.state_dict(), or use .safetensors"
_PLAIN_MODULES = ("torch", "collections", "numpy", "argparse", "_codecs")
_ZIP = b"PK\x03\x04"  # how an archive begins


def read_checkpoint(path: Path) -> object:
    """What torch.save wrote, with everything in it that cannot act."""
    _check_archive(path)
    try:
        with torch.serialization.safe_globals(_harmless()), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about pickle protocols
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # it raises many kinds for a damaged file, KeyError and EOFError among them
        refused = re.search(r"GLOBAL (\S+)", str(error))
        code = refused.group(1) if refused else _code_in(path)
        if code:
            raise SymmeterError(
                f"weights {path}: refused, it wants to run code ({code}); symmeter loads plain tensors only: {_WAY_OUT}"
            ) from error
        told = len(str(error).strip()) > 3  # a damaged file may raise KeyError: 0, or nothing but a type
        reason = first_line(error) if told else "truncated, or not a checkpoint"
        raise SymmeterError(f"weights {path}: not a readable checkpoint: {reason}") from error


def _check_archive(path: Path) -> None:
    """SymmeterError for an archive that is damaged, holds code, or would unpack to many times its size."""
    with path.open("rb") as file:
        if file.read(4) != _ZIP:
            return
        file.seek(0)
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
        except Exception as error:  # zipfile raises many kinds for a damaged one
            raise SymmeterError(
                f"weights {path}: not a readable checkpoint: a damaged archive: {first_line(error)}"
            ) from error
    if any(member.filename.endswith("/constants.pkl") for member in members):
        raise SymmeterError(f"weights {path}: this is a TorchScript archive; {_WAY_OUT}")
    try:
        check_unpacked(path, sum(member.file_size for member in members))
    except ValueError as error:
        raise SymmeterError(f"weights {path}: {error}; {_WAY_OUT}") from error


def _harmless() -> list[Callable | tuple[Callable, str]]:
    """What training scripts leave beside the tensors and what cannot act: options and numpy scalars."""
    import numpy as np
    from numpy._core.multiarray import scalar

    old_name = (scalar, "numpy.core.multiarray.scalar")
    kinds = [type(np.dtype(kind)) for kind in "fdilqBb?"]
    return [Namespace, scalar, old_name, np.dtype, *kinds]


def _code_in(path: Path) -> str | None:
    """The first name, other than torch's own, that a pickle would import; nothing is run to find it."""
    with contextlib.suppress(Exception):  # there may be no pickle, and it may end anywhere
        names = _imports_of(_pickle_in(path))
        foreign = (name for name in names if name.split(".")[0] not in _PLAIN_MODULES)
        return next(foreign, None)
    return None


def _pickle_in(path: Path) -> bytes:
    """The pickle in an archive, or the file itself where it is none."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))


def _imports_of(data: bytes) -> Iterator[str]:
    """The dotted names that a pickle would import, in their order."""
    words: list[str] = []
    for opcode, argument, _ in pickletools.genops(data):
        if isinstance(argument, str):
            words.append(argument)
        if opcode.name == "GLOBAL":
            yield str(argument).replace(" ", ".")
        elif opcode.name == "STACK_GLOBAL":
            yield ".".join(words[-2:])
