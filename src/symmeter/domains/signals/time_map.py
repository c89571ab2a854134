"""Motions of time: shifts, changes of pace and of pitch, and reversal, the elements of groups that move signals."""

import math
from dataclasses import dataclass, replace

from symmeter.symmetry.groups.group import Element, OnCurve

SAMPLE, BIN, FACTOR = "sample", "bin", "factor"  # units of what a curve over elements has on its axis
_SAME = 1e-9  # numbers closer than this are the same, so that a whole shift is recognised as one


@dataclass(frozen=True)
class TimeAxis:
    """The axis that a motion is of: so many samples `length`, on a circle where it wraps, `rate` of them a second."""

    length: int | None = None
    wrap: bool = False
    rate: float | None = None

    def joined(self, other: "TimeAxis") -> "TimeAxis":
        """That of the product of two motions; ValueError where signals are of different length."""
        if len({self.length, other.length} - {None}) > 1:
            raise ValueError(f"signals of {self.length} and of {other.length} samples share no motion")
        wrap = self.wrap or other.wrap
        return TimeAxis(self.length or other.length, wrap, self.rate or other.rate)


ANY_AXIS = TimeAxis()


@dataclass(frozen=True)
class TimeMap(OnCurve):
    """t -> a t + b for times t in samples from the middle of a signal: (g x)(t) = x(g^-1 t), |a| = 2^-octaves.

    What is played faster sounds higher, so all frequencies rise by `octaves`. `backwards`: a is negative. `shift` is b,
    in samples of the network's input: an output of other length moves by as large a share of its own. `steps` is for
    names: how many steps of pitch are one octave, 0 where the element is a change of pace.

    >>> later = TimeMap(shift=160.0, axis=TimeAxis(rate=16000))
    >>> later.name, (later @ later.inverse()).is_identity, TimeMap(octaves=0.25, steps=60).name
    ('shift 160 (10 ms)', True, 'pitch +15 of 60')
    """

    octaves: float = 0.0
    backwards: bool = False
    shift: float = 0.0
    axis: TimeAxis = ANY_AXIS
    steps: int = 0

    @property
    def factor(self) -> float:
        """a: how many times as long a sound becomes, negative where it runs backwards."""
        return math.copysign(2.0**-self.octaves, -self.backwards or 1)

    @property
    def is_identity(self) -> bool:
        around = self.axis.length if self.axis.wrap and self.axis.length else math.inf
        moved = max(abs(self.octaves), abs(math.remainder(self.shift, around)))
        return not self.backwards and moved < _SAME

    def inverse(self) -> "TimeMap":
        return replace(self, octaves=-self.octaves, shift=-self.shift / self.factor)

    def __matmul__(self, other: Element) -> "TimeMap":
        if not isinstance(other, TimeMap):
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        shift = self.factor * other.shift + self.shift
        octaves, backwards = self.octaves + other.octaves, self.backwards != other.backwards
        return TimeMap(octaves, backwards, shift, self.axis.joined(other.axis), self.steps or other.steps)

    def in_samples(self) -> "TimeMap":
        """The same motion of a signal of any other length, which does not wrap: by as many samples."""
        return replace(self, axis=TimeAxis(rate=self.axis.rate))

    @property
    def name(self) -> str:
        parts = {
            "reversal": self.backwards,
            self._pace: abs(self.octaves) > _SAME,
            f"shift {self.shift:.6g}{self._seconds}": abs(self.shift) > _SAME,
        }
        return ", ".join(word for word, moves in parts.items() if moves) or "identity"

    @property
    def _pace(self) -> str:
        """The change of pace, in words."""
        if self.steps:
            return f"pitch {self.octaves * self.steps:+.4g} of {self.steps}"
        return f"scale {abs(self.factor):.3g}"

    @property
    def _seconds(self) -> str:
        """What the shift is in milliseconds, in brackets; nothing where the rate is not known."""
        return f" ({1e3 * self.shift / self.axis.rate:.4g} ms)" if self.axis.rate else ""

    @property
    def on_curve(self) -> tuple[float | None, str | None]:
        """Samples of a shift, steps of a change of pitch, or the factor of a change of pace; None of a mixture."""
        moves = (self.backwards, abs(self.octaves) > _SAME, abs(self.shift) > _SAME)
        pitch = (float(round(self.octaves * self.steps, 6)), BIN)
        pace = pitch if self.steps else (self.factor, FACTOR)
        known = {(False, False, False): (0.0, SAMPLE), (False, False, True): (self.shift, SAMPLE)}
        known[False, True, False] = pace
        return known.get(moves, (None, None))
