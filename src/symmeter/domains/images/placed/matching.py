"""Which boxes belong together: the assignment of largest total IoU within every class, and what it leaves over."""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.images.placed.representation import Placed
from symmeter.domains.images.placed.rows import CENTRE, CLASS, HALF, PRESENT, SCORE, reach_of, things_of
from symmeter.measures.orbit import View

_BORDER = 1.0  # pixels: a box that comes closer to the border of the frame may be cut by it


@dataclass(frozen=True)
class Matched:
    """What an assignment found of b images, (b,) float64 each.

    `overlap` is the sum of the IoU of `pairs` boxes, `change` that of the differences of their scores; `boxes` counts
    those of both sides, pairs twice. Boxes that the border of a frame may have cut are left out.
    """

    overlap: Tensor
    change: Tensor
    pairs: Tensor
    boxes: Tensor


def matched(view: View) -> Matched:
    """The boxes of f(g x) and those of g f(x) in the frame of g x, matched; computed once for each view."""
    return view.shared("matched boxes", lambda: _matched(view))


def _matched(view: View) -> Matched:
    rho = view.chunk.rho
    assert isinstance(rho, Placed)
    moved, _ = view.moved
    expected, found = things_of(moved), things_of(view.y)
    assigned, overlaps = assign(expected, found, rho.least_overlap)
    cut_expected, cut_found = _cut(view, expected.shape[1], found.shape[1])
    whole = assigned & ~cut_expected[:, :, None] & ~cut_found[:, None, :]
    change = (expected[:, :, None, SCORE] - found[:, None, :, SCORE]).abs()
    alone = _alone(expected, assigned.any(2) | cut_expected) + _alone(found, assigned.any(1) | cut_found)
    pairs = _total(whole)
    return Matched(_total(overlaps * whole), _total(change * whole), pairs, 2 * pairs + alone)


def assign(expected: Tensor, found: Tensor, least: float) -> tuple[Tensor, Tensor]:
    """Which of rows (b, N, 7) and (b, M, 7) belong together, (b, N, M), and their IoU (b, N, M).

    Of every image the assignment with the largest sum of IoU within classes (Hungarian algorithm); pairs with an IoU
    below `least` are none.
    """
    overlaps = iou(expected, found)
    same = (expected[:, :, None, CLASS] - found[:, None, :, CLASS]).abs() < 0.5
    there = (expected[:, :, None, PRESENT] > 0.5) & (found[:, None, :, PRESENT] > 0.5)
    overlaps = overlaps * (same & there)
    from scipy.optimize import linear_sum_assignment  # slow to import

    assigned = torch.zeros_like(overlaps, dtype=torch.bool)
    for own, costs in zip(assigned, overlaps.nan_to_num().cpu().numpy(), strict=True):
        rows, columns = linear_sum_assignment(costs, maximize=True)
        own[torch.as_tensor(rows), torch.as_tensor(columns)] = True
    return assigned & (overlaps >= max(least, 1e-6)), overlaps


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of rows (b, N, 7) and (b, M, 7): (b, N, M) float64."""
    a, b = a.double(), b.double()
    low = torch.maximum(_corner(a, -1)[:, :, None], _corner(b, -1)[:, None])
    high = torch.minimum(_corner(a, 1)[:, :, None], _corner(b, 1)[:, None])
    both = (high - low).clamp(min=0).prod(-1)
    either = _area(a)[:, :, None] + _area(b)[:, None] - both
    return both / either.clamp(min=1e-12)


def _corner(rows: Tensor, side: int) -> Tensor:
    return rows[..., CENTRE] + side * rows[..., HALF]


def _area(rows: Tensor) -> Tensor:
    return 4 * rows[..., HALF].prod(-1)


def _cut(view: View, expected: int, found: int) -> tuple[Tensor, Tensor]:
    """Which of so many rows may be cut by the border, (b, N) and (b, M): none where g keeps the frame as it is."""
    own, moved, back = view.chunk.reference, view.moved[0], view.conjugated[0]
    keeps = torch.isclose(moved[:, 0, :4], view.y[:, 0, :4], atol=1e-3, rtol=0).all(1)[:, None]
    of_expected = _touching(own, reach_of(own)) | _touching(moved, reach_of(view.y))
    of_found = _touching(view.y, reach_of(view.y)) | _touching(back, reach_of(own))
    return of_expected[:, :expected] & ~keeps, of_found[:, :found] & ~keeps


def _touching(rows: Tensor, reach: Tensor) -> Tensor:
    """Which things (b, N) of rows (b, 1 + N, 7) come near the border of a frame: it ends at `reach` (b, 1, 2)."""
    things = rows[:, 1:]
    return (things[..., CENTRE].abs() + things[..., HALF] > reach - _BORDER).any(-1)


def _alone(rows: Tensor, known: Tensor) -> Tensor:
    """How many of rows (b, N, 7) are there and not `known` (b, N)."""
    return _total((rows[..., PRESENT] > 0.5) & ~known)


def _total(values: Tensor) -> Tensor:
    """The sum over all but the batch axis: (b,) float64."""
    return values.double().flatten(1).sum(1)
