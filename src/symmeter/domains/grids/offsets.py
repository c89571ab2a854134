"""About which point does an output turn? The constant offset of its grid that minimises the equivariance error.

An output y whose middle lies at d in the field that it samples, y(q) = F(q + d), follows g: p -> A p as
y_g(q) = y(A^-1 (q + d) - d): it is moved by the map q -> A q + (A - 1) d, which leaves -d where it is. The d with the
smallest squared error is found by least squares, and -d is how far the output lies beside where it should.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.results.bootstrap import sums
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.offset import AlongAxis, Offset
from symmeter.symmetry.representations.representation import Acted, Representation

Part = Callable[[Tensor], Tensor]
_AXES = ("x", "y", "z")
FURTHEST, _COARSE = 2.0, 0.5  # positions: where it is looked for first, and in which steps
_STEPS, _LONGEST, _DONE = (
    8,
    0.5,
    1e-5,
)  # of Gauss and Newton: how many, the longest, and when there is no need
_DIFFERENCE = 0.05  # positions, of the quotient that is the derivative by d
_TAIL = 2.5  # percent


def turns_in_place(g: Element) -> bool:
    """Whether an element mirrors or turns a grid about its centre, place by place: A permutes axes, up to signs.

    >>> from symmeter.domains.grids.affine_map import rotation_by
    >>> maps = [AffineMap(), rotation_by(90), rotation_by(45), AffineMap(shift=(1.0, 0.0))]
    >>> [g.name for g in maps if turns_in_place(g)]
    ['rotate 90']
    """
    if not isinstance(g, AffineMap):
        return False
    whole = torch.equal(g.matrix.abs(), (g.matrix != 0).to(g.matrix)) and bool(
        (g.matrix != 0).sum(0).eq(1).all()
    )
    return whole and not g.translates and not any(g.shift)


@dataclass(frozen=True)
class Turned:
    """An output y (b, ...) on which maps act by `rho`, and what it is for g x, (b, ...), for some g.

    `part` takes of a tensor what is to be compared, and `weights` (b, ...) how much it counts: 1 for maps without.
    """

    rho: Representation
    y: Tensor
    moved: Mapping[AffineMap, Tensor]
    part: Part = lambda y: y
    weights: Mapping[AffineMap, Tensor] = field(default_factory=dict)

    @property
    def axes(self) -> int:
        """How many axes the grid has."""
        return len(next(iter(self.moved)).shift)

    def expected(self, g: AffineMap, d: np.ndarray) -> Acted:
        """What f(g x) (b, ...) should be for an offset d (axes,), and a mask where that is known."""
        own = np.array(g.linear) @ d - d
        return self.rho.act(replace(g, shift=tuple(map(float, own)), frame=None), self.y)

    def residual(self, g: AffineMap, d: np.ndarray) -> tuple[Tensor, Tensor]:
        """f(g x) less what it should be for an offset d (axes,), and where that is known: (b, ...) each, float64."""
        expected, mask = self.expected(g, d)
        known = (mask * self.weights.get(g, 1.0)).expand_as(expected)
        return self.part(self.moved[g] - expected).double(), self.part(known).double()

    def errors(self, d: np.ndarray, where: np.ndarray | None = None) -> float:
        """The mean squared error for an offset d (axes,), where an offset `where` has values too."""
        squares, weights = 0.0, 0.0
        for g in self.moved:
            off, mask = self.residual(g, d)
            mask = mask if where is None else mask * self.residual(g, where)[1]
            squares += float((off.square() * mask).sum())
            weights += float(mask.sum())
        return squares / max(weights, 1.0)

    def normal_equations(self, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """J^T J (b, axes, axes) and J^T r (b, axes) of every sample: residuals r, and their slopes J by d."""
        count = len(self.y)
        left, right = np.zeros((count, self.axes, self.axes)), np.zeros((count, self.axes))
        for g in self.moved:
            off, mask = self.residual(g, d)
            slopes = torch.stack([self._slope(g, d, step) for step in _DIFFERENCE * np.eye(self.axes)], 1)
            weighted = (slopes * mask[:, None]).flatten(2)
            left += (weighted @ slopes.flatten(2).mT).cpu().numpy()
            right += (weighted @ off.flatten(1)[..., None])[..., 0].cpu().numpy()
        return left, right

    def _slope(self, g: AffineMap, d: np.ndarray, step: np.ndarray) -> Tensor:
        """Of the residual of g by d, along a step (axes,): (b, ...)."""
        return (self.residual(g, d + step)[0] - self.residual(g, d - step)[0]) / (2 * _DIFFERENCE)


def find_offset(turned: Turned, seed: int = 0) -> Offset | None:
    """The offset of an output, with an interval by a bootstrap over samples; None where nothing can be known of it."""
    seen = _seen_axes(list(turned.moved))
    if not seen or len(turned.y) < 2:
        return None
    d = _started(turned, seen)
    for _ in range(_STEPS):
        left, right = turned.normal_equations(d)
        step = _solved(left.sum(0), right.sum(0), seen)
        d = d - np.clip(step, -_LONGEST, _LONGEST)
        if np.abs(step).max() < _DONE:
            break
    nothing = turned.errors(np.zeros_like(d), where=d)
    explained = 1 - turned.errors(d) / nothing if nothing else 0.0
    low, high = _interval(turned, d, seen, seed)
    values = zip((-d).tolist(), (-high).tolist(), (-low).tolist(), strict=True)
    along = [AlongAxis(axis, *value) for axis, value in zip(_AXES, values, strict=False)]
    return Offset(tuple(along[i] for i in seen), explained)


def _seen_axes(elements: Sequence[AffineMap]) -> list[int]:
    """The axes along which an offset shows: those that no element leaves as they are."""
    changes = np.concatenate([np.array(g.linear) - np.eye(len(g.shift)) for g in elements])
    return np.flatnonzero(np.abs(changes).sum(0)).tolist()


def _started(turned: Turned, seen: Sequence[int]) -> np.ndarray:
    """Where least squares begin: the best of some offsets (axes,), axis by axis, twice."""
    d = np.zeros(turned.axes)
    tried = np.arange(-FURTHEST, FURTHEST + _COARSE / 2, _COARSE)
    for axis in itertools.chain(seen, seen):
        candidates = [np.where(np.arange(len(d)) == axis, value, d) for value in tried]
        d = min(candidates, key=lambda one: (turned.errors(one), float(np.abs(one).sum())))
    return d


def _solved(left: np.ndarray, right: np.ndarray, seen: Sequence[int]) -> np.ndarray:
    """The step (axes,) of the normal equations (axes, axes) and (axes,), 0 along axes that show nothing."""
    step = np.zeros(len(right))
    step[list(seen)] = np.linalg.pinv(left[np.ix_(seen, seen)], hermitian=True) @ right[list(seen)]
    return step


def _interval(turned: Turned, d: np.ndarray, seen: Sequence[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The ends (axes,) each of the 95 % interval: one more step on samples that are drawn again with replacement."""
    left, right = turned.normal_equations(d)
    lefts, rights = sums(left, seed), sums(right, seed)
    found = np.stack([d - _solved(a, b, seen) for a, b in zip(lefts, rights, strict=True)])
    low, high = np.percentile(found, [_TAIL, 100 - _TAIL], axis=0)
    return low, high
