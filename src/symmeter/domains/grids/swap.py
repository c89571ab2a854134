"""Left and right: channels or rows that change places where the plane is mirrored."""

import re

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.symmetry.groups.group import Element

Pairs = tuple[tuple[int, int], ...]
_WRITTEN = re.compile(r"^swap=(\d+-\d+(?:,\d+-\d+)*)$")


def mirrors(element: Element) -> bool:
    """Whether an element turns left into right.

    >>> mirrors(AffineMap(((-1.0, 0.0), (0.0, 1.0)))), mirrors(AffineMap(((-1.0, 0.0), (0.0, -1.0))))
    (True, False)
    """
    return isinstance(element, AffineMap) and float(torch.linalg.det(element.matrix)) < 0


def swapped(x: Tensor, pairs: Pairs, axis: int) -> Tensor:
    """x of any shape with the entries of every pair exchanged along an axis.

    >>> swapped(torch.arange(4), ((0, 1),), 0).tolist()
    [1, 0, 2, 3]
    """
    order = list(range(x.shape[axis]))
    for a, b in pairs:
        order[a], order[b] = order[b], order[a]
    return x.index_select(axis, torch.tensor(order, device=x.device))


def parse_swap(text: str) -> Pairs:
    """The pairs of `swap=1-2,3-4`, numbered from 0; none of an empty text, ValueError for any other.

    >>> parse_swap("swap=1-2,3-4")
    ((1, 2), (3, 4))
    """
    written = _WRITTEN.match(text.replace(" ", ""))
    if not text.strip():
        return ()
    if written is None:
        raise ValueError(text)
    pairs = [pair.split("-") for pair in written[1].split(",")]
    found = tuple((int(a), int(b)) for a, b in pairs)
    numbers = [number for pair in found for number in pair]
    if len(set(numbers)) < len(numbers):
        raise ValueError(text)
    return found


def check_swap(pairs: Pairs, count: int, what: str) -> None:
    """ValueError where a pair names one of `count` channels or keypoints that is not there."""
    largest = max(map(max, pairs), default=0)
    if largest >= count:
        raise ValueError(f"it has {count} {what}, numbered from 0, and the swap names number {largest}")
