"""Real spherical harmonics, and how rotations mix those of one degree: the irreducible representations of SO(3).

The order and the signs are those of e3nn: y is the polar axis, and degree 1 is (x, y, z). By hand, for
`scipy.special.sph_harm_y` is no function of tensors: no device, no float32, no derivative.
"""

import math
from functools import cache

import torch
from numpy.polynomial import legendre, polynomial
from torch import Tensor


def harmonics(degree: int, points: Tensor) -> Tensor:
    """All 2 l + 1 harmonics of degree l at points (..., 3) of the unit sphere; their squares add up to 1.

    For order m from -l to l: P(y) Im (z + i x)^|m| below 0, P(y) Re (z + i x)^|m| from 0 on, with P the |m|-th
    derivative of the Legendre polynomial of degree l.

    >>> harmonics(1, torch.tensor([0.6, 0.0, 0.8]))
    tensor([0.6000, 0.0000, 0.8000])
    """
    return _side_by_side([_polar(degree, m, points) * _round(m, points) for m in range(degree + 1)])


def rates(degree: int, points: Tensor, velocity: Tensor) -> Tensor:
    """How fast they change, (..., 2 l + 1), as points (..., 3) move along the sphere with a velocity of that shape."""
    return _side_by_side(
        [
            _polar(degree, m, points, 1) * velocity[..., 1] * _round(m, points)
            + _polar(degree, m, points) * m * _round(m - 1, points) * _plane(velocity)
            for m in range(degree + 1)
        ]
    )


def _side_by_side(orders: list[Tensor]) -> Tensor:
    """Complex values (...) of the orders from 0 on as real ones, (..., 2 l + 1)."""
    return torch.stack([*(one.imag for one in reversed(orders[1:])), *(one.real for one in orders)], -1)


def _plane(points: Tensor) -> Tensor:
    """z + i x, of points (..., 3)."""
    return torch.complex(points[..., 2], points[..., 0])


def _round(order: int, points: Tensor) -> Tensor:
    """(z + i x)^m."""
    return _plane(points) ** max(order, 0)


def _polar(degree: int, order: int, points: Tensor, derivative: int = 0) -> Tensor:
    """The factor of a harmonic that hangs on y alone, or its derivative: (...) for points (..., 3)."""
    y = points[..., 1]
    size = math.sqrt((2 if order else 1) * math.factorial(degree - order) / math.factorial(degree + order))
    total = torch.zeros_like(y)
    for coefficient in reversed(_coefficients(degree, order + derivative)):
        total = total * y + size * coefficient
    return total


@cache
def _coefficients(degree: int, order: int) -> tuple[float, ...]:
    """Those of the derivative of a Legendre polynomial, the constant one first."""
    plain = legendre.leg2poly([0] * degree + [1])
    return tuple(map(float, polynomial.polyder(plain, order) if order else plain))


def mixing(degree: int, rotation: Tensor) -> Tensor:
    """D with Y(R p) = D Y(p), (2 l + 1, 2 l + 1) float64, for a rotation R (3, 3): Wigner's matrix.

    >>> from symmeter.domains.space.motion import rotation_about
    >>> torch.allclose(mixing(1, rotation_about("y", 30).rotation), rotation_about("y", 30).rotation)
    True
    """
    points, inverse = _sampled(degree)
    return (inverse @ harmonics(degree, points @ rotation.mT)).mT


def mixing_rate(degree: int, spin: Tensor) -> Tensor:
    """d/dt D(exp(t A)) at t = 0, (2 l + 1, 2 l + 1) float64, for A (3, 3) skew."""
    points, inverse = _sampled(degree)
    return (inverse @ rates(degree, points, points @ spin.mT)).mT


@cache
def _sampled(degree: int) -> tuple[Tensor, Tensor]:
    """Points of the sphere (n, 3), spread evenly, and the pseudo-inverse (2 l + 1, n) of the harmonics at them."""
    n = 6 * degree + 6
    k = torch.arange(n, dtype=torch.float64)
    y = 1 - (2 * k + 1) / n
    angle = math.pi * (3 - math.sqrt(5)) * k
    ring = (1 - y.square()).sqrt()
    points = torch.stack([ring * angle.sin(), y, ring * angle.cos()], -1)
    return points, torch.linalg.pinv(harmonics(degree, points))
