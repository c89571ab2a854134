"""Images and feature maps on a rectangular grid: moved by affine maps, and recoloured where pixels are known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.generators import AffineGenerator, ColourGenerator
from symmeter.domains.grids.interpolants.interpolant import Definition
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.domains.grids.sampler import Sampler
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
        """p = std x + mean, channels on axis -3."""
        return x * _per_channel(self.std, x) + _per_channel(self.mean, x)

    def from_unit(self, p: Tensor) -> Tensor:
        """x = (p - mean) / std, channels on axis -3."""
        return (p - _per_channel(self.mean, p)) / _per_channel(self.std, p)


def _per_channel(values: tuple[float, ...], x: Tensor) -> Tensor:
    return torch.tensor(values, dtype=x.dtype, device=x.device)[:, None, None]


@dataclass(frozen=True)
class Image(Representation):
    """A batch of grids, (B, C, H, W) or (B, H, W, C): X x = v . grad x for affine X.

    `definition` says what the derivative of a sampled image is; velocity fields are in pixels from the centre
    of this grid, so a feature map of any size carries the same fields. With `pixels` given the tensor is a
    picture and colours are acted on in pixel values; without, they are left alone. `padding` is what elements bring
    in from outside: the definition's own extension (`reflect`), `zeros`, or the other side (`circular`).

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    >>> Image(Bandlimited()).differentiate(GENERATORS["translation_y"], ramp).abs().max() < 1e-5
    tensor(True)
    """

    definition: Definition
    layout: str = "channels_first"
    pixels: Pixels | None = None
    padding: str = "reflect"

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, (B, C, H, W) each; one gradient of x serves all the affine ones."""
        channels, rows, columns = LAYOUTS[self.layout]
        gradient = None
        results = []
        for generator in generators:
            if isinstance(generator, AffineGenerator):
                if gradient is None:
                    gradient = [self.definition.differentiate(x, axis) for axis in (columns, rows)]
                vx, vy = (
                    self._on_axes(v).to(x) for v in self.velocity(generator, x.shape[rows], x.shape[columns])
                )
                terms = [d * v for d, v in zip(gradient, (vx, vy), strict=True) if bool(v.any())]
                results.append(sum(terms[1:], terms[0]) if terms else torch.zeros_like(x))
            else:
                results.append(
                    torch.movedim(self._recolour(generator, torch.movedim(x, channels, -3)), -3, channels)
                )
        return results

    def pair_all(self, generators: Sequence[Generator], g: Tensor, x: Tensor) -> Tensor:
        """<g, X x>, (T, B): all affine generators weigh the same two `densities` with their velocity fields."""
        _, rows, columns = LAYOUTS[self.layout]
        if not all(isinstance(generator, AffineGenerator) for generator in generators):
            return super().pair_all(generators, g, x)
        fields = [self.velocity(v, x.shape[rows], x.shape[columns]) for v in generators]  # type: ignore[arg-type]
        total = torch.zeros(len(generators), len(x), dtype=torch.float64, device=x.device)
        for i in range(2):
            weights = torch.stack([field[i] for field in fields]).flatten(1).to(x.device)
            if bool(weights.any()):
                total += weights @ self.densities(g, x, (i,))[0].flatten(1).double().T
        return total

    def densities(self, g: Tensor, x: Tensor, axes: Sequence[int] = (0, 1)) -> list[Tensor]:
        """sum_c g dx/dx and sum_c g dx/dy (`axes` 0 and 1) at every position, (B, H, W) each."""
        channels, rows, columns = LAYOUTS[self.layout]
        along = (columns, rows)
        return [self.definition.differentiate(x, along[i]).mul_(g).sum(channels) for i in axes]

    def velocity(self, generator: AffineGenerator, height: int, width: int) -> tuple[Tensor, Tensor]:
        """v = (vx, vy) = A p + b at every pixel, (H, W) each, in pixels per unit of t; float64."""
        px, py = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2 for n in (width, height))
        (half_x, half_y), (scale_x, scale_y) = self.units(height, width)
        (xx, xy), (yx, yy) = generator.linear
        vx = xx * px + xy * (scale_x / scale_y) * py[:, None] + generator.shift[0] * half_x
        vy = yx * (scale_y / scale_x) * px + yy * py[:, None] + generator.shift[1] * half_y
        return vx.expand(height, width), vy.expand(height, width)

    def units(self, height: int, width: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """Half-extents (x, y) in pixels, and the units in which linear maps act."""
        half = (self.definition.half_extent(width), self.definition.half_extent(height))
        return half, (
            (1.0, 1.0) if self.definition.pixel_coordinates else (max(half[0], 0.5), max(half[1], 0.5))
        )

    def _on_axes(self, field: Tensor) -> Tensor:
        return field[..., None] if self.layout == "channels_last" else field

    def _recolour(self, generator: Generator, x: Tensor) -> Tensor:
        """X x of a colour generator, in network units: the affine map of p has X p / std as its derivative."""
        if self.pixels is None or not isinstance(generator, ColourGenerator):
            return torch.zeros_like(x)
        s, m = (matrix.to(x) for matrix in generator.matrices(x.shape[-3]))
        p = self.pixels.to_unit(x)
        mean = p.mean((-2, -1), keepdim=True)
        change = torch.einsum("cd,...dhw->...chw", s, p - mean) + torch.einsum("cd,...dhw->...chw", m, mean)
        return change / _per_channel(self.pixels.std, x)

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """What every element makes of x; what they share (a refined image) is computed once.

        The mask, (H, W) on the grid's axes, is 0 where the source lies outside the pixels' area.
        """
        channels, rows, columns = LAYOUTS[self.layout]
        planes = torch.movedim(x, channels, -3)
        samplers: dict[bool, Sampler] = {}

        def act(element: Element) -> Acted:
            if isinstance(element, AffineMap) or (
                isinstance(element, Flow) and isinstance(element.generator, AffineGenerator)
            ):
                wrap = self.padding == "circular" or (isinstance(element, AffineMap) and element.wrap)
                if wrap not in samplers:
                    samplers[wrap] = Sampler(planes, Periodic() if wrap else self.definition)
                moved, mask = samplers[wrap](self._source(element, x.shape[rows], x.shape[columns]))
                if wrap or isinstance(self.definition, Periodic):
                    mask = torch.ones_like(mask)
                elif self.padding == "zeros":
                    moved = moved * mask
            else:
                moved, mask = self._recoloured(element, planes), torch.ones_like(planes[0, 0])
            return torch.movedim(moved, -3, channels), self._on_axes(mask)

        return act

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
        """What an element that does not move the grid makes of (B, C, H, W)."""
        if self.pixels is None:
            return x
        p = self.pixels.to_unit(x)
        if isinstance(element, Permutation) and element.of == CHANNELS:
            return self.pixels.from_unit(p[..., list(element.inverse().images), :, :])
        if not isinstance(element, Flow) or not isinstance(element.generator, ColourGenerator):
            return x
        s, m = (torch.linalg.matrix_exp(element.t * a).to(x) for a in element.generator.matrices(x.shape[-3]))
        mean = p.mean((-2, -1), keepdim=True)
        return self.pixels.from_unit(
            torch.einsum("cd,...dhw->...chw", s, p - mean) + torch.einsum("cd,...dhw->...chw", m, mean)
        )

    def border(self, x: Tensor) -> Tensor:
        _, rows, columns = LAYOUTS[self.layout]
        height, width = x.shape[rows], x.shape[columns]
        ring = torch.ones(height, width, dtype=torch.float64, device=x.device)
        top, left = max(1, height // 16), max(1, width // 16)
        ring[top : height - top, left : width - left] = 0
        return self._on_axes(ring)

    def describe(self) -> str:
        return f"grid, {self.layout.replace('_', ' ')}"
