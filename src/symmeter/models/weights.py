"""Weights: files are read as plain tensors, no code is run, a network is loaded completely or not at all.

They are tensors of any shape, by name.

Downloads are left to the libraries that know the hubs; `quick_downloads` makes them fail in seconds.
"""

import contextlib
import hashlib
import importlib
import socket
import ssl
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from symmeter.errors import SymmeterError, SymmeterWarning, counted, first_line
from symmeter.models.checkpoint import read_checkpoint
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
_DEEPEST = 16  # nestings
_SHOWN = 60  # characters of a name in a message
# What a tensor may be that cannot be copied into a network as it is.
_STRANGE: Mapping[str, Callable[[Tensor], bool]] = {
    "nested": lambda weight: weight.is_nested,
    "quantised": lambda weight: weight.is_quantized,
    "sparse": lambda weight: weight.layout is not torch.strided,
    "without values (meta)": lambda weight: weight.is_meta,
}


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
    content = _read_safetensors(path) if path.suffix == ".safetensors" else read_checkpoint(path)
    found = _state_dict(content, {})
    if not found:
        keys = ""
        if isinstance(content, Mapping) and content:
            keys = f"; it has {_few(content)}"
        raise SymmeterError(f"weights {path}: no tensors in it{keys}")
    strange = [f"{name}: {word}" for name, weight in found.items() if (word := _strangeness(weight))]
    if strange:
        raise SymmeterError(
            f"weights {path}: {counted(len(strange), 'tensor')} of no plain kind ({_few(strange)}); save dense ones"
        )
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
    before = {name: value.clone() for name, value in needed.items() if _is_plain(value)}
    try:
        model.load_state_dict(needed | weights, strict=True)
    except Exception as error:  # what a module of its own does with its weights
        with torch.no_grad():
            for name, value in before.items():
                needed[name].copy_(value)
        raise SymmeterError(
            f"weights {path} do not fit {type(model).__name__}: {type(error).__name__}: {first_line(error)}"
        ) from error
    broken = [name for name, weight in weights.items() if not _is_finite(weight)]
    if broken:
        message = f"weights {path}: NaN or infinite values in {len(broken)} tensor(s): {_few(broken)}"
        warnings.warn(message, SymmeterWarning, stacklevel=2)


def _strangeness(weight: Tensor) -> str:
    """In a word, why a tensor of any shape cannot be copied into a network; nothing where it can."""
    return next((word for word, test in _STRANGE.items() if test(weight)), "")


def _is_plain(value: object) -> TypeGuard[Tensor]:
    """Whether it is a tensor that has its shape: not one that is made at the first call, and no other state."""
    return isinstance(value, Tensor) and not is_lazy(value)


def _is_finite(weight: Tensor) -> bool:
    """Whether a weight of any shape has no NaN and no infinite value; whole numbers have none."""
    return not weight.is_floating_point() or bool(weight.float().isfinite().all())


def _misfits(weights: Mapping[str, Tensor], needed: Mapping[str, Tensor]) -> list[str]:
    """In what way, and how many, weights are missing, unexpected, or of another shape than those needed."""
    tensors = [name for name, value in needed.items() if isinstance(value, Tensor)]
    # Networks saved before torch 0.4.1 have no counters of batches.
    missing = [name for name in tensors if name not in weights and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in weights if not isinstance(needed.get(name), Tensor)]
    plain = {name: weight for name, weight in weights.items() if _is_plain(needed.get(name))}
    reshaped = [
        f"{name}: {tuple(weight.shape)} given, {tuple(needed[name].shape)} needed"
        for name, weight in plain.items()
        if weight.shape != needed[name].shape
    ]
    retyped = [
        f"{name}: {weight.dtype} given, {needed[name].dtype} needed".replace("torch.", "")
        for name, weight in plain.items()
        if not _are_of_kind(weight, needed[name].dtype)
    ]
    kinds = {
        "missing": missing,
        "unexpected": unexpected,
        "of another shape": reshaped,
        "of another kind of numbers": retyped,
    }
    return [f"{len(names)} {what} ({_few(names)})" for what, names in kinds.items() if names]


def _are_of_kind(weight: Tensor, dtype: torch.dtype) -> bool:
    """Whether a weight of any shape is in the kind of numbers of a type: complex, floating point or whole.

    Counters that some tools keep in floating point are whole all the same.
    """
    if weight.is_complex() or dtype.is_complex or dtype.is_floating_point:
        return (
            weight.is_complex() == dtype.is_complex and weight.is_floating_point() == dtype.is_floating_point
        )
    return not weight.is_floating_point() or (weight.numel() == 1 and bool(weight == weight.round()))


def file_tag(path: str | Path) -> dict[str, str]:
    """A file's name and SHA-256, by which a result tells which weights it is about."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"weights": Path(path).name, "weights_sha256": digest}


def in_torch_cache(url: str) -> Path | None:
    """Where torch has kept what it once downloaded from an address; None where it has not."""
    place = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    return place if url and place.is_file() else None


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


def _state_dict(content: object, seen: dict[int, dict[str, Tensor]], depth: int = 0) -> dict[str, Tensor]:
    """The dictionary of tensors inside `content`; empty when there is none.

    `seen` has what was found in each dictionary so far, nothing for those that are being looked at: one that holds
    itself has nothing new in it.
    """
    if not isinstance(content, Mapping) or depth > _DEEPEST:
        return {}
    if id(content) not in seen:
        seen[id(content)] = {}
        tensors = {str(key): value.detach() for key, value in content.items() if isinstance(value, Tensor)}
        inner = lambda values: filter(None, (_state_dict(value, seen, depth + 1) for value in values))
        found = next(chain(inner(map(content.get, _NESTINGS)), filter(None, [tensors])), None)
        others = [] if found else list(inner(content.values()))
        seen[id(content)] = found or (others[0] if len(others) == 1 else {})
    return seen[id(content)]


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
    """The first few names, long ones cut."""
    words = [name if len(name) <= 2 * _SHOWN else f"{name[:_SHOWN]}..." for name in map(str, names)]
    more = ["..."] if len(words) > most else []
    return ", ".join([*words[:most], *more])
