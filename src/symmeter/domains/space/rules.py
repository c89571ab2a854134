"""Rotations whose plain mean integrates all degrees up to a given one, without chance.

By hand: scipy has the rules of `lebedev.py`, and none of equal weights.
"""

import math
from functools import cache

import numpy as np

from symmeter.domains.space.motion import Motion, rotation_about
from symmeter.domains.space.point_groups import OCTAHEDRAL, ROTATIONS

_TURNS = 8  # about each direction: one more than the degree


@cache
def rules() -> tuple[tuple[Motion, ...], ...]:
    """The rules there are, the finest first: 192 rotations, exact to degree 7, and the regular solids (60, 24, 12).

    All weights are equal, so none is negative, as those of Lebedev's rules of order 13, 25 and 27 are.

    >>> [len(rule) for rule in rules()]
    [192, 60, 24, 12]
    """
    return (_of_degree_seven(), *(solid.enumerate() for solid in ROTATIONS))


def _of_degree_seven() -> tuple[Motion, ...]:
    """Every direction of a snub cube that is a design of degree 7, with 8 equal steps about it.

    Its corners are the orbit of (x, y, z) under the rotations of a cube. Sums over it are right up to degree 7 where
    x^4 + y^4 + z^4 and x^2 y^2 z^2 have their means over the sphere, 3 / 5 and 1 / 105: x^2, y^2 and z^2 are the roots
    of t^3 - t^2 + t / 5 - 1 / 105. Source: McLaren 1963.
    """
    x, y, z = np.sqrt(np.sort(np.roots([1, -1, 1 / 5, -1 / 105]).real))
    corner = rotation_about("z", math.degrees(math.atan2(y, x))) @ rotation_about(
        "y", math.degrees(math.acos(z))
    )
    steps = [rotation_about("z", 360 * k / _TURNS) for k in range(_TURNS)]
    return tuple(g @ corner @ step for g in OCTAHEDRAL.enumerate() for step in steps)
