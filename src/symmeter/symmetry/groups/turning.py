"""What a motion does to the directions of space."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Turning:
    """A rotation of space, as its axis times its angle in degrees; with `parity` -1 an inversion comes after it."""

    x: float
    y: float
    z: float
    parity: int
