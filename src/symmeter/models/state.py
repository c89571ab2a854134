"""What a model holds in Python besides its parameters: attributes that a forward pass writes, and their contents."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from itertools import chain, product
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor

from symmeter.models.behind import reached

# What every module has, hooks among it: those are not written by a forward pass, and some are ours for a while.
_EVERY = frozenset(vars(nn.Module())) | {"_compiled_call_impl", "forward"}
_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_forward_hooks_always_called",
)
_NOTHING = object()  # what is found where there is no value
_DEEPEST = 4  # containers inside of containers
Contents = dict | list | set  # of a container, as a copy
_CONTAINERS = (dict, list, deque, set)


@dataclass
class _Tensor:
    """A plain tensor of any shape as it was: its content, and the count of what had been written to it."""

    tensor: Tensor
    version: int
    before: Tensor

    @staticmethod
    def of(tensor: Tensor) -> "_Tensor":
        return _Tensor(tensor, tensor._version, tensor.detach().clone())

    def restore(self) -> bool:
        """Put the content back; whether it had changed."""
        if self.tensor._version == self.version:
            return False
        with torch.no_grad():
            self.tensor.copy_(self.before)
        self.version = self.tensor._version
        return True


class State:
    """Attributes of modules and the containers and plain tensors that they hold, as they were when it was made.

    `restore` puts back what changed since. Objects keep their identity: lists are refilled, not exchanged.

    >>> net = nn.Identity()
    >>> net.seen = []
    >>> state = State([net])
    >>> net.seen.append(1); net.last = 2
    >>> state.restore(), net.seen, hasattr(net, "last")
    (True, [], False)
    """

    def __init__(self, modules: Iterable[nn.Module], functions: Iterable[Callable] = ()):
        self._modules = list(dict.fromkeys(modules))
        self._attributes = [(module, _own(module)) for module in self._modules]
        self._contents: dict[int, tuple[object, Contents]] = {}
        self._tensors: dict[int, _Tensor] = {}
        for _, attributes in self._attributes:
            for value in attributes.values():
                self._take(value, 0)
        held = chain.from_iterable(map(reached, [*functions, *self._hooks()]))
        for _, value in held:
            if isinstance(value, _CONTAINERS):
                self._take(value, 0)

    def _hooks(self) -> Iterator[Callable]:
        """What runs before and after the modules."""
        for module in self._modules:
            yield from (*module._forward_hooks.values(), *module._forward_pre_hooks.values())

    def _take(self, value: object, depth: int) -> None:
        """Note what a container holds, and the content of a tensor that is no parameter."""
        if id(value) in self._contents or depth > _DEEPEST:
            return
        if isinstance(value, Tensor):
            if _has_content_of_its_own(value):
                self._tensors[id(value)] = _Tensor.of(value)
            return
        held = _contents(value)
        if held is None:
            return
        self._contents[id(value)] = (value, held)
        items = held.values() if isinstance(held, dict) else held
        for item in items:
            self._take(item, depth + 1)

    def hooks(self) -> list[tuple[dict, frozenset]]:
        """The hooks of all modules at this moment, for `unhook`."""
        found = [getattr(module, name, {}) for module, name in product(self._modules, _HOOKS)]
        return [(hooks, frozenset(hooks)) for hooks in found]

    @staticmethod
    def unhook(before: list[tuple[dict, frozenset]]) -> None:
        """Take off the hooks that have come since, as some forward passes install their own at first."""
        for hooks, known in before:
            for key in hooks.keys() - known:
                del hooks[key]

    def restore(self) -> bool:
        """Put back what changed; whether anything had."""
        attributes = [_restore_attributes(module, before) for module, before in self._attributes]
        contents = [_restore_contents(value, before) for value, before in self._contents.values()]
        tensors = [tensor.restore() for tensor in self._tensors.values()]
        return any([*attributes, *contents, *tensors])


def _own(module: nn.Module) -> dict[str, object]:
    """The attributes of a module that not every module has."""
    return {name: value for name, value in vars(module).items() if name not in _EVERY}


def _restore_attributes(module: nn.Module, before: dict[str, object]) -> bool:
    """Set and delete attributes of a module until they are what they were; whether any was not."""
    now = _own(module)
    new = now.keys() - before.keys()
    for name in new:
        object.__delattr__(module, name)
    other = {name: value for name, value in before.items() if now.get(name, _NOTHING) is not value}
    module.__dict__.update(other)
    return bool(new or other)


def _has_content_of_its_own(tensor: Tensor) -> bool:
    """Whether a tensor can be copied and put back, for any shape.

    Not a parameter, what inference mode made, what a transform left behind, or a meta tensor.
    """
    if type(tensor) is not Tensor:
        return False
    strange = (tensor.is_inference(), tensor.is_meta, is_functorch_wrapped_tensor(tensor))
    return not any(strange)


@singledispatch
def _contents(value: object) -> Contents | None:
    """What a list, dict, set or plain object holds, as a copy; None for what is none of these."""
    if callable(value):  # modules and classes among them
        return None
    package, _, _ = type(value).__module__.partition(".")
    if package in ("torch", "builtins"):
        return None
    attributes = getattr(value, "__dict__", None)
    return dict(attributes) if isinstance(attributes, dict) else None


_contents.register(dict, dict)
_contents.register(list, list)
_contents.register(deque, list)
_contents.register(set, set)


def _restore_contents(value: object, before: Contents) -> bool:
    """Refill a container with what it held, if it holds anything else; whether it did."""
    if _identities(_contents(value)) == _identities(before):
        return False
    target: Any = value if isinstance(value, _CONTAINERS) else vars(value)
    target.clear()
    if isinstance(target, list | deque):
        target.extend(before)
    else:
        target.update(before)
    return True


def _identities(contents: Contents | None) -> object:
    """By what two contents of a container are compared: which objects are in it, and where."""
    if isinstance(contents, dict):
        return {key: id(value) for key, value in contents.items()}
    if isinstance(contents, list):
        return list(map(id, contents))
    return contents
