"""Values that a motion of the grid carries along and changes: by its linear part, and by a boost of the observer."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.boosts import Boost, BoostGenerator, Clock, as_boost
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.grid import LAYOUTS, Image
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial

_DIMENSIONS = 2


@dataclass(frozen=True)
class Carried(Representation):
    """(B, C, H, W) on a `grid`, or (B, C) on none: (g u)(p) = m(A) u(g^-1 p) for an affine map g, p -> A p + b.

    A subclass says what m(A) is. Along a generator X with velocity field v(p) = M p + b, whose elements are
    exp(tX) h(p) = h(p(t)), X u = v . grad u - m'(M) u. A boost by w moves what is there at time t by w t and adds
    `added(w)`; frames are blocks of channels, or an axis of their own, (B, T, C, H, W), at the times of the `clock`.
    """

    grid: Image | Trivial = field(default_factory=Trivial)
    clock: Clock = field(default_factory=Clock)
    noun: ClassVar[str] = "values"

    @abstractmethod
    def mixing(self, linear: Tensor) -> Tensor:
        """m(A), (c, c) float64, or () for a factor, from A (2, 2): m(1) = 1 and m(A) m(B) = m(A B)."""

    @abstractmethod
    def rate(self, linear: Tensor) -> Tensor:
        """m'(M), the derivative of m(exp(t M)) at t = 0, of the shape of m(A), from M (2, 2)."""

    @abstractmethod
    def frames(self, channels: int) -> int:
        """How many frames so many channels are."""

    def check(self, x: Tensor) -> None:
        """SymmeterError for values (B, ...) of another shape."""

    def refuse(self, linear: Tensor) -> None:
        """SymmeterError for a linear part (2, 2) under which such values become others."""

    def added(self, boost: Boost, frame: Tensor) -> Tensor:
        """What a boost adds to a frame (B, c, ...), broadcastable against it: by default nothing."""
        return torch.zeros((), dtype=frame.dtype, device=frame.device)

    @property
    def channel_axis(self) -> int:
        """The axis of the components."""
        return self.grid.channel_axis if isinstance(self.grid, Image) else -1

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved values, of the shape of x, and the mask of the grid."""
        self.check(x)
        acting = self.grid.acting(x)

        def act(element: Element) -> Acted:
            boost = as_boost(element)
            if boost is not None:
                return self._boosted(boost, x)
            moved, mask = acting(element)
            linear = self._linear_of(element, x)
            return self._mixed(self.mixing(linear), moved), mask

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X u for every generator, of the shape of x each."""
        self.check(x)
        moved = self.grid.differentiate_all(generators, x)
        return [self._rate(one, along, x) for one, along in zip(generators, moved, strict=True)]

    def _rate(self, generator: Generator, along: Tensor, x: Tensor) -> Tensor:
        """X u of the shape of x, from how the grid moves it."""
        if isinstance(generator, BoostGenerator):
            return self._boost_rate(generator, x)
        if not isinstance(generator, AffineGenerator):
            return along
        linear = self._linear(generator, x)
        self.refuse(linear)
        return along - self._mixed(self.rate(linear), x)

    # the linear part

    def _linear_of(self, element: Element, x: Tensor) -> Tensor:
        """A, (2, 2) float64, of an element on the grid of x; that of what moves no grid is 1."""
        linear = torch.eye(_DIMENSIONS, dtype=torch.float64)
        if isinstance(element, AffineMap):
            linear = element.matrix
        if isinstance(element, Flow) and isinstance(element.generator, AffineGenerator):
            linear = torch.linalg.matrix_exp(-element.t * self._linear(element.generator, x))
        self.refuse(linear)
        return linear

    def _linear(self, generator: AffineGenerator, x: Tensor) -> Tensor:
        """M, (2, 2) float64, in the coordinates of this grid."""
        linear = torch.tensor(generator.linear, dtype=torch.float64)
        if not isinstance(self.grid, Image):
            return linear
        _, rows, columns = LAYOUTS[self.grid.layout]
        scale = torch.tensor(self.grid.units(x.shape[rows], x.shape[columns])[1], dtype=torch.float64)
        return linear * scale[:, None] / scale

    def _mixed(self, matrix: Tensor, x: Tensor) -> Tensor:
        """The components of x mixed by a matrix (c, c), block by block, or times a factor ()."""
        if matrix.ndim == 0:
            return matrix.to(x) * x
        axis = self.channel_axis % x.ndim
        blocks = x.unflatten(axis, (-1, len(matrix))).movedim(axis + 1, -1)
        return (blocks @ matrix.mT.to(x)).movedim(-1, axis + 1).flatten(axis, axis + 1)

    # boosts

    def _frames(self, x: Tensor) -> Tensor:
        """x (B, C, ...) as its frames (B, T, c, ...)."""
        axes = _DIMENSIONS if isinstance(self.grid, Image) else 0
        if x.ndim > axes + 2:
            return x
        return x.unflatten(1, (self.frames(x.shape[1]), -1))

    def _boosted(self, boost: Boost, x: Tensor) -> Acted:
        """Every frame moved as far as it is from now, with what the boost adds, and the mask of each."""
        frames = self._frames(x)
        moved, masks = [], []
        for frame, time in zip(frames.unbind(1), self.clock.times(frames.shape[1]), strict=True):
            value, mask = self.grid.acting(frame)(boost.motion(time))
            moved.append(value + self.added(boost, frame))
            masks.append(mask.expand(frame.shape[1:]))
        return torch.stack(moved, 1).reshape(x.shape), torch.stack(masks).reshape(x.shape[1:])

    def _boost_rate(self, generator: BoostGenerator, x: Tensor) -> Tensor:
        """v - t v . grad u of the shape of x, for every frame at its own time t."""
        frames = self._frames(x)
        times = torch.tensor(self.clock.times(frames.shape[1]), dtype=x.dtype, device=x.device)
        rate = self.added(generator.boost(1.0), frames[:, 0]).expand_as(frames[:, 0]).unsqueeze(1)
        return (rate - self._drift(generator.direction, frames, times)).reshape(x.shape)

    def _drift(self, direction: tuple[float, float], frames: Tensor, times: Tensor) -> Tensor:
        """t v . grad u of frames (B, T, c, ...) at times (T,)."""
        if not isinstance(self.grid, Image):
            return torch.zeros_like(frames)
        _, rows, columns = LAYOUTS[self.grid.layout]
        along = [self.grid.interpolant.differentiate(frames, axis) for axis in (columns, rows)]
        across, down = direction
        return times[:, None, None, None] * (across * along[0] + down * along[1])

    # where it lies

    def border(self, x: Tensor) -> Tensor | None:
        return self.grid.border(x)

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.grid.reach(generator, x)

    def step(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.grid.step(generator, x)

    def describe(self) -> str:
        return f"{self.noun}, {self.grid.describe()}"
