"""Follows the axes of a grid through a forward pass, operation by operation."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from torch import Tensor
from torch._ops import OpOverload
from torch.utils.weak import WeakTensorKeyDictionary

from symmeter.autodiff.onlooker import Onlooker
from symmeter.domains.grids.axes.acting import axes_under, representation
from symmeter.domains.grids.axes.axes import (
    UNKNOWN,
    Axes,
    axis,
    grid_axes,
    padded,
    shape_of,
    unify,
    unknown,
)
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, rule_of, tensors_in
from symmeter.domains.grids.axes.operations.whole import WholeCalls
from symmeter.domains.grids.axes.places import Places
from symmeter.domains.grids.grid import Grid
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.tracker import Tracker


class AxisTracker(Onlooker, Tracker):
    """While active, remembers of every tensor that depends on samples x, as (B, C, H, W), which axes are the grid's.

    An operation that has no rule and does not work entry by entry gives axes of which nothing is known; so does a rule
    that fails. Axes are followed from the image and never read off a shape.

    >>> import torch
    >>> x = torch.rand(2, 3, 4, 6)
    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> with AxisTracker(x, Grid(Bandlimited())) as tracker:
    ...     tokens = x.flatten(2).transpose(1, 2)
    >>> tracker.representation(tokens).describe()
    '4 x 6 tokens behind 0'
    """

    def __init__(self, x: Tensor, grid: Grid):
        """`grid`: how x moves, which is (B, C, L) where that has one axis, (B, C, D, H, W) where it has three."""
        super().__init__()
        self._grid = grid
        self._axes = WeakTensorKeyDictionary()
        self._places = Places()
        self._sizes: Sequence[int] = ()
        if x.ndim == 2 + grid.axes:
            self._axes[x] = grid_axes(x, grid.axes)
            self._sizes = x.shape[2:]
        else:  # several inputs in one: each is learnt where it is taken out
            self._axes[x] = unknown(x.shape)

    def axes(self, tensor: Tensor) -> Axes | None:
        """The axes of a tensor; None for one that does not depend on the images."""
        return self._axes.get(tensor)

    def representation(self, tensor: Tensor) -> Representation | None:
        """How the symmetry acts on a tensor; None where that is not known."""
        axes = self.axes(tensor)
        return None if axes is None else representation(axes, self._grid, self._sizes)

    def learn(self, tensor: Tensor, rho: Representation) -> None:
        """Go on from what somebody knows of a tensor."""
        axes = axes_under(rho, tensor.shape)
        if axes is not None:
            self._axes[tensor] = axes

    def __torch_dispatch__(
        self, func: OpOverload, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if any(tensor in self._axes for tensor in tensors_in((args, kwargs))):
            self._follow(func, args, kwargs, result)
        return result

    def _fill(self, part: Tensor) -> None:
        """What is written to a slice gives the tensor around it its axes, as circular padding does."""
        whole, axes = part._base, self._axes[part]
        if whole is None:
            return
        if whole.ndim != part.ndim:
            self._axes[whole] = self._axes.get(whole) or unknown(whole.shape)
            return
        larger = zip(padded(axes, whole.shape), axes, whole.shape, strict=True)
        found = tuple(factors if own else axis(UNKNOWN, size) for factors, own, size in larger)
        known = self._axes.get(whole)
        self._axes[whole] = found if known is None else unify(known, found, whole.shape)

    def __enter__(self) -> Self:
        self._calls = WholeCalls(self._replace)
        self._calls.__enter__()
        return super().__enter__()

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        self._calls.__exit__(*raised)

    def _replace(self, rule: Callable[..., Found], args: tuple, kwargs: dict, result: object) -> None:
        """What is known of a call as a whole takes the place of what was found on the way."""
        if any(tensor in self._axes for tensor in tensors_in((args, kwargs))):
            self._found(rule, tensors_in(result), args, kwargs)

    def _follow(self, func: OpOverload, args: tuple, kwargs: dict, result: object) -> None:
        outputs = tensors_in(result)
        name = func.overloadpacket.__name__
        if name.startswith("new_") or name.endswith("_like"):
            return  # takes the shape only
        self._found(rule_of(func) or _nothing, outputs, args, kwargs)
        self._at_places(name, outputs, args, kwargs)
        if name.endswith("_") and not name.startswith("_"):  # in place
            for written, output in zip(tensors_in(args[:1]), outputs, strict=False):
                self._axes[written] = self._axes[output]
                if name == "copy_" or written._base not in self._axes:
                    self._fill(written)

    def _at_places(self, name: str, outputs: list[Tensor], args: tuple, kwargs: dict) -> None:
        """Follow single positions of the grid (...) through an operation, until they are side by side again."""
        if name in ("select", "unbind"):
            self._taken(outputs, *args)
        elif name in ("stack", "cat"):
            self._put_together(outputs[0], *args)
        after = {output: self._axes.get(output) or () for output in outputs}
        self._places.pass_on(tensors_in((args, kwargs)), after)

    def _taken(self, outputs: list[Tensor], x: Tensor, dim: int = 0, index: int = 0) -> None:
        """One position of x (..., N, ...), or all of them."""
        first = index % x.shape[dim]
        positions = range(first, first + len(outputs))
        self._places.take(self._axes[x], dim % x.ndim, positions, outputs)

    def _put_together(self, output: Tensor, tensors: Sequence[Tensor], dim: int = 0) -> None:
        """Single positions side by side, in (..., N, ...)."""
        along = self._places.stacked(tensors) if output.shape[dim] == len(tensors) else None
        own = list(self._axes[output])
        own[dim] = along or own[dim]
        self._axes[output] = tuple(own)

    def _found(self, rule: Callable[..., Found], outputs: list[Tensor], args: tuple, kwargs: dict) -> None:
        """Remember the axes of outputs of any shape, told by the rule; unknown where it cannot tell."""
        try:
            found = rule(self.axes, outputs, *args, **kwargs)
        except Exception:  # a rule that meets what it was not made for
            found = _nothing(self.axes, outputs)
        for output, axes in zip(outputs, found, strict=False):
            fits = axes is not None and shape_of(axes) == tuple(output.shape)
            self._axes[output] = axes if fits else unknown(output.shape)


def _nothing(axes_of: AxesOf, outputs: list[Tensor], *_: object, **__: object) -> Found:
    """The rule of an operation that nobody knows."""
    return [None] * len(outputs)
