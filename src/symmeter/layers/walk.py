"""Every call of every module of a network while it runs, and the tensors that cross their boundaries.

A tensor that crosses goes through `_pass`, which may take it down, listen to its gradient, or hand on another.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

Structure = TypeVar("Structure")  # tensors in tuples and dictionaries, passed on as they came


class Slot(NamedTuple):
    """Where a tensor crosses: the n-th into (or out of) the k-th call of a module. The same in every pass."""

    layer: str
    call: int
    outgoing: bool
    index: int


@dataclass(eq=False)
class Value:
    """The content of a tensor when it crossed a boundary; slots that saw the same tensor share it."""

    data: Tensor
    slots: list[Slot] = field(default_factory=list)


@dataclass(eq=False)
class Tap:
    """A tensor that was taken down at the boundary of a call."""

    slot: Slot
    value: Value


@dataclass(eq=False)
class Call:
    """One call of one module. `opaque` names what cannot be seen: tensors inside foreign objects."""

    layer: str
    number: int
    module: nn.Module | None
    parent: "Call | None"
    order: int
    inputs: list[Tap] = field(default_factory=list)
    outputs: list[Tap] = field(default_factory=list)
    opaque: str = ""
    complete: bool = False

    @property
    def taps(self) -> list[Tap]:
        """Inputs and outputs."""
        return self.inputs + self.outputs

    def end(self, outgoing: bool) -> list[Tap]:
        """Those of one boundary."""
        return self.outputs if outgoing else self.inputs


class Walk(ABC):
    """The calls of one forward pass, the root first, which stands for the whole function."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self.root = Call("", 0, None, None, 0, complete=True)
        self.calls = [self.root]
        self._stack = [self.root]

    @abstractmethod
    def _pass(self, call: Call, outgoing: bool, index: int, tensor: Tensor) -> Tensor:
        """A tensor of any shape at a boundary, or what is handed on in its place."""

    def _crossed(self, call: Call, outgoing: bool) -> None:  # noqa: B027
        """All tensors of a boundary have passed."""

    def _settle(self) -> None:
        """Drop calls that did not come to their end, and hang their children on the call around them."""
        for call in self.calls:
            while call.parent is not None and not call.parent.complete:
                call.parent = call.parent.parent
        self.calls = [call for call in self.calls if call.complete]

    @contextmanager
    def _hooks(self, model: nn.Module) -> Iterator[None]:
        with ExitStack() as stack:
            for name, module in model.named_modules():
                if name and not isinstance(module, torch.jit.ScriptModule):
                    before = module.register_forward_pre_hook(self._entering(name), with_kwargs=True)
                    stack.callback(before.remove)
                    after = module.register_forward_hook(self._leaving(name), with_kwargs=True)
                    stack.callback(after.remove)
            yield

    def _entering(self, name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
            number = self._counts.get(name, 0)
            self._counts[name] = number + 1
            call = Call(name, number, module, self._stack[-1], len(self.calls))
            self.calls.append(call)
            self._stack.append(call)
            return self._through(call, False, (args, kwargs))

        return hook

    def _leaving(self, name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, kwargs: dict, output: object) -> object:
            while self._stack[-1].layer != name:  # calls inside that ended in an exception the model caught
                self._stack.pop()
            call = self._stack.pop()
            call.complete = True
            return self._through(call, True, output)

        return hook

    def _through(self, call: Call, outgoing: bool, values: Structure) -> Structure:
        """Values with every tensor passed on."""
        leaves, structure = pytree.tree_flatten(values)
        for i, leaf in enumerate(leaves):
            if isinstance(leaf, Tensor):
                leaves[i] = self._pass(call, outgoing, i, leaf)
            elif not _plain(leaf):
                call.opaque = call.opaque or type(leaf).__name__
        self._crossed(call, outgoing)
        return pytree.tree_unflatten(leaves, structure)


def _plain(leaf: object) -> bool:
    """Whether a value that is no tensor surely holds none."""
    plain = bool | int | float | complex | str | bytes | torch.dtype | torch.device | None
    return isinstance(leaf, plain)
