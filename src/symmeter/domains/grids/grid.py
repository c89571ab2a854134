"""Grids of one to three axes, signals, images, volumes and feature maps: moved by affine maps along their axes."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, reduce

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap, as_map
from symmeter.domains.grids.densities import Densities, centred
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.domains.grids.padding import CIRCULAR, REFLECT, ZEROS, padding_along
from symmeter.domains.grids.pixels import Pixels
from symmeter.domains.grids.resampler import Resampler
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.pairing import Pairing
from symmeter.symmetry.representations.representation import Acted, Representation

CHANNELS_FIRST, CHANNELS_LAST = "channels_first", "channels_last"
_SAME = 1e-9
_AROUND = Periodic()


@dataclass(frozen=True)
class Grid(Representation):
    """A batch of grids of one to three axes, such as (B, C, L), (B, C, H, W), (B, D, H, W, C): X x = v . grad x.

    Axes are named from the last: x, y, z. `interpolant` says what lies between the positions, and so what the
    derivative is. Velocity fields are in positions from the centre of this grid, so a feature map of any size carries
    the same fields. With `spacing`, the lengths of a step along x, y, z, linear maps act on lengths: a rotation turns
    what is in space. `padding` is what elements bring in from outside: the interpolant's own extension (`reflect`),
    `zeros`, or the other side (`circular`); one word for all axes, or `x=circular,y=reflect`. Along circular axes the
    interpolant is the periodic one. With `pixels` given a tensor of two axes is a picture, whose colours are acted on
    in pixel values; without, colours are left alone.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    >>> Grid(Bandlimited()).differentiate(GENERATORS["translation_y"], ramp).abs().max() < 1e-5
    tensor(True)
    """

    interpolant: Interpolant
    layout: str = CHANNELS_FIRST
    pixels: Pixels | None = None
    padding: str = REFLECT
    axes: int = 2
    spacing: tuple[float, ...] | None = None

    @property
    def channel_axis(self) -> int:
        return {CHANNELS_FIRST: -1 - self.axes, CHANNELS_LAST: -1}[self.layout]

    @property
    def along(self) -> tuple[int, ...]:
        """The axes x, y, z of a value, counted from its end."""
        last = {CHANNELS_FIRST: -1, CHANNELS_LAST: -2}[self.layout]
        return tuple(range(last, last - self.axes, -1))

    def sizes(self, x: Tensor) -> tuple[int, ...]:
        """Those of the axes of a value, in its order: (H, W)."""
        return tuple(x.shape[axis] for axis in reversed(self.along))

    def interpolants(self, wrap: bool = False) -> list[Interpolant]:
        """Along x, y, z: periodic where the padding is circular, or everywhere if the grid wraps."""
        if wrap:
            return [_AROUND] * self.axes
        words = padding_along(self.padding, self.axes)
        return [_AROUND if word == CIRCULAR else self.interpolant for word in words]

    @property
    def slopes(self) -> list[Interpolant]:
        """Those that give derivatives along x, y, z; a low-passed definition is one of derivatives, and gives all."""
        return self.interpolants() if self.interpolant.keeps_all else [self.interpolant] * self.axes

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, of the shape of x each; derivatives of x serve all the affine ones."""
        slope = self._slope_of(x)
        return [
            self._along(one, slope, x) if isinstance(one, AffineGenerator) else self._changed(one, x)
            for one in generators
        ]

    def gradient(self, x: Tensor) -> list[Tensor]:
        """The derivatives of x along x, y, z, of the shape of x each."""
        return list(map(self._slope_of(x), range(self.axes)))

    def _slope_of(self, x: Tensor) -> Callable[[int], Tensor]:
        """The derivative of x along x, y or z (0, 1, 2), of the shape of x: each computed when it is first needed."""
        low = self.interpolant.smoothed(x, self.along)
        return cache(lambda k: self.slopes[k].differentiate(low, self.along[k]))

    def _along(self, generator: AffineGenerator, slope: Callable[[int], Tensor], x: Tensor) -> Tensor:
        """v . grad x, from the derivatives of x."""
        fields = self.velocity(generator, *self.sizes(x))
        moving = [k for k, field in enumerate(fields) if bool(field.any())]
        terms = [slope(k) * self._on_axes(fields[k]).to(x) for k in moving]
        return reduce(torch.add, terms) if terms else torch.zeros_like(x)

    def pairing(self, x: Tensor) -> Pairing:
        """<w, X x> for covectors w of the shape of x; derivatives of x serve all of them, and all affine generators."""
        sizes = self.sizes(x)
        return Densities(
            self._slope_of(x),
            lambda generator: self.field(generator, *sizes),
            self.channel_axis,
            self.axes * x.numel() * x.element_size(),
            super().pairing(x),
        )

    def field(self, generator: AffineGenerator, *sizes: int) -> tuple[Tensor, Tensor]:
        """A (n, n) and b (n,) of v = A p + b along x, y, z, in positions from the centre per unit of t; float64."""
        linear, shift = generator.on(self.axes)
        half, unit = (torch.tensor(part, dtype=torch.float64) for part in self.units(*sizes))
        return linear * (unit[:, None] / unit), shift * half

    def velocity(self, generator: AffineGenerator, *sizes: int) -> tuple[Tensor, ...]:
        """v = A p + b along x, y, z at every position, (H, W) each, in positions per unit of t; float64."""
        linear, shift = self.field(generator, *sizes)
        points = [centred(n).reshape(-1, *[1] * k) for k, n in enumerate(reversed(sizes))]
        rows = [[a * p for a, p in zip(row, points, strict=True)] for row in linear]
        return tuple((reduce(torch.add, row) + b).expand(sizes) for row, b in zip(rows, shift, strict=True))

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """The largest |v|, in positions: of a translation half the grid, of a rotation the distance of the corners."""
        if not isinstance(generator, AffineGenerator):
            return None
        fields = self.velocity(generator, *self.sizes(x))
        return float(reduce(torch.hypot, fields, torch.zeros((), dtype=torch.float64)).max()) or None

    def step(self, generator: Generator, x: Tensor) -> float | None:
        """Of translations along one axis, one over half the grid. A low-passed derivative predicts no whole motion."""
        if not isinstance(generator, AffineGenerator) or not self.interpolant.keeps_all:
            return None
        reach = self.reach(generator, x)
        linear, shift = generator.on(self.axes)
        along_one_axis = not bool(linear.any()) and int(shift.count_nonzero()) == 1
        return 1 / reach if along_one_axis and reach is not None else None

    def units(self, *sizes: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Half-extents along x, y, z in positions, and the units in which linear maps act, in positions too."""
        halves = tuple(map(self.interpolant.half_extent, reversed(sizes)))
        return halves, tuple(map(operator.truediv, self.coordinates(*sizes), self.steps))

    def coordinates(self, *sizes: int) -> tuple[float, ...]:
        """The units in which linear maps would act on a grid of equal steps: 1, or half the grid."""
        if self.interpolant.pixel_coordinates:
            return (1.0,) * self.axes
        return tuple(max(self.interpolant.half_extent(n), 0.5) for n in reversed(sizes))

    @property
    def steps(self) -> tuple[float, ...]:
        """The lengths of a step along x, y, z."""
        return self.spacing or (1.0,) * self.axes

    def beside_channels(self, field: Tensor) -> Tensor:
        """Fields (..., H, W) so that they broadcast against values of this layout: (..., 1, H, W) or (..., H, W, 1)."""
        return field.unsqueeze(self.channel_axis)

    def _on_axes(self, field: Tensor) -> Tensor:
        """One field (H, W), or (H, W, 1) where channels are last."""
        return {CHANNELS_FIRST: field, CHANNELS_LAST: field[..., None]}[self.layout]

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved grid, of the shape of x, and the mask (H, W), or (H, W, 1) where channels are last.

        The mask is 0 where the source lies outside the positions' area. What elements share, as a refined image, is
        computed once.
        """
        planes = x.movedim(self.channel_axis, -1 - self.axes)
        sizes = self.sizes(x)
        resamplers: dict[bool, Resampler] = {}

        def act(element: Element) -> Acted:
            source = self._source(element, sizes)
            if source is None:
                return self._recoloured(element, x), self._on_axes(torch.ones_like(planes[0, 0]))
            wrap = isinstance(element, AffineMap) and element.wrap
            if wrap not in resamplers:
                resamplers[wrap] = Resampler(planes, self.interpolants(wrap))
            moved, inside = resamplers[wrap](source)
            moved, mask = self._masked(moved, inside, wrap)
            return moved.movedim(-1 - self.axes, self.channel_axis), self._on_axes(mask)

        return act

    def _masked(self, moved: Tensor, inside: Tensor, wrap: bool) -> Acted:
        """The moved grid, 0 where the padding says so, and its mask, from where values come from `inside`, per axis."""
        words = padding_along(self.padding, self.axes)
        ends = [not isinstance(one, Periodic) for one in self.interpolants(wrap)]
        empty = [end and word == ZEROS for end, word in zip(ends, words, strict=True)]
        if any(empty):
            moved = moved * inside[empty].all(0).to(moved)
        return moved, inside[ends].all(0).to(moved)

    def _source(self, element: Element, sizes: tuple[int, ...]) -> Tensor | None:
        """Where the value at (x, y, z, 1), in positions from the centre, comes from: (n, n + 1) float64.

        None for elements that do not move the grid.
        """
        element = as_map(element, self.steps)
        if isinstance(element, Flow) and isinstance(element.generator, AffineGenerator):
            return element.generator.flow(element.t, *self.units(*sizes))[:-1]
        if not isinstance(element, AffineMap):
            return None
        inverse = element.inverse()
        shift = inverse.shift_on(*(1, 1, *sizes)[-element.axes :])
        source = torch.cat([inverse.matrix, torch.tensor(shift, dtype=torch.float64)[:, None]], 1)
        steps = torch.tensor(self.steps, dtype=torch.float64)
        fitted = _fitted(source, self.axes, element.name)
        fitted[:, :-1] = fitted[:, :-1] * steps / steps[:, None]
        return fitted

    def _changed(self, generator: Generator, x: Tensor) -> Tensor:
        """X x of a generator that does not move the grid."""
        if self.pixels is None:
            return torch.zeros_like(x)
        changed = self.pixels.differentiate(generator, x.movedim(self.channel_axis, -3))
        return changed.movedim(-3, self.channel_axis)

    def _recoloured(self, element: Element, x: Tensor) -> Tensor:
        """What an element that does not move the grid makes of x."""
        if self.pixels is None:
            return x
        return self.pixels.act(element, x.movedim(self.channel_axis, -3)).movedim(-3, self.channel_axis)

    def border(self, x: Tensor) -> Tensor:
        """(H, W), or (H, W, 1) where channels are last."""
        sizes = self.sizes(x)
        ring = torch.ones(sizes, dtype=torch.float64, device=x.device)
        edges = [max(1, n // 16) for n in sizes]
        ring[tuple(slice(edge, n - edge) for edge, n in zip(edges, sizes, strict=True))] = 0
        return self._on_axes(ring)

    def describe(self) -> str:
        return f"grid, {self.layout.replace('_', ' ')}"


def _fitted(source: Tensor, axes: int, name: str) -> Tensor:
    """A source (m, m + 1) for a grid of n axes, (n, n + 1): axes that the map does not know stay.

    Of axes that the grid does not have there is one position; SymmeterError where the map takes others there.
    """
    own = len(source)
    if own > axes:
        beyond = (source[:axes, axes:own], source[axes:, :axes])
        if any(bool((part.abs() > _SAME).any()) for part in beyond):
            raise SymmeterError(f"{name} turns more axes than the {axes} of this grid")
    kept = min(own, axes)
    fitted = torch.eye(axes, axes + 1, dtype=torch.float64)
    fitted[:kept, :kept] = source[:kept, :kept]
    fitted[:kept, -1] = source[:kept, -1]
    return fitted
