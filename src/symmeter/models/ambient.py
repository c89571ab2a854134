"""What surrounds a forward pass and changes its derivative, but nothing of its value, switched off.

`no_grad`, `inference_mode` and activation checkpointing say how derivatives are to be taken. A measurement takes
its own.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import checkpoint as checkpointing

_HERE = threading.local()  # `_HERE.calls`: how many neutral calls this thread is inside of


@contextlib.contextmanager
def own_surroundings() -> Iterator[None]:
    """Around a whole measurement: `no_grad`, `inference_mode` and autocast of the caller end at its door.

    >>> with torch.inference_mode(), own_surroundings():
    ...     torch.is_inference_mode_enabled(), torch.is_grad_enabled()
    (False, False)
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        stack.enter_context(torch.no_grad())
        yield


@contextlib.contextmanager
def neutral() -> Iterator[None]:
    """Around one call of a model: what it says of gradients itself has no effect; other threads notice nothing.

    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.enable_grad(), neutral(), torch.no_grad():
    ...     y = 2 * x
    >>> y.requires_grad
    True
    """
    enabled = torch.is_grad_enabled()
    try:
        with without_checkpoints(), _NeverDisabled():
            yield
    finally:
        torch.set_grad_enabled(enabled)


@contextlib.contextmanager
def without_checkpoints() -> Iterator[None]:
    """Around one call of a model: `inference_mode` and checkpoints inside of it have no effect; `no_grad` has.

    What a checkpoint computes again, in a backward pass, would have no tangents.
    """
    _HERE.calls = getattr(_HERE, "calls", 0) + 1
    try:
        with _patched():
            yield
    finally:
        _HERE.calls -= 1


def _inside() -> bool:
    return getattr(_HERE, "calls", 0) > 0


class _NeverDisabled(TorchFunctionMode):
    """What disables gradients goes unheard; a model may enable them, for a derivative of its own (forces)."""

    def __torch_function__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        if func is torch._C._set_grad_enabled and not args[0]:
            return None
        return func(*args, **(kwargs or {}))


class _Checkpoint(checkpointing.CheckpointFunction):
    """A checkpoint that runs its function, and inside a neutral call remembers nothing."""

    @classmethod
    def apply(cls, run: Callable, preserve: bool, *args: object) -> object:  # type: ignore[override]
        return run(*args) if _inside() else _Original.apply(run, preserve, *args)


_Original = checkpointing.CheckpointFunction
_GENERATORS = tuple(
    name
    for name in ("_checkpoint_without_reentrant_generator", "_checkpoint_without_reentrant_generator_impl")
    if hasattr(checkpointing, name)
)


def _one_step() -> Iterator[None]:
    yield


def _generator(original: Callable) -> Callable:
    """The generator that checkpoint() steps through; inside a neutral call, one with nothing in it."""

    def around(*args: object, **kwargs: object) -> Iterator[None]:
        return _one_step() if _inside() else original(*args, **kwargs)

    return around


def _patched() -> contextlib.ExitStack:
    """While it lasts inference_mode and checkpoint() do nothing in a thread that is inside a neutral call."""
    mode = torch.inference_mode
    enter, leave = mode.__enter__, mode.__exit__

    def entering(self: Any) -> None:
        self._symmeter_silent = _inside()
        if not self._symmeter_silent:
            enter(self)

    def leaving(self: Any, *raised: object) -> None:
        if not self._symmeter_silent:
            leave(self, *raised)

    stack = contextlib.ExitStack()
    stack.enter_context(mock.patch.multiple(mode, __enter__=entering, __exit__=leaving))
    stack.enter_context(mock.patch.object(checkpointing, "CheckpointFunction", _Checkpoint))
    for name in _GENERATORS:
        stack.enter_context(mock.patch.object(checkpointing, name, _generator(getattr(checkpointing, name))))
    return stack
