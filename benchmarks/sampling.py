"""How good are samples of rotations: Haar-random elements, random cosets of finite groups, and quadratures?

The variance of a response z(g) over all rotations is estimated from samples of each kind. Responses of one degree l are
random combinations of the matrix elements of that degree; smooth ones are (1 + u.g v)^l, with random directions u and
v, which have all degrees up to l, high ones the less the higher; random ones are combinations of the elements of all
degrees k up to l, smaller by exp(-k^2 / l). Of all of them the variance is known. The first table has the
root mean square of relative errors; the second the bias, the share of 95 % intervals that hold, and their half width.

    python benchmarks/sampling.py [--quick] [--responses 60] [--runs 300]
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.space.harmonics import mixing
from symmeter.domains.space.motion import Motion, rotation_of
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.results.coset_errors import Cosets
from symmeter.results.standard_errors import pair_error
from symmeter.symmetry.groups.group import draw_cosets

DEGREES = (3, 6, 10)
ALL_DEGREES = (1, 2, 3, 4, 6, 8, 10, 12)
HALF_WIDTHS = 1.96  # standard errors in half of a 95 % interval


@dataclass(frozen=True)
class Response:
    """z(g), (n, outputs) for rotations (n, 3, 3), and its variance over all of them."""

    values: Callable[[Tensor], Tensor]
    variance: float


@dataclass(frozen=True)
class Sample:
    """A way to choose rotations: `blocks` of them, each a random rotation of `design` (m, 3, 3); `part` as in Cosets.

    With `weights` (m,) it is a quadrature, that is turned as a whole.
    """

    name: str
    design: Tensor
    blocks: int
    part: int = 1
    weights: Tensor | None = None

    @property
    def count(self) -> int:
        """How many rotations."""
        return len(self.design) * self.blocks


def random_rotations(count: int, random: torch.Generator) -> Tensor:
    """(count, 3, 3), from random unit quaternions."""
    quaternions = torch.randn(count, 4, generator=random, dtype=torch.float64)
    return torch.stack([torch.tensor(rotation_of(q), dtype=torch.float64) for q in quaternions])


def of_one_degree(degree: int, random: torch.Generator, outputs: int = 1) -> Response:
    """Random combinations of the matrix elements of one degree, the less alike the more outputs there are."""
    size = 2 * degree + 1
    weights = torch.randn(outputs, size, size, generator=random, dtype=torch.float64)
    values = lambda g: torch.einsum("nij,kij->nk", mixing(degree, g), weights)
    return Response(values, float(weights.square().sum()) / size)


def smooth(degree: int, random: torch.Generator) -> Response:
    """(1 + u.g v)^l: u.g v is uniform between -1 and 1."""
    u, v = random_rotations(2, random)[:, 0]
    mean, square = 2**degree / (degree + 1), 4**degree / (2 * degree + 1)
    return Response(lambda g: (1 + g @ v @ u)[:, None] ** degree, square - mean**2)


def up_to(degree: int, random: torch.Generator) -> Response:
    """Random combinations of the matrix elements of all degrees k up to l, times exp(-k^2 / l)."""
    found = [(math.exp(-(k**2) / degree), of_one_degree(k, random)) for k in range(1, degree + 1)]
    values = lambda g: torch.stack([size * one.values(g) for size, one in found]).sum(0)
    return Response(values, sum(size**2 * one.variance for size, one in found))


FAMILIES = {"one degree": of_one_degree, "smooth": smooth, "random": up_to}


def haar(count: int) -> Sample:
    """Independent rotations."""
    return Sample(f"Haar {count}", torch.eye(3, dtype=torch.float64)[None], count)


def cosets(order: int, blocks: int) -> Sample:
    """Random cosets of the rotations of a regular solid, as `draw_cosets` makes them."""
    group = Orthogonal()
    found = draw_cosets(group, 2 * order, torch.Generator().manual_seed(0))
    turned = [g for g in found.elements[: found.block] if isinstance(g, Motion)]
    elements = torch.stack([g.rotation for g in turned])
    return Sample(f"{blocks} x {order}", elements[0].mT @ elements, blocks, found.part)


def lebedev(order: int, turns: int) -> Sample:
    """A rule for the direction of the z axis, with equal steps about it."""
    from scipy.integrate import lebedev_rule

    points, weights = lebedev_rule(order)
    assert weights.min() > 0
    about = [_about_z(2 * math.pi * k / turns) for k in range(turns)]
    rotations = torch.stack([_towards(torch.tensor(p)) @ spin for p in points.T for spin in about])
    spread = torch.tensor(weights / weights.sum()).repeat_interleave(turns) / turns
    return Sample(f"Lebedev {len(rotations)}", rotations, 1, weights=spread)


def _about_z(angle: float) -> Tensor:
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=torch.float64)


def _towards(point: Tensor) -> Tensor:
    """A rotation that takes the z axis to a point (3,) of the unit sphere."""
    polar, azimuth = math.acos(float(point[2].clamp(-1, 1))), math.atan2(float(point[1]), float(point[0]))
    c, s = math.cos(polar), math.sin(polar)
    tilt = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=torch.float64)
    return _about_z(azimuth) @ tilt


def estimated(response: Response, sample: Sample, random: torch.Generator) -> tuple[float, float | None]:
    """The relative error of the variance in one run, and the half width of its relative interval where there is one."""
    starts = random_rotations(sample.blocks, random)
    z = response.values((starts[:, None] @ sample.design).reshape(-1, 3, 3))
    if sample.weights is not None or sample.blocks == 1:
        weights = torch.full((len(z),), 1 / len(z)) if sample.weights is None else sample.weights
        mean = weights.to(z) @ z
        return float(weights.to(z) @ (z - mean).square().sum(1)) / response.variance - 1, None
    z = (z - z.mean(0)).numpy()
    squares = (z**2).sum(1)
    distances = squares + squares[:, None] - 2 * z @ z.T
    block = np.arange(len(z)) // len(sample.design)
    apart = block[:, None] != block
    variance = distances[apart].mean() / 2
    if len(sample.design) == 1:
        error = pair_error(np.where(apart, distances / (2 * variance), 0.0))
    else:
        error = Cosets(len(sample.design), sample.part).error_of_variance(distances)
    width = None if error is None else HALF_WIDTHS * error * variance / response.variance
    return variance / response.variance - 1, width


@dataclass(frozen=True)
class Found:
    """Root mean square of relative errors, their mean, the share of intervals that hold, and their mean half width."""

    size: float
    bias: float
    holds: float | None
    width: float | None


def tried(family: str, degree: int, sample: Sample, responses: int, runs: int, seed: int = 0) -> Found:
    """So many runs of each of so many random responses."""
    random = torch.Generator().manual_seed(seed)
    errors, widths = [], []
    for _ in range(responses):
        response = FAMILIES[family](degree, random)
        for _ in range(runs):
            error, width = estimated(response, sample, random)
            errors.append(error)
            widths.append(width)
    found = np.array(errors)
    size, bias = float(np.sqrt((found**2).mean())), float(found.mean())
    if widths[0] is None:
        return Found(size, bias, None, None)
    half = np.array(widths)
    return Found(size, bias, float((abs(found) <= half + 1e-9).mean()), float(half.mean()))


def accuracy(responses: int) -> None:
    """The first table: one run of each response."""
    samples = [
        haar(60),
        cosets(60, 1),
        cosets(60, 2),
        lebedev(5, 6),
        haar(120),
        cosets(24, 5),
        cosets(12, 10),
    ]
    print(f"{'rms relative error':23}" + "".join(f"{s.name:>11}" for s in samples))
    for family in FAMILIES:
        for degree in DEGREES:
            sizes = [tried(family, degree, s, responses, 1).size for s in samples]
            print(
                f"{family + ', degree ' + str(degree):23}" + "".join(f"{size:11.4f}" for size in sizes),
                flush=True,
            )


def coverage(responses: int, runs: int) -> None:
    """The second table: bias, coverage and half width."""
    samples = [haar(120), cosets(12, 10), cosets(24, 5), cosets(60, 2), cosets(60, 4)]
    print(f"\n{'bias, holds, half width':23}" + "".join(f"{s.name:>23}" for s in samples))
    for family in FAMILIES:
        for degree in ALL_DEGREES:
            found = [tried(family, degree, s, responses, -(-runs // responses)) for s in samples]
            cells = [f"{f.bias:+.4f} {f.holds:.3f} {f.width:.3f}" for f in found]
            print(f"{family + ', degree ' + str(degree):23}" + "".join(f"{c:>23}" for c in cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="How good are samples of rotations?")
    parser.add_argument("--responses", type=int, default=60)
    parser.add_argument("--runs", type=int, default=300, help="of the second table, over all responses")
    parser.add_argument("--quick", action="store_true", help="6 responses, 12 runs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    responses, runs = (6, 12) if arguments.quick else (arguments.responses, arguments.runs)
    accuracy(responses)
    coverage(responses, runs)


if __name__ == "__main__":
    main()
