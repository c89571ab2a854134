"""Values that a motion of the grid carries along and changes: by its linear part, and by a boost of the observer."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import ClassVar

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap, as_map
from symmeter.domains.grids.boosts import Boost, BoostGenerator, Clock, as_boost
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.grid import Grid
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial


@dataclass(frozen=True)
class Carried(Representation):
    """(B, C, *sizes) on a `grid`, or (B, C) on none: (g u)(p) = m(A) u(g^-1 p) for an affine map g, p -> A p + b.

    A subclass says what m(A) is, for blocks of channels. Along a generator X with velocity field v(p) = M p + b, whose
    elements are exp(tX) h(p) = h(p(t)), X u = v . grad u - m'(M) u. A boost by w moves what is there at time t by w t
    and adds `added(w)`; frames are blocks of channels, or an axis of their own, (B, T, C, *sizes), at the times of the
    `clock`. `components` is the number of axes of space where there is no grid.
    """

    grid: Grid | Trivial = field(default_factory=Trivial)
    components: int = 2
    clock: Clock = field(default_factory=Clock)
    noun: ClassVar[str] = "values"

    @abstractmethod
    def mixing(self, linear: Tensor) -> Tensor:
        """m(A), (c, c) float64, from A (n, n): m(1) = 1 and m(A) m(B) = m(A B)."""

    @abstractmethod
    def rate(self, linear: Tensor) -> Tensor:
        """m'(M), the derivative of m(exp(t M)) at t = 0: (..., c, c) from M (..., n, n)."""

    @abstractmethod
    def frames(self, channels: int) -> int:
        """How many frames so many channels are."""

    def check(self, x: Tensor) -> None:
        """SymmeterError for values (B, ...) of another shape."""

    def refuse(self, linear: Tensor) -> None:
        """SymmeterError for a linear part (n, n) under which such values become others."""

    def added(self, velocity: Tensor) -> Tensor:
        """What a boost by a velocity (b, n, ...) adds to every frame (B, c, ...): by default nothing."""
        return velocity.new_zeros([1] * velocity.ndim)

    @property
    def channel_axis(self) -> int:
        """The axis of the components."""
        return self.grid.channel_axis if isinstance(self.grid, Grid) else -1

    @property
    def _axes(self) -> int:
        """Those of the grid: none where there is no grid."""
        return self.grid.axes if isinstance(self.grid, Grid) else 0

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
            return self.boost_rate(self._velocity(generator.boost(1.0), x), x)
        if not isinstance(generator, AffineGenerator):
            return along
        linear = self._linear(generator, x)
        self.refuse(linear)
        return along - self._mixed(self.rate(linear), x)

    # the linear part

    def _linear_of(self, element: Element, x: Tensor) -> Tensor:
        """A, (n, n) float64, of an element on the grid of x; that of what moves no grid is 1."""
        element = as_map(element)
        linear = torch.eye(self._axes or self.components, dtype=torch.float64)
        if isinstance(element, AffineMap):
            own = min(len(linear), element.axes)  # components along axes that a map does not know stay
            linear[:own, :own] = element.matrix[:own, :own]
        if isinstance(element, Flow) and isinstance(element.generator, AffineGenerator):
            linear = torch.linalg.matrix_exp(-element.t * self._linear(element.generator, x))
        self.refuse(linear)
        return linear

    def _linear(self, generator: AffineGenerator, x: Tensor) -> Tensor:
        """M, (n, n) float64, in the coordinates of this grid."""
        linear, _ = generator.on(self._axes or self.components)
        if not isinstance(self.grid, Grid):
            return linear
        scale = torch.tensor(self.grid.coordinates(*self.grid.sizes(x)), dtype=torch.float64)
        return linear * scale[:, None] / scale

    def _mixed(self, matrix: Tensor, x: Tensor) -> Tensor:
        """The components of x mixed by a matrix (c, c), block by block."""
        axis = self.channel_axis % x.ndim
        blocks = x.unflatten(axis, (-1, len(matrix))).movedim(axis + 1, -1)
        return (blocks @ matrix.mT.to(x)).movedim(-1, axis + 1).flatten(axis, axis + 1)

    def mixed_at(self, slopes: Tensor, x: Tensor) -> Tensor:
        """m'(M) x for values x (b, C, *sizes) with another M (b, *sizes, n, n) at every position, of the shape of x."""
        matrices = self.rate(slopes).to(x).unsqueeze(1)
        blocks = x.unflatten(1, (-1, matrices.shape[-1])).movedim(2, -1)
        return (matrices * blocks[..., None, :]).sum(-1).movedim(-1, 2).flatten(1, 2)

    # boosts

    def _frames(self, x: Tensor) -> Tensor:
        """x (B, C, ...) as its frames (B, T, c, ...)."""
        return x if x.ndim > self._axes + 2 else x.unflatten(1, (self.frames(x.shape[1]), -1))

    def _velocity(self, boost: Boost, x: Tensor) -> Tensor:
        """That of a boost, (1, n, 1, ...) of the type of x: 0 along axes that it does not know."""
        count = self._axes or self.components
        velocity = (*boost.velocity, *[0.0] * count)[:count]
        return torch.tensor(velocity, dtype=x.dtype, device=x.device).reshape(1, -1, *[1] * self._axes)

    def _boosted(self, boost: Boost, x: Tensor) -> Acted:
        """Every frame moved as far as it is from now, with what the boost adds, and the mask of each."""
        frames, added = self._frames(x), self.added(self._velocity(boost, x))
        moved, masks = [], []
        for frame, time in zip(frames.unbind(1), self.clock.times(frames.shape[1]), strict=True):
            value, mask = self.grid.acting(frame)(boost.motion(time))
            moved.append(value + added)
            masks.append(mask.expand(frame.shape[1:]))
        return torch.stack(moved, 1).reshape(x.shape), torch.stack(masks).reshape(x.shape[1:])

    def boost_rate(self, velocity: Tensor, x: Tensor) -> Tensor:
        """added(w) - t w . grad u of the shape of x for every frame at its own time t, w (b, n, *sizes) or constant."""
        frames = self._frames(x)
        times = torch.tensor(self.clock.times(frames.shape[1]), dtype=x.dtype, device=x.device)
        gradient = self.grid.gradient(frames) if isinstance(self.grid, Grid) else []
        drifts = [w[:, None, None] * slope for w, slope in zip(velocity.unbind(1), gradient, strict=False)]
        drift = reduce(torch.add, drifts, torch.zeros_like(frames))
        rate = self.added(velocity).unsqueeze(1) - times.reshape(-1, *[1] * (frames.ndim - 2)) * drift
        return rate.reshape(x.shape)

    # where it lies

    def border(self, x: Tensor) -> Tensor | None:
        return self.grid.border(x)

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.grid.reach(generator, x)

    def step(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.grid.step(generator, x)

    def bound_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """That of one frame (C, *sizes)."""
        return shape[-1 - self._axes :]

    def describe(self) -> str:
        return f"{self.noun}, {self.grid.describe()}"
