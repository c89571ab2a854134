"""Linear maps of grids in words, and their place on a curve of rotations or scales."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch

from symmeter.domains.space.motion import Motion, matrix_of

DEGREE, FACTOR = "degree", "factor"
Rows = Sequence[Sequence[float]]
_SAME = 1e-9  # numbers closer than this are the same


class Reading(NamedTuple):
    """A linear map in words, none for the identity; its angle or factor, and the unit of that, where it is only one."""

    words: list[str]
    curve: tuple[float | None, str | None]


class Turn(NamedTuple):
    """A similarity of the plane: by `angle` degrees, counterclockwise as one looks, after a flip of x or none."""

    angle: float
    scale: float
    flipped: bool


def read_linear(linear: Rows) -> Reading:
    """A linear map A of one to three axes, by rows.

    >>> read_linear([[-1.0]]).words, read_linear([[2.0, 0.0], [0.0, 2.0]])
    (['mirror x'], Reading(words=['scale 2'], curve=(2.0, 'factor')))
    """
    return _READERS[len(linear)](linear)


def turn_of(linear: Rows) -> Turn | None:
    """What a map of the plane does where it is a similarity; None for all others.

    >>> turn_of([[0.0, 2.0], [-2.0, 0.0]])
    Turn(angle=90.0, scale=2.0, flipped=False)
    """
    if len(linear) != 2:
        return None
    (a, b), (c, d) = linear
    flipped = a * d - b * c < 0
    if flipped:  # A = R diag(-1, 1)
        a, c = -a, -c
    scale = math.hypot(a, c)
    if max(abs(a - d), abs(b + c)) > _SAME * scale:
        return None
    return Turn(snap(math.degrees(math.atan2(-c, a)) % 360) % 360, snap(scale), flipped)


def snap(value: float) -> float:
    """A number, or the whole number that it is but for round-off."""
    nearest = float(round(value))
    return nearest if abs(value - nearest) < _SAME else value


def _of_line(linear: Rows) -> Reading:
    factor = linear[0][0]
    words = ["mirror x"] if factor < 0 else []
    if abs(factor) != 1:
        words.append(f"scale {abs(factor):.3g}")
    return Reading(words, (factor, FACTOR) if factor > 0 else (None, None))


def _of_plane(linear: Rows) -> Reading:
    turn = turn_of(linear)
    if turn is None:
        return _entries(linear)
    angle, scale, flipped = turn
    words = []
    if flipped:
        upside_down = abs(angle - 180) < _SAME
        words.append("vflip" if upside_down else "hflip")
        angle = 0.0 if upside_down else angle
    if angle:
        words.append(f"rotate {angle:g}" if angle == round(angle) else f"rotate {angle:.1f}")
    if scale != 1:
        words.append(f"scale {scale:.3g}")
    return Reading(words, _curve(turn))


def _curve(turn: Turn) -> tuple[float | None, str | None]:
    match turn:
        case (angle, 1.0, False):
            return angle, DEGREE
        case (0.0, scale, False):
            return scale, FACTOR
    return None, None


def _of_space(linear: Rows) -> Reading:
    """In the words of motions of space, where it is one."""
    matrix = torch.tensor(linear, dtype=torch.float64)
    scale = float(torch.linalg.det(matrix).abs()) ** (1 / 3)
    rotation = matrix / scale
    if not torch.allclose(rotation @ rotation.mT, torch.eye(3, dtype=torch.float64), rtol=0, atol=_SAME):
        return _entries(linear)
    motion = Motion(matrix_of(rotation), scale=snap(scale))
    return Reading([] if motion.is_identity else [motion.name], motion.on_curve)


def _entries(linear: Rows) -> Reading:
    entries = " ".join(f"{entry:.2f}" for entry in itertools.chain(*linear))
    return Reading([f"affine {entries}"], (None, None))


_READERS: Mapping[int, Callable[[Rows], Reading]] = {1: _of_line, 2: _of_plane, 3: _of_space}
