"""By how many pixels boxes and keypoints lie beside where they should: found of those that belong together."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.grids.offsets import FURTHEST, Turned, find_offset
from symmeter.domains.images.placed.matching import assign
from symmeter.domains.images.placed.measures import BOXES
from symmeter.domains.images.placed.representation import Placed
from symmeter.domains.images.placed.rows import HALF, PRESENT
from symmeter.symmetry.offset import Offset

_PAIRED = 0.5  # the least share of boxes with a partner, of which something can be said of all


def placed_offset(turned: Turned) -> Offset | None:
    """That of outputs as rows (b, 1 + N, 7); None where nothing can be known of it.

    Keypoints belong together by their number. Boxes are matched twice: by where they are, both reaching further by what
    an offset makes of them at most, and then by where the offset that this shows would put them.
    """
    rho = turned.rho
    assert isinstance(rho, Placed)
    turned = replace(turned, part=lambda rows: rows[:, 1:, : HALF.stop])
    if rho.kind != BOXES:
        return find_offset(turned)
    nearest = _paired(turned, np.zeros(turned.axes), 0.0, 2 * FURTHEST)
    first = nearest and find_offset(nearest)
    if first is None:
        return None
    off = {one.axis: -one.value for one in first.along}
    paired = _paired(turned, np.array([off.get(axis, 0.0) for axis in "xy"]), rho.least_overlap, 0.0)
    return paired and find_offset(paired)


def _paired(turned: Turned, d: np.ndarray, least: float, further: float) -> Turned | None:
    """Boxes of f(g x) in the order of those that they belong to for an offset d (axes,); None of too few pairs.

    Pairs overlap by an IoU of `least` when both reach `further`, in pixels, to every side.
    """
    found, weights, boxes = {}, {}, 0.0
    for g, own in turned.moved.items():
        expected, _ = turned.expected(g, d)
        pairs, _ = assign(_grown(expected, further)[:, 1:], _grown(own, further)[:, 1:], least)
        found[g] = torch.cat([own[:, :1], pairs.to(own) @ own[:, 1:]], 1)
        weights[g] = torch.nn.functional.pad(pairs.any(2).to(own), (1, 0))[..., None]
        boxes += float((expected[..., PRESENT] + own[..., PRESENT]).sum()) / 2
    are_most = sum(float(weight.sum()) for weight in weights.values()) > _PAIRED * boxes
    return replace(turned, moved=found, weights=weights) if are_most else None


def _grown(rows: Tensor, further: float) -> Tensor:
    """Rows (b, 1 + N, 7) of boxes that reach further to every side."""
    grown = rows.clone()
    grown[..., HALF] += further
    return grown
