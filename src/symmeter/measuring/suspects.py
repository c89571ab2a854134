"""Which modules make two passes differ that should agree: those whose inputs are the same and whose outputs are not."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import filterfalse

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

_SAME = 1e-5  # relative: inputs that differ by less are the same but for round-off


@dataclass(frozen=True)
class _Seen:
    """The first sample's share of what went in and out of one call of a module: tensors of any shape."""

    inputs: list[Tensor]
    outputs: list[Tensor]


def differing_modules(call: Callable[[Tensor], object], model: object, a: Tensor, b: Tensor) -> list[str]:
    """Names (and classes) of the innermost modules that treat the first sample of two batches (B, ...) differently.

    >>> norm = nn.BatchNorm1d(1, track_running_stats=False)
    >>> x = torch.tensor([[1.0], [2.0], [5.0]])
    >>> net = nn.Sequential(nn.Linear(1, 1), norm)
    >>> differing_modules(net, net, x[:2], x)
    ['1 (BatchNorm1d)']
    """
    if not isinstance(model, nn.Module):
        return []
    first, second = (_seen(call, model, x) for x in (a, b))
    names = []
    for call_of, seen in first.items():
        other = second.get(call_of)
        if (
            other is not None
            and _agree(seen.inputs, other.inputs)
            and not _agree(seen.outputs, other.outputs)
        ):
            names.append(call_of[0])
    modules = dict(model.named_modules())
    return [f"{name} ({type(modules[name]).__name__})" for name in _innermost(names)]


def _innermost(names: list[str]) -> list[str]:
    """Those of which no other is a part, each once."""
    is_around = lambda name: any(other.startswith(f"{name}.") for other in names)
    return list(filterfalse(is_around, dict.fromkeys(names)))


def _seen(call: Callable[[Tensor], object], model: nn.Module, x: Tensor) -> dict[tuple[str, int], "_Seen"]:
    """What went in and out of each call of each module, by its name and the number of the call, for x (B, ...)."""
    taken: dict[tuple[str, int], _Seen] = {}
    counts: dict[str, int] = {}

    def keep(name: str, module: nn.Module, args: object, output: object) -> None:
        number = counts.get(name, 0)
        counts[name] = number + 1
        taken[name, number] = _Seen(_share(args), _share(output))

    with ExitStack() as stack:
        for name, module in model.named_modules():
            if name and not isinstance(module, torch.jit.ScriptModule):
                handle = module.register_forward_hook(partial(keep, name), always_call=False)
                stack.callback(handle.remove)
        call(x)
    return taken


def _share(values: object) -> list[Tensor]:
    """The first sample's share (...) of all tensors (B, ...) of real numbers among some values."""
    tensors = filter(torch.is_tensor, pytree.tree_leaves(values))
    return [
        tensor[0].detach().double().clone()
        for tensor in tensors
        if tensor.is_floating_point() and tensor.ndim and len(tensor)
    ]


def _agree(a: list[Tensor], b: list[Tensor]) -> bool:
    """Whether two lists of tensors, of any shape each, are the same but for round-off."""
    if [x.shape for x in a] != [y.shape for y in b]:
        return False
    return all(bool((x - y).norm() <= _SAME * x.norm()) for x, y in zip(a, b, strict=True))
