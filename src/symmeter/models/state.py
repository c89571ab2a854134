"""What a model holds in Python besides its parameters: attributes that a forward pass writes, and their contents."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor

from symmeter.models.behind import reached

# What every module has, hooks among it: those are not written by a forward pass, and some are ours for a while.
_EVERY = frozenset(vars(nn.Module())) | {"_compiled_call_impl", "forward"}
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs",
          "_forward_hooks_always_called")  # fmt: skip
_DEEPEST = 4  # containers inside of containers
Contents = Any


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

    def __init__(self, modules: Iterable[nn.Module], functions: Iterable[Any] = ()):
        self._modules = list({id(module): module for module in modules}.values())
        self._attributes = [(module, _own(module)) for module in self._modules]
        self._contents: dict[int, tuple[Any, Contents]] = {}
        self._tensors: dict[int, tuple[Tensor, int, Tensor]] = {}
        for _, attributes in self._attributes:
            for value in attributes.values():
                self._take(value, 0)
        for function in [*functions, *self._hooks()]:
            for _, value in reached(function):
                if isinstance(value, list | dict | set | deque):
                    self._take(value, 0)

    def _hooks(self) -> Iterator[Any]:
        for module in self._modules:
            yield from (*module._forward_hooks.values(), *module._forward_pre_hooks.values())

    def _take(self, value: Any, depth: int) -> None:
        """Note what a container holds, and the content of a tensor that is no parameter."""
        if id(value) in self._contents or depth > _DEEPEST:
            return
        if isinstance(value, Tensor):
            if not isinstance(value, nn.Parameter) and not value.is_inference() and _plain(value):
                self._tensors[id(value)] = (value, value._version, value.detach().clone())
            return
        held = _contents(value)
        if held is None:
            return
        self._contents[id(value)] = (value, held)
        for item in held.values() if isinstance(held, dict) else held:
            self._take(item, depth + 1)

    def hooks(self) -> list[tuple[dict, frozenset]]:
        """The hooks of all modules at this moment, for `unhook`."""
        found = [getattr(module, name, None) for module in self._modules for name in _HOOKS]
        return [(hooks, frozenset(hooks)) for hooks in found if isinstance(hooks, dict)]

    @staticmethod
    def unhook(before: list[tuple[dict, frozenset]]) -> None:
        """Take off the hooks that have come since, as some forward passes install their own at first."""
        for hooks, known in before:
            for key in [key for key in hooks if key not in known]:
                del hooks[key]

    def restore(self) -> bool:
        """Put back what changed; whether anything had."""
        changed = False
        for module, before in self._attributes:
            now = _own(module)
            for name in now.keys() - before.keys():
                object.__delattr__(module, name)
            for name, value in before.items():
                if name not in now or now[name] is not value:
                    module.__dict__[name] = value
                    changed = True
            changed = changed or len(now) > len(before)
        for value, before in self._contents.values():
            if not _same(_contents(value), before):
                _refill(value, before)
                changed = True
        for tensor, version, before in self._tensors.values():
            if tensor._version != version:
                with torch.no_grad():
                    tensor.copy_(before)
                self._tensors[id(tensor)] = (tensor, tensor._version, before)
                changed = True
        return changed


def _own(module: nn.Module) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if name not in _EVERY}


def _plain(tensor: Tensor) -> bool:
    """Whether a tensor has contents that can be copied: not one that a transform left behind, nor a meta tensor."""
    return type(tensor) is Tensor and not tensor.is_meta and not is_functorch_wrapped_tensor(tensor)


def _contents(value: Any) -> Contents | None:
    """What a list, dict, set or plain object holds, as a copy; None for what is none of these."""
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list | deque):
        return list(value)
    if isinstance(value, set):
        return set(value)
    module = type(value).__module__
    foreign = (
        isinstance(value, nn.Module | type)
        or callable(value)
        or module.partition(".")[0] in ("torch", "builtins")
    )
    if foreign or not isinstance(getattr(value, "__dict__", None), dict):
        return None
    return dict(vars(value))


def _same(now: Contents, before: Contents) -> bool:
    if isinstance(before, set):
        return now == before
    if len(now) != len(before):
        return False
    if isinstance(before, dict):
        return all(key in now and now[key] is value for key, value in before.items())
    return all(a is b for a, b in zip(now, before, strict=True))


def _refill(value: Any, before: Contents) -> None:
    target = value if isinstance(value, dict | list | deque | set) else vars(value)
    target.clear()
    if isinstance(target, list | deque):
        target.extend(before)
    else:
        target.update(before)
