"""Tensors at one position of a grid, as the steps of a loop over time: what they are once they are stacked again."""

import itertools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from symmeter.domains.grids.axes.axes import UNKNOWN, Axes, Axis, axis, grid_along, roles, size_of

_first, _last = map(operator.attrgetter, ("first", "last"))


@dataclass(frozen=True)
class Place:
    """The positions along one coordinate that a tensor comes from, the first and the last of them."""

    role: str
    first: int
    last: int


class Places:
    """Remembers of tensors from where along a coordinate they were taken, one position each, and goes on with that."""

    def __init__(self) -> None:
        self._known = WeakTensorKeyDictionary()

    def take(self, axes: Axes, dim: int, positions: Sequence[int], parts: Sequence[Tensor]) -> None:
        """Parts (...) of a tensor with these axes, each at one position along the axis `dim`."""
        along = grid_along(axes, dim)
        if along is None:
            return
        end = size_of(axes[dim]) - 1
        for position, part in zip(positions, parts, strict=True):
            own = end - position if along.flipped else position
            self._known[part] = Place(along.role, own, own)

    def pass_on(self, inputs: Sequence[Tensor], outputs: Mapping[Tensor, Axes]) -> None:
        """Outputs of any shape come from wherever the inputs did, but for those along which the coordinate runs."""
        places = [self._known[tensor] for tensor in inputs if tensor in self._known]
        if len({place.role for place in places}) != 1:
            return
        role = places[0].role
        place = Place(role, min(map(_first, places)), max(map(_last, places)))
        for output, axes in outputs.items():
            if role not in roles(itertools.chain(*axes)):
                self._known[output] = place

    def stacked(self, tensors: Sequence[Tensor]) -> Axis | None:
        """The axis along which tensors (...) are stacked; None where they come from no positions.

        Where each ends, or begins, as far behind the one before it, they are the coordinate again: a net over time that
        goes from step to step, or backwards.
        """
        places = [self._known.get(tensor) for tensor in tensors]
        if not any(places):
            return None
        known = list(filter(None, places))
        in_order = any(map(_are_even, (list(map(_first, known)), list(map(_last, known)))))
        whole = len(known) == len(places) and len({place.role for place in known}) == 1
        return axis(known[0].role if whole and in_order else UNKNOWN, len(tensors))


def _are_even(numbers: Sequence[int]) -> bool:
    """Whether they grow, by as much from one to the next."""
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(steps) == 1 and min(steps) > 0
