"""Images and feature maps on a rectangular grid: moved by affine maps, and recoloured where pixels are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.definitions import Definition
from symmeter.groups import AffineGenerator, ColourGenerator, Element, Generator
from symmeter.representations.base import Representation

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
    picture and colour generators act on its pixel values; without, they leave it alone.

    >>> from symmeter.definitions import Bandlimited
    >>> from symmeter.groups import GENERATORS
    >>> ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    >>> Image(Bandlimited()).differentiate(GENERATORS["translation_y"], ramp).abs().max() < 1e-5
    tensor(True)
    """

    definition: Definition
    layout: str = "channels_first"
    pixels: Pixels | None = None

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
        (half_x, half_y), (scale_x, scale_y) = self._units(height, width)
        (xx, xy), (yx, yy) = generator.linear
        vx = xx * px + xy * (scale_x / scale_y) * py[:, None] + generator.shift[0] * half_x
        vy = yx * (scale_y / scale_x) * px + yy * py[:, None] + generator.shift[1] * half_y
        return vx.expand(height, width), vy.expand(height, width)

    def _units(self, height: int, width: int) -> tuple[tuple[float, float], tuple[float, float]]:
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

    def act(self, element: Element, x: Tensor) -> tuple[Tensor, Tensor]:
        """(exp(tX) x, mask): exact evaluation of the definition's interpolant at the moved positions.

        Costs (H W)^2 multiplications a channel. The mask, (H, W) on the grid's axes, is 0 where the source lies
        outside the pixels' area.
        """
        channels, _, _ = LAYOUTS[self.layout]
        planes = torch.movedim(x, channels, -3)
        if isinstance(element.generator, AffineGenerator):
            moved, mask = self._resample(element.generator, element.t, planes)
        else:
            moved, mask = self._recoloured(element, planes), torch.ones_like(planes[0, 0])
        return torch.movedim(moved, -3, channels), self._on_axes(mask)

    def _recoloured(self, element: Element, x: Tensor) -> Tensor:
        if self.pixels is None or not isinstance(element.generator, ColourGenerator):
            return x
        s, m = (torch.linalg.matrix_exp(element.t * a).to(x) for a in element.generator.matrices(x.shape[-3]))
        p = self.pixels.to_unit(x)
        mean = p.mean((-2, -1), keepdim=True)
        return self.pixels.from_unit(
            torch.einsum("cd,...dhw->...chw", s, p - mean) + torch.einsum("cd,...dhw->...chw", m, mean)
        )

    def _resample(self, generator: AffineGenerator, t: float, x: Tensor) -> tuple[Tensor, Tensor]:
        height, width = x.shape[-2:]
        flow = generator.flow(t, *self._units(height, width))
        px, py = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2 for n in (width, height))
        points = torch.stack(
            [px.expand(height, width), py[:, None].expand(height, width), torch.ones(height, width)]
        )
        source = torch.einsum("ij,jhw->ihw", flow, points)
        column, row = source[0] + (width - 1) / 2, source[1] + (height - 1) / 2
        lines = []
        for i in range(height):  # one output row at a time bounds the memory
            across = self.definition.interpolation(width, column[i]).to(x)
            down = self.definition.interpolation(height, row[i]).to(x)
            lines.append(torch.einsum("ph,...hw,pw->...p", down, x, across))
        tolerance = 0.5 + 1e-9
        inside = (source[0].abs() <= (width - 1) / 2 + tolerance) & (
            source[1].abs() <= (height - 1) / 2 + tolerance
        )
        return torch.stack(lines, -2), inside.to(x)

    def border(self, x: Tensor) -> Tensor:
        _, rows, columns = LAYOUTS[self.layout]
        height, width = x.shape[rows], x.shape[columns]
        ring = torch.ones(height, width, dtype=torch.float64, device=x.device)
        top, left = max(1, height // 16), max(1, width // 16)
        ring[top : height - top, left : width - left] = 0
        return self._on_axes(ring)

    def describe(self) -> str:
        return f"grid, {self.layout.replace('_', ' ')}"
