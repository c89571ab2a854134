"""Weights: files are read as plain tensors, no code is run, a network is loaded completely or not at all.

They are tensors of any shape, by name.

Downloads are left to the libraries that know the hubs; `quick_downloads` makes them fail in seconds.
"""

import contextlib
import hashlib
import importlib
import pickletools
import re
import socket
import ssl
import threading
import urllib.error
import urllib.request
import warnings
import zipfile
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from symmeter.errors import SymmeterError, SymmeterWarning, first_line
from symmeter.optional import require

# Under which keys checkpoints keep their weights, in the order in which they are looked at.
_NESTINGS = (
    "state_dict",
    "model",
    "model_state_dict",
    "model_ema",
    "state_dict_ema",
    "teacher",
    "net",
    "network",
    "params",
    "params_ema",
    "weights",
    "module",
)
_WAY_OUT = "save model.state_dict(), or use .safetensors"
_PLAIN_MODULES = ("torch", "collections", "numpy", "argparse", "_codecs")


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name, on the CPU: a `.safetensors` file, or what torch.save wrote.

    The usual nestings are unwrapped ("state_dict", "model", "teacher", ...) and the prefixes of data
    parallel and compiled networks removed. Raises SymmeterError, in one line, for a file that is missing,
    unreadable or without tensors, and for one that wants to run code.
    """
    path = Path(path)
    if path.is_dir():
        raise SymmeterError(f"weights {path}: this is a folder; give the file in it")
    if not path.is_file():
        raise SymmeterError(f"weights {path}: no such file")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    found = _state_dict(content)
    if not found:
        keys = ""
        if isinstance(content, Mapping) and content:
            keys = f"; it has {_few(content)}"
        raise SymmeterError(f"weights {path}: no tensors in it{keys}")
    return _strip(found)


def fit_weights(model: nn.Module, weights: Mapping[str, Tensor], path: str | Path) -> None:
    """Load `weights` into `model`; on any mismatch raise SymmeterError and leave the model as it was.

    A prefix that every name shares ("model.", "backbone.", ...) is removed where the names then fit. Warns
    with SymmeterWarning about NaN and infinite values. `path` is for the messages.
    """
    needed = model.state_dict()
    weights = _align(dict(weights), needed)
    misfits = _misfits(weights, needed)
    if misfits:
        raise SymmeterError(f"weights {path} do not fit {type(model).__name__}: {', '.join(misfits)}")
    model.load_state_dict(needed | weights, strict=True)
    broken = [name for name, weight in weights.items() if not _is_finite(weight)]
    if broken:
        message = f"weights {path}: NaN or infinite values in {len(broken)} tensor(s): {_few(broken)}"
        warnings.warn(message, SymmeterWarning, stacklevel=2)


def _is_finite(weight: Tensor) -> bool:
    """Whether a weight of any shape has no NaN and no infinite value; whole numbers have none."""
    return not weight.is_floating_point() or bool(weight.float().isfinite().all())


def _misfits(weights: Mapping[str, Tensor], needed: Mapping[str, Tensor]) -> list[str]:
    """In what way, and how many, weights are missing, unexpected, or of another shape than those needed."""
    tensors = [name for name, value in needed.items() if isinstance(value, Tensor)]
    # Networks saved before torch 0.4.1 have no counters of batches.
    missing = [name for name in tensors if name not in weights and not name.endswith("num_batches_tracked")]
    unexpected, reshaped = [], []
    for name, weight in weights.items():
        if name not in needed:
            unexpected.append(name)
        elif weight.shape != needed[name].shape:
            shapes = f"{tuple(weight.shape)} given, {tuple(needed[name].shape)} needed"
            reshaped.append(f"{name}: {shapes}")
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": reshaped}
    return [f"{len(names)} {what} ({_few(names)})" for what, names in kinds.items() if names]


def file_tag(path: str | Path) -> dict[str, str]:
    """A file's name and SHA-256, by which a result tells which weights it is about."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"weights": Path(path).name, "weights_sha256": digest}


@contextlib.contextmanager
def quick_downloads() -> Iterator[bool]:
    """Yields whether the Hugging Face hub answers; other downloads give up after 10 seconds of silence.

    When it does not, its client is set offline meanwhile: what is in the cache still serves, and nothing
    retries for most of a minute.
    """
    timeout = socket.getdefaulttimeout()
    hub: Any = SimpleNamespace(HF_HUB_OFFLINE=True)
    with contextlib.suppress(ImportError):
        hub = importlib.import_module("huggingface_hub.constants")
    offline = hub.HF_HUB_OFFLINE
    answers = not offline and _answers(hub.ENDPOINT)
    socket.setdefaulttimeout(10.0)
    hub.HF_HUB_OFFLINE = not answers
    try:
        yield answers
    finally:
        hub.HF_HUB_OFFLINE = offline
        socket.setdefaulttimeout(timeout)


def _answers(url: str, seconds: float = 5.0) -> bool:
    """Whether a server answers at `url` in time, with any status; the look-up of its name is timed too."""
    answered = threading.Event()

    def ask() -> None:
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds).close()
            answered.set()
        except urllib.error.HTTPError as error:
            error.close()
            answered.set()
        except (OSError, ValueError) as error:
            if isinstance(getattr(error, "reason", None), ssl.SSLError):  # it is there; its client decides
                answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file by name."""
    safetensors = require("safetensors", "vision")
    try:
        return require("safetensors.torch", "vision").load_file(path, device="cpu")
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise SymmeterError(
            f"weights {path}: not a readable safetensors file: {first_line(error)}"
        ) from error


def _read_torch(path: Path) -> object:
    """What torch.save wrote, with everything in it that cannot act."""
    if _is_torchscript(path):
        raise SymmeterError(f"weights {path}: this is a TorchScript archive; {_WAY_OUT}")
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


def _is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of code and weights, from torch.jit."""
    with contextlib.suppress(zipfile.BadZipFile, OSError), zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())
    return False


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


def _state_dict(content: object) -> dict[str, Tensor]:
    """The dictionary of tensors inside `content`; empty when there is none."""
    if not isinstance(content, Mapping):
        return {}
    tensors = {str(key): value.detach() for key, value in content.items() if isinstance(value, Tensor)}
    nested = map(_state_dict, map(content.get, _NESTINGS))
    found = next(filter(None, chain(nested, [tensors])), None)
    if found:
        return found
    inner = list(filter(None, map(_state_dict, content.values())))
    return inner[0] if len(inner) == 1 else {}


def _strip(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names without what DataParallel, AveragedModel and torch.compile put in front."""
    weights = {name.replace("_orig_mod.", ""): weight for name, weight in weights.items()}
    while {name.startswith("module.") for name in weights.keys() - {"n_averaged"}} == {True}:
        weights.pop("n_averaged", None)
        weights = {name.removeprefix("module."): weight for name, weight in weights.items()}
    return weights


def _align(weights: dict[str, Tensor], needed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Remove the first word that all names share, as long as the names then fit."""
    shorter = weights
    while shorter.keys() - needed.keys():
        first, _, _ = next(iter(shorter)).partition(".")
        head = f"{first}."
        if not all(name.startswith(head) for name in shorter):
            return weights
        shorter = {name.removeprefix(head): weight for name, weight in shorter.items()}
    return shorter


def _few(names: Iterable[object], most: int = 3) -> str:
    """The first few names."""
    words = list(map(str, names))
    more = ["..."] if len(words) > most else []
    return ", ".join([*words[:most], *more])
