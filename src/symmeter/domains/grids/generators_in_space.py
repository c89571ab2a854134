"""Generators that move grids of three axes: volumes, and video with time as an axis."""

from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.space.generators import GENERATORS as OF_POINTS

_AXES = ("x", "y", "z")
_NO_SHIFT = (0.0, 0.0, 0.0)


def _unit(i: int) -> tuple[float, ...]:
    return tuple(float(i == j) for j in range(3))


def _rotation(axis: str) -> AffineGenerator:
    """What is on the grid turns by the right-hand rule, as points do, so that positions are read the other way round.

    About z it is the rotation of the plane of x and y, as of images.
    """
    turn = OF_POINTS[f"rotation_{axis}"]
    return AffineGenerator(
        turn.name, turn.unit, tuple(tuple(0.0 - a for a in row) for row in turn.linear), _NO_SHIFT
    )


def _translation(i: int) -> AffineGenerator:
    return AffineGenerator(f"translation_{_AXES[i]}", "half extent", ((0.0,) * 3,) * 3, _unit(i))


def _stretch(name: str, *axes: int) -> AffineGenerator:
    linear = tuple(tuple(float(i == j and i in axes) for j in range(3)) for i in range(3))
    return AffineGenerator(name, "log-unit", linear, _NO_SHIFT)


GENERATORS_IN_SPACE: dict[str, AffineGenerator] = {
    generator.name: generator
    for generator in (
        *map(_translation, range(3)),
        *map(_rotation, _AXES),
        _stretch("scale", 0, 1, 2),
        *(_stretch(f"stretch_{axis}", i) for i, axis in enumerate(_AXES)),
    )
}
FAMILIES_IN_SPACE: dict[str, tuple[str, ...]] = {
    family: tuple(f"{family}_{axis}" for axis in _AXES) for family in ("translation", "rotation", "stretch")
}
