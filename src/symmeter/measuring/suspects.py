"""Which modules make two passes differ that should agree: those whose inputs are the same and whose outputs are not."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

_SAME = 1e-5  # relative: inputs that differ by less are the same but for round-off


def differing_modules(call: Callable[[Tensor], Any], model: Any, a: Tensor, b: Tensor) -> list[str]:
    """Names (and classes) of the innermost modules that treat the first image of two batches differently.

    >>> norm = nn.BatchNorm1d(1, track_running_stats=False)
    >>> x = torch.tensor([[1.0], [2.0], [5.0]])
    >>> net = nn.Sequential(nn.Linear(1, 1), norm)
    >>> differing_modules(net, net, x[:2], x)
    ['1 (BatchNorm1d)']
    """
    if not isinstance(model, nn.Module):
        return []
    first, second = (_seen(call, model, x) for x in (a, b))
    found = []
    for key, (inputs, outputs) in first.items():
        other = second.get(key)
        if other is not None and _agree(inputs, other[0]) and not _agree(outputs, other[1]):
            found.append(key)
    names = [name for name, _ in found]
    innermost = [name for name in names if not any(n.startswith(f"{name}.") for n in names)]
    modules = dict(model.named_modules())
    return [f"{name} ({type(modules[name]).__name__})" for name in dict.fromkeys(innermost)]


def _seen(
    call: Callable[[Tensor], Any], model: nn.Module, x: Tensor
) -> dict[tuple[str, int], tuple[list, list]]:
    """What went in and out of every call of every module, the first image's share of it."""
    taken: dict[tuple[str, int], tuple[list, list]] = {}
    counts: dict[str, int] = {}

    def hook(name: str) -> Callable:
        def keep(module: nn.Module, args: Any, output: Any) -> None:
            number = counts.get(name, 0)
            counts[name] = number + 1
            taken[name, number] = _share(args), _share(output)

        return keep

    with ExitStack() as stack:
        for name, module in model.named_modules():
            if name and not isinstance(module, torch.jit.ScriptModule):
                stack.callback(module.register_forward_hook(hook(name), always_call=False).remove)
        call(x)
    return taken


def _share(values: Any) -> list[Tensor]:
    tensors = [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]
    return [t[0].detach().double().clone() for t in tensors if t.ndim and len(t) and t.is_floating_point()]


def _agree(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(
        x.shape == y.shape and bool((x - y).norm() <= _SAME * x.norm()) for x, y in zip(a, b, strict=True)
    )
