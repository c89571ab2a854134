"""Images and feature maps on a rectangular grid: moved by affine maps, and recoloured where pixels are known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.generators import AffineGenerator, ColourGenerator
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.domains.grids.resampler import Resampler
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.groups.permutations import CHANNELS, Permutation
from symmeter.symmetry.representations.representation import Acted, Representation

PADDINGS = ("reflect", "zeros", "circular")
LAYOUTS = {"channels_first": (-3, -2, -1), "channels_last": (-1, -3, -2)}  # axes of channels, rows, columns


@dataclass(frozen=True)
class Pixels:
    """How network inputs x come from pixel values p in [0, 1]: x = (p - mean) / std, per channel."""

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def to_unit(self, x: Tensor) -> Tensor:
        """p = std x + mean, for x (..., C, H, W)."""
        return x * _per_channel(self.std, x) + _per_channel(self.mean, x)

    def from_unit(self, p: Tensor) -> Tensor:
        """x = (p - mean) / std, for p (..., C, H, W)."""
        return (p - _per_channel(self.mean, p)) / _per_channel(self.std, p)


def _per_channel(values: tuple[float, ...], x: Tensor) -> Tensor:
    """One value per channel as (C, 1, 1), of the dtype and on the device of x."""
    return torch.tensor(values, dtype=x.dtype, device=x.device)[:, None, None]


@dataclass(frozen=True)
class Image(Representation):
    """A batch of grids, (B, C, H, W) or (B, H, W, C): X x = v . grad x for affine X.

    `interpolant` says what lies between the pixels, and so what the derivative is. Velocity fields are in pixels from
    the centre of this grid, so a feature map of any size carries the same fields. With `pixels` given the tensor is a
    picture, whose colours are acted on in pixel values; without, colours are left alone. `padding` is what elements
    bring in from outside: the interpolant's own extension (`reflect`), `zeros`, or the other side (`circular`).

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    >>> Image(Bandlimited()).differentiate(GENERATORS["translation_y"], ramp).abs().max() < 1e-5
    tensor(True)
    """

    interpolant: Interpolant
    layout: str = "channels_first"
    pixels: Pixels | None = None
    padding: str = "reflect"

    @property
    def channel_axis(self) -> int:
        return LAYOUTS[self.layout][0]

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, of the shape of x each; one gradient of x serves all the affine ones."""
        channels, rows, columns = LAYOUTS[self.layout]
        gradient = None
        results = []
        for generator in generators:
            if isinstance(generator, AffineGenerator):
                if gradient is None:
                    low = self.interpolant.smoothed(x, (columns, rows))
                    gradient = [self.interpolant.differentiate(low, axis) for axis in (columns, rows)]
                results.append(self._along(generator, gradient, x))
            else:
                changed = self._recolour(generator, x.movedim(channels, -3))
                results.append(changed.movedim(-3, channels))
        return results

    def _along(self, generator: AffineGenerator, gradient: list[Tensor], x: Tensor) -> Tensor:
        """v . grad x, from dx/dx and dx/dy of the shape of x."""
        _, rows, columns = LAYOUTS[self.layout]
        fields = self.velocity(generator, x.shape[rows], x.shape[columns])
        terms = []
        for derivative, field in zip(gradient, fields, strict=True):
            if bool(field.any()):
                terms.append(derivative * self._on_axes(field).to(x))
        return sum(terms[1:], terms[0]) if terms else torch.zeros_like(x)

    def pair_all(self, generators: Sequence[Generator], covector: Tensor, x: Tensor) -> Tensor:
        """<w, X x> for a covector w of the shape of x, (T, B) float64.

        All affine generators weigh the same two `densities` with their velocity fields.
        """
        _, rows, columns = LAYOUTS[self.layout]
        fields = []
        for generator in generators:
            if not isinstance(generator, AffineGenerator):
                return super().pair_all(generators, covector, x)
            fields.append(self.velocity(generator, x.shape[rows], x.shape[columns]))
        total = torch.zeros(len(generators), len(x), dtype=torch.float64, device=x.device)
        for i in range(2):
            weights = torch.stack([field[i] for field in fields]).flatten(1)
            if bool(weights.any()):
                (density,) = self.densities(covector, x, (i,))
                total += weights.to(x.device) @ density.flatten(1).double().T
        return total

    def densities(self, covector: Tensor, x: Tensor, axes: Sequence[int] = (0, 1)) -> list[Tensor]:
        """sum_c w dx/dx and sum_c w dx/dy (`axes` 0 and 1) at every position, for a covector w: (B, H, W) each."""
        channels, rows, columns = LAYOUTS[self.layout]
        along = (columns, rows)
        x = self.interpolant.smoothed(x, along)
        return [self.interpolant.differentiate(x, along[i]).mul_(covector).sum(channels) for i in axes]

    def velocity(self, generator: AffineGenerator, height: int, width: int) -> tuple[Tensor, Tensor]:
        """v = (vx, vy) = A p + b at every pixel, (H, W) each, in pixels per unit of t; float64."""
        px, py = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2 for n in (width, height))
        (half_x, half_y), (scale_x, scale_y) = self.units(height, width)
        (xx, xy), (yx, yy) = generator.linear
        vx = xx * px + xy * (scale_x / scale_y) * py[:, None] + generator.shift[0] * half_x
        vy = yx * (scale_y / scale_x) * px + yy * py[:, None] + generator.shift[1] * half_y
        return vx.expand(height, width), vy.expand(height, width)

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """The largest |v|, in pixels: of a translation half the image, of a rotation the distance of the corners."""
        if not isinstance(generator, AffineGenerator):
            return None
        _, rows, columns = LAYOUTS[self.layout]
        vx, vy = self.velocity(generator, x.shape[rows], x.shape[columns])
        return float(torch.hypot(vx, vy).max()) or None

    def step(self, generator: Generator, x: Tensor) -> float | None:
        """Of translations along one axis, one over half the image. A low-passed derivative predicts no whole motion."""
        if not isinstance(generator, AffineGenerator) or not self.interpolant.keeps_all:
            return None
        reach = self.reach(generator, x)
        along_one_axis = not any(map(any, generator.linear)) and 0 in generator.shift
        return 1 / reach if along_one_axis and reach is not None else None

    def units(self, height: int, width: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """Half-extents (x, y) in pixels, and the units in which linear maps act."""
        half_x, half_y = self.interpolant.half_extent(width), self.interpolant.half_extent(height)
        if self.interpolant.pixel_coordinates:
            return (half_x, half_y), (1.0, 1.0)
        return (half_x, half_y), (max(half_x, 0.5), max(half_y, 0.5))

    def _on_axes(self, field: Tensor) -> Tensor:
        """(H, W) so that it broadcasts against a value of this layout."""
        return field[..., None] if self.layout == "channels_last" else field

    def _recolour(self, generator: Generator, x: Tensor) -> Tensor:
        """X x of a colour generator for x (B, C, H, W): the affine map of p has X p / std as its derivative."""
        if self.pixels is None or not isinstance(generator, ColourGenerator):
            return torch.zeros_like(x)
        s, m = (matrix.to(x) for matrix in generator.matrices(x.shape[-3]))
        return _split_by_mean(self.pixels.to_unit(x), s, m) / _per_channel(self.pixels.std, x)

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved grid, of the shape of x, and the mask (H, W), or (H, W, 1) where channels are last.

        The mask is 0 where the source lies outside the pixels' area. What elements share, as a refined image, is
        computed once.
        """
        channels, rows, columns = LAYOUTS[self.layout]
        planes = x.movedim(channels, -3)
        resamplers: dict[bool, Resampler] = {}

        def act(element: Element) -> Acted:
            if not _moves_grid(element):
                moved, mask = self._recoloured(element, planes), torch.ones_like(planes[0, 0])
                return moved.movedim(-3, channels), self._on_axes(mask)
            wrap = self._wraps(element)
            if wrap not in resamplers:
                resamplers[wrap] = Resampler(planes, Periodic() if wrap else self.interpolant)
            moved, mask = resamplers[wrap](self._source(element, x.shape[rows], x.shape[columns]))
            if wrap or isinstance(self.interpolant, Periodic):
                mask = torch.ones_like(mask)
            elif self.padding == "zeros":
                moved = moved * mask
            return moved.movedim(-3, channels), self._on_axes(mask)

        return act

    def _wraps(self, element: Element) -> bool:
        """Whether what leaves on one side returns on the other."""
        return self.padding == "circular" or (isinstance(element, AffineMap) and element.wrap)

    def _source(self, element: Element, height: int, width: int) -> Tensor:
        """Where the value at (px, py, 1), in pixels from the centre, comes from: (2, 3) float64."""
        if isinstance(element, Flow):
            assert isinstance(element.generator, AffineGenerator)
            return element.generator.flow(element.t, *self.units(height, width))[:2]
        assert isinstance(element, AffineMap)
        inverse = element.inverse()
        shift = torch.tensor(inverse.shift_on(height, width), dtype=torch.float64)
        return torch.cat([inverse.matrix, shift[:, None]], 1)

    def _recoloured(self, element: Element, x: Tensor) -> Tensor:
        """What an element that does not move the grid makes of x (B, C, H, W)."""
        if self.pixels is None:
            return x
        p = self.pixels.to_unit(x)
        if isinstance(element, Permutation) and element.of == CHANNELS:
            return self.pixels.from_unit(p[..., list(element.inverse().images), :, :])
        if not isinstance(element, Flow) or not isinstance(element.generator, ColourGenerator):
            return x
        s, m = (torch.linalg.matrix_exp(element.t * a).to(x) for a in element.generator.matrices(x.shape[-3]))
        return self.pixels.from_unit(_split_by_mean(p, s, m))

    def border(self, x: Tensor) -> Tensor:
        """(H, W), or (H, W, 1) where channels are last."""
        _, rows, columns = LAYOUTS[self.layout]
        height, width = x.shape[rows], x.shape[columns]
        ring = torch.ones(height, width, dtype=torch.float64, device=x.device)
        top, left = max(1, height // 16), max(1, width // 16)
        ring[top : height - top, left : width - left] = 0
        return self._on_axes(ring)

    def describe(self) -> str:
        return f"grid, {self.layout.replace('_', ' ')}"


def _moves_grid(element: Element) -> bool:
    """Whether an element moves the points of the plane, and not the colours of a pixel."""
    if isinstance(element, Flow):
        return isinstance(element.generator, AffineGenerator)
    return isinstance(element, AffineMap)


def _split_by_mean(p: Tensor, deviation: Tensor, mean: Tensor) -> Tensor:
    """S (p - m) + M m for pixels p (..., C, H, W) of mean colour m, and matrices S and M (C, C)."""
    colour = p.mean((-2, -1), keepdim=True)
    changed = torch.einsum("cd,...dhw->...chw", deviation, p - colour)
    return changed + torch.einsum("cd,...dhw->...chw", mean, colour)
