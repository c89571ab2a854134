"""What a network's first convolution says of its inputs: how many channels they have, and on how many axes they lie."""

import contextlib
import copy
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from symmeter.autodiff.onlooker import Onlooker

_CONVOLUTIONS = ("convolution", "_convolution", "convolution_overrideable", "conv1d", "conv2d", "conv3d")
_PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "linear", "matmul", "einsum")
_SIZES = {
    2: ((64, 64), (224, 224)),
    1: ((1, 64), (64,)),
    3: ((16, 64, 64),),
}  # by the axes of a kernel, in order
_BATCH = 2  # one input could be taken for none of a batch
_MOST = 12  # numbers of channels that are tried


@dataclass(frozen=True)
class Entrance:
    """Channels of the inputs, None where the network does not tell; `axes` of their grid, 2 for images."""

    channels: int | None = None
    axes: int = 2


class _Met(BaseException):
    """The first product of inputs and weights ends the pass: what arrived at a convolution, and what it takes.

    Both are 0 where it was no convolution.
    """

    def __init__(self, arrived: int = 0, taken: int = 0):
        self.arrived, self.taken = arrived, taken


class _FirstProduct(Onlooker):
    """Ends a pass of inputs (B, C, ...) with `_Met` at the first product of inputs and weights."""

    def __torch_dispatch__(
        self, func: Any, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        name = func.overloadpacket.__name__
        if name in _CONVOLUTIONS:
            x, weight = args[:2]
            if x.ndim != weight.ndim or x.shape[0] % _BATCH:
                raise ValueError("what reaches the convolution is no batch")
            if name.endswith(("convolution", "overrideable")):
                transposed, groups = args[6], args[8]
            else:
                transposed, groups = False, (*args, *[1] * 7)[6]
            taken = weight.shape[0] if transposed else weight.shape[1] * groups
            raise _Met(x.shape[1], taken)
        if name in _PRODUCTS:
            raise _Met()
        return func(*args, **(kwargs or {}))


def entrance(model: object) -> Entrance:
    """How a network takes its inputs, found by sending shapes alone through a copy without weights.

    The copy runs on the meta device up to its first convolution, so nothing is computed and `model` is not touched. A
    number of channels counts where as many arrive at that convolution as it takes, and one more would not do. Where no
    pass gets that far, the first convolution whose inputs no other layer makes is believed.

    >>> entrance(nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(16, 8, 3)))
    Entrance(channels=4, axes=2)
    >>> entrance(nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))).channels is None
    True
    """
    while (inner := _inside(model)) is not None:
        model = inner
    if not isinstance(model, nn.Module) or any(map(nn.parameter.is_lazy, model.parameters())):
        return Entrance()
    said = _said(model)
    if not said:
        return Entrance()
    kernels, counts = zip(*said, strict=True)
    reached = False
    with contextlib.suppress(Exception):
        shadow = _shadow(model)
        for grid in _grids(model, kernels):
            channels, met = _through(shadow, grid, counts)
            if channels is not None:
                return Entrance(channels, len(grid))
            reached |= met
    return Entrance() if reached else Entrance(_unmade(model, counts))


def _inside(model: object) -> nn.Module | None:
    """The network that a wrapper of torch's own runs."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    return model.module if isinstance(model, wrappers) else getattr(model, "_orig_mod", None)


def _said(model: nn.Module) -> list[tuple[int, int]]:
    """(axes of the kernel, channels that it takes) of all layers whose weights look like a convolution's, in order."""
    found = []
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if not isinstance(weight, Tensor) or weight.ndim not in (3, 4, 5):
            continue
        channels = getattr(module, "in_channels", None)
        channels = channels if isinstance(channels, int) else weight.shape[1]
        if channels:
            found.append((weight.ndim - 2, channels))
    return found


def _unmade(model: nn.Module, said: Sequence[int]) -> int:
    """The first number of channels that no other layer makes; the first of all where there is none."""
    made = set()
    for module in model.modules():
        made |= {getattr(module, "out_channels", None), getattr(module, "out_features", None)}
    return next((channels for channels in said if channels not in made), said[0])


def _grids(model: nn.Module, kernels: Sequence[int]) -> list[tuple[int, ...]]:
    """Sizes of inputs to try: the model's own, usual ones, one row, and those of signals and volumes where they fit."""
    config = getattr(model, "config", None)
    timm = getattr(model, "pretrained_cfg", None)
    own = [getattr(where, name, None) for where in (model, config) for name in ("img_size", "image_size")]
    own.append(timm.get("input_size", ())[1:] if isinstance(timm, dict) else None)
    grids: list[tuple[int, ...]] = []
    for size in own:
        if isinstance(size, int):
            grids.append((size, size))
        elif isinstance(size, tuple | list) and len(size) == 2:
            grids.append(tuple(size))
    for axes, sizes in _SIZES.items():
        grids += sizes if axes in (2, *kernels) else ()
    return list(dict.fromkeys(grids))


def _shadow(model: nn.Module) -> nn.Module:
    """A copy in eval mode whose tensors have a shape and no content, and that tells nobody what it returns."""
    memo: dict[int, object] = {}
    held = [t for module in model.modules() for t in vars(module).values() if isinstance(t, Tensor)]
    for tensor in (*model.parameters(), *model.buffers(), *held):
        empty = torch.empty_like(tensor.detach(), device="meta")
        if isinstance(tensor, nn.Parameter):
            empty = nn.Parameter(empty, tensor.requires_grad)
        memo[id(tensor)] = empty
    shadow = copy.deepcopy(model, memo).eval()
    for module in shadow.modules():
        module._forward_hooks.clear()
    return shadow


def _through(shadow: nn.Module, grid: tuple[int, ...], said: Sequence[int]) -> tuple[int | None, bool]:
    """Channels with which a pass is consistent, None without; and whether any pass met weights at all."""
    waiting, met = list(dict.fromkeys([*said, 3, 1]))[:_MOST], False
    for channels in waiting:  # grows while it is gone through
        end = _end(shadow, channels, grid)
        if end is None:
            continue
        met = True
        if not end.taken:
            break
        if end.arrived == end.taken:
            more = _end(shadow, channels + 1, grid)
            any_would_do = more is not None and more.arrived == more.taken
            return (None if any_would_do else channels), True
        implied, rest = divmod(end.taken * channels, end.arrived)
        if not rest and implied not in (0, *waiting) and len(waiting) < 2 * _MOST:
            waiting.append(implied)
    return None, met


def _end(shadow: nn.Module, channels: int, grid: tuple[int, ...]) -> _Met | None:
    """Where a pass on two inputs of that shape ends; None for one that fails before it meets any weights."""
    x = torch.empty(_BATCH, channels, *grid, device="meta", dtype=_dtype(shadow))
    try:
        with _alone(), _FirstProduct():
            shadow(x)
    except _Met as met:
        return met
    except (Exception, SystemExit):
        return None
    return _Met()


def _dtype(shadow: nn.Module) -> torch.dtype:
    """The floating type of the first parameter that has one."""
    return next((p.dtype for p in shadow.parameters() if p.is_floating_point()), torch.float32)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Nothing of what a forward pass says or draws is seen outside."""
    with (
        torch.no_grad(),
        torch.random.fork_rng(devices=[]),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
