"""Generators that move grids of three axes: volumes, and video with time as an axis."""

from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.padding import AXES
from symmeter.domains.space.generators import GENERATORS as OF_POINTS

_ZERO = (0.0, 0.0, 0.0)
_UNITS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
# Of each axis the projection on it.
_PROJECTIONS = ((_UNITS[0], _ZERO, _ZERO), (_ZERO, _UNITS[1], _ZERO), (_ZERO, _ZERO, _UNITS[2]))


def _translation(axis: str, unit: tuple[float, ...]) -> AffineGenerator:
    return AffineGenerator(f"translation_{axis}", "half extent", (_ZERO, _ZERO, _ZERO), unit)


def _rotation(axis: str) -> AffineGenerator:
    """What is on the grid turns by the right-hand rule, as points do, so that positions are read the other way round.

    About z it is the rotation of the plane of x and y, as of images.
    """
    turn = OF_POINTS[f"rotation_{axis}"]
    return AffineGenerator(turn.name, turn.unit, tuple(zip(*turn.linear, strict=True)), _ZERO)


def _stretch(axis: str, projection: tuple[tuple[float, ...], ...]) -> AffineGenerator:
    return AffineGenerator(f"stretch_{axis}", "log-unit", projection, _ZERO)


GENERATORS_IN_SPACE: dict[str, AffineGenerator] = {
    generator.name: generator
    for generator in (
        *map(_translation, AXES, _UNITS),
        *map(_rotation, AXES),
        AffineGenerator("scale", "log-unit", _UNITS, _ZERO),
        *map(_stretch, AXES, _PROJECTIONS),
    )
}
FAMILIES_IN_SPACE: dict[str, tuple[str, ...]] = {
    family: tuple(f"{family}_{axis}" for axis in AXES) for family in ("translation", "rotation", "stretch")
}
