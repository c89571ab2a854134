"""On images, a grid is to the bit what the formulas of the plane give, written out for two axes."""

import pytest
import torch

from symmeter.domains.grids.affine_map import AffineMap, rotation_by
from symmeter.domains.grids.generators import GENERATORS, AffineGenerator
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants import INTERPOLANTS
from symmeter.domains.grids.vectors import Vectors

X = torch.randn(2, 2, 9, 12, generator=torch.Generator().manual_seed(0))
W = torch.randn(2, 2, 9, 12, generator=torch.Generator().manual_seed(1))
AFFINE = [one for one in GENERATORS.values() if isinstance(one, AffineGenerator)]
MAPS = [
    rotation_by(33),
    AffineMap(((0.8, 0.1), (0.3, 1.2)), (0.5, -1.0)),
    AffineMap(((0.0, 1.3), (-0.9, 0.0)), (1.0, 2.0)),
]


def velocity(rho, generator, height, width):
    """A p + b for p = (px, py), in pixels from the centre."""
    px, py = (torch.arange(n, dtype=torch.float64) - (n - 1) / 2 for n in (width, height))
    half_x, half_y = rho.interpolant.half_extent(width), rho.interpolant.half_extent(height)
    unit_x, unit_y = (1.0, 1.0) if rho.interpolant.pixel_coordinates else (max(half_x, 0.5), max(half_y, 0.5))
    (xx, xy), (yx, yy) = generator.linear
    vx = xx * px + xy * (unit_x / unit_y) * py[:, None] + generator.shift[0] * half_x
    vy = yx * (unit_y / unit_x) * px + yy * py[:, None] + generator.shift[1] * half_y
    return vx.expand(height, width), vy.expand(height, width)


@pytest.mark.parametrize("definition", INTERPOLANTS.values(), ids=INTERPOLANTS)
@pytest.mark.parametrize("generator", AFFINE, ids=lambda one: one.name)
def test_derivatives_and_pairings(definition, generator):
    rho = Grid(definition)
    vx, vy = velocity(rho, generator, 9, 12)
    for found, expected in zip(rho.velocity(generator, 9, 12), (vx, vy), strict=True):
        assert torch.equal(found, expected)
    across, down = definition.differentiate(X, -1), definition.differentiate(X, -2)
    moving = [(slope, v) for slope, v in ((across, vx), (down, vy)) if bool(v.any())]
    terms = [slope * v.to(X) for slope, v in moving]
    along = terms[0] + terms[1] if len(terms) == 2 else terms[0]
    assert torch.equal(rho.differentiate(generator, X), along)
    total = torch.zeros(1, 2, dtype=torch.float64)
    for slope, v in moving:
        total += v.flatten()[None] @ (slope * W).sum(1).flatten(1).double().T
    torch.testing.assert_close(rho.pairing(X)([generator], W), total, rtol=1e-12, atol=1e-11)
    linear = torch.tensor(generator.linear, dtype=torch.float64)
    unit = torch.tensor(rho.coordinates(9, 12), dtype=torch.float64)
    turned = (X.movedim(1, -1) @ (linear * unit[:, None] / unit).mT.to(X)).movedim(-1, 1)
    assert torch.equal(Vectors(rho).differentiate(generator, X), along - turned)


@pytest.mark.parametrize("g", MAPS, ids=lambda g: g.name)
def test_inverses_and_products(g):
    """By the formulas of matrices of two rows, in the same order of operations."""
    (a, b), (c, d) = g.linear
    determinant = a * d - b * c
    assert g.inverse().linear == _whole(
        (d / determinant, -b / determinant), (-c / determinant, a / determinant)
    )
    (e, f), (h, i) = MAPS[0].linear
    expected = _whole((a * e + b * h, a * f + b * i), (c * e + d * h, c * f + d * i))
    assert (g @ MAPS[0]).linear == expected


def _whole(*rows):
    """Entries that are whole numbers but for round-off are made so."""
    return tuple(
        tuple(round(entry) if abs(entry - round(entry)) < 1e-9 else entry for entry in row) for row in rows
    )
