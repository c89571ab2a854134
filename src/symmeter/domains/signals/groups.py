"""Groups that act on signals: motions of time in a window, changes of amplitude, and what undoes itself."""

import math
from abc import abstractmethod
from dataclasses import dataclass, replace

import torch

from symmeter.domains.grids.shifts import CIRCULAR, CROP, OPEN
from symmeter.domains.signals.amplitude import Amplitude
from symmeter.domains.signals.spans import Span
from symmeter.domains.signals.time_map import ANY_AXIS, TimeAxis, TimeMap
from symmeter.errors import SymmeterError, counted
from symmeter.symmetry.groups.group import Element, Group

AN_EIGHTH = Span(0.125)


@dataclass(frozen=True)
class InTime(Group):
    """Motions of time. `edge` says what happens where a signal ends.

    `circular`: what leaves at one end returns at the other. `crop`: the network hears a part of a longer signal, and
    nothing is made up. `open`: what comes in from outside is made up by the padding and does not count.
    """

    edge: str = OPEN
    axis: TimeAxis = ANY_AXIS

    acts_on = "time"

    def at_rate(self, rate: float | None) -> "InTime":
        """The same for signals of so many samples a second."""
        return replace(self, axis=replace(self.axis, rate=rate))

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "InTime":
        axis = TimeAxis(length_of(self.name, shape), self.edge == CIRCULAR, self.axis.rate)
        bound = replace(self, axis=axis)
        bound.check()
        return bound

    def check(self) -> None:
        """SymmeterError where signals of that length cannot be moved so."""

    def margin(self, length: int) -> int:
        """Samples at either end of a signal of this length that the network does not hear: 0 unless it is a part."""
        return math.ceil(self.outside(length)) if self.edge == CROP else 0

    @abstractmethod
    def outside(self, length: int) -> float:
        """How many samples beyond what the network hears of such a signal may come in."""

    def written(self, usual: str, *words: object) -> str:
        """What stands in the brackets of a name; the `usual` edge is not said."""
        edges = [self.edge] if self.edge != usual else []
        return ",".join(map(str, [*words, *edges]))


@dataclass(frozen=True)
class TimeShifts(InTime):
    """Shifts by whole samples: on the circle all of them, or those up to `limit`, as samples or as a time.

    >>> [g.name for g in TimeShifts(limit=Span(1)).bind((3, 8)).enumerate()]
    ['identity', 'shift -1', 'shift 1']
    """

    edge: str = CIRCULAR
    limit: Span | None = None

    @property
    def closed(self) -> bool:  # type: ignore[override]
        return self.limit is None

    @property
    def name(self) -> str:
        words = self.written(CIRCULAR, *filter(None, [self.limit]))
        return f"shift({words})" if words else "shift"

    @property
    def reach(self) -> int:
        """The longest shift, in samples; half of the signal where nothing is said."""
        if self.limit is None:
            return (self.axis.length or 0) // 2
        return math.floor(self.limit.samples(self.axis.rate, self.name))

    def outside(self, length: int) -> float:
        return self.reach

    def check(self) -> None:
        length, most = self.axis.length or 0, ((self.axis.length or 0) - 1) // 2
        if most < 1 and self.edge != CROP:
            raise SymmeterError(
                f"{self.name}: a signal of {counted(length, 'sample')} is too short to be shifted"
            )
        if self.reach < 1:
            raise SymmeterError(f"{self.name} is less than one sample at {self.axis.rate:g} Hz")
        if self.limit is not None and self.edge != CROP and self.reach > most:
            half, around = replace(self, limit=Span(most)).name, TimeShifts().name
            raise SymmeterError(
                f"{self.name} is more than half of a signal of {length} samples; give at most {half}, or {around}"
            )

    @property
    def order(self) -> int | None:  # type: ignore[override]
        known = self.axis.length is not None
        return len(self._steps()) if known else None

    def enumerate(self) -> tuple[TimeMap, ...]:
        return tuple(TimeMap(shift=float(step), axis=self.axis) for step in self._steps())

    def draw(self, random: torch.Generator) -> TimeMap:
        steps = self._steps()
        return TimeMap(
            shift=float(steps[int(torch.randint(len(steps), (), generator=random))]), axis=self.axis
        )

    def _steps(self) -> range | list[int]:
        """How many samples each element moves by, 0 first."""
        if self.limit is None:
            return range(self.axis.length or 0)
        return sorted(range(-self.reach, self.reach + 1), key=abs)


@dataclass(frozen=True)
class TimeTranslations(InTime):
    """Shifts by any amount, parts of samples too, up to `extent` either way: a share of the length, or a time."""

    extent: Span = AN_EIGHTH
    closed = False

    @property
    def name(self) -> str:
        return f"T1({self.written(OPEN, self.extent)})"

    def outside(self, length: int) -> float:
        if self.extent.timed:
            return self.extent.samples(self.axis.rate, self.name)
        return self.extent.value * length

    def draw(self, random: torch.Generator) -> TimeMap:
        share = 2 * float(torch.rand((), generator=random, dtype=torch.float64)) - 1
        return TimeMap(shift=share * self.outside(self.axis.length or 0), axis=self.axis)


@dataclass(frozen=True)
class Pitches(InTime):
    """Pitch by up to `limit` steps either way, `per_octave` of them an octave: x(t) -> x(2^(k / per_octave) t).

    >>> [g.name for g in Pitches(limit=1, per_octave=60).bind((1, 8)).enumerate()]
    ['identity', 'pitch -1 of 60', 'pitch +1 of 60']
    """

    limit: int = 1
    per_octave: int = 12
    closed = False

    @property
    def name(self) -> str:
        return f"pitch({self.written(OPEN, self.limit, self.per_octave)})"

    def outside(self, length: int) -> float:
        return length / 2 * (1 - 2 ** (-self.limit / self.per_octave))

    @property
    def order(self) -> int:  # type: ignore[override]
        return 2 * self.limit + 1

    def enumerate(self) -> tuple[TimeMap, ...]:
        return tuple(map(self._by, sorted(range(-self.limit, self.limit + 1), key=abs)))

    def draw(self, random: torch.Generator) -> TimeMap:
        return self._by(int(torch.randint(self.order, (), generator=random)) - self.limit)

    def _by(self, steps: int) -> TimeMap:
        return TimeMap(octaves=steps / self.per_octave, axis=self.axis, steps=self.per_octave)


@dataclass(frozen=True)
class Factors:
    """Factors between two, uniform in the logarithm, as the Haar measure of the positive reals is."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high:
            raise SymmeterError(f"factors {self}: give two above 0, the smaller first")

    def __str__(self) -> str:
        return f"{self.low:g},{self.high:g}"

    def at(self, share: float) -> float:
        """The factor at this share of the way from one to the other, in the logarithm."""
        return self.low * (self.high / self.low) ** share

    def drawn(self, random: torch.Generator) -> float:
        """One at random."""
        return self.at(float(torch.rand((), generator=random, dtype=torch.float64)))

    def midpoints(self, count: int) -> list[float]:
        """Those in the middle of equal steps of the logarithm."""
        return [self.at((k + 0.5) / count) for k in range(count)]


A_THIRD_OF_AN_OCTAVE = Factors(0.8, 1.25)


@dataclass(frozen=True)
class TimeScales(InTime):
    """Sounds made so many times as long, between two factors: x(t) -> x(t / factor)."""

    factors: Factors = A_THIRD_OF_AN_OCTAVE
    closed = False

    @property
    def name(self) -> str:
        return f"scale({self.written(OPEN, self.factors)})"

    def outside(self, length: int) -> float:
        return length / 2 * (1 - min(1.0, self.factors.low))

    def draw(self, random: torch.Generator) -> TimeMap:
        return self._by(self.factors.drawn(random))

    def quadrature(self, count: int) -> tuple[TimeMap, ...]:
        """Midpoints of equal steps of the logarithm."""
        return tuple(map(self._by, self.factors.midpoints(count)))

    def _by(self, factor: float) -> TimeMap:
        return TimeMap(octaves=-math.log2(factor), axis=self.axis)


@dataclass(frozen=True)
class Gains(Group):
    """Amplitudes times a factor between two."""

    factors: Factors
    closed = False
    acts_on = "amplitude"

    @property
    def name(self) -> str:
        return f"gain({self.factors})"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Gains":
        length_of(self.name, shape)
        return self

    def draw(self, random: torch.Generator) -> Amplitude:
        return Amplitude(self.factors.drawn(random))

    def quadrature(self, count: int) -> tuple[Amplitude, ...]:
        """Midpoints of equal steps of the logarithm."""
        return tuple(map(Amplitude, self.factors.midpoints(count)))


@dataclass(frozen=True)
class OfOrderTwo(Group):
    """The identity and one element that undoes itself: polarity, or reversal.

    >>> OfOrderTwo(Amplitude(-1.0)).name, OfOrderTwo(TimeMap(backwards=True)).name
    ('polarity', 'reversal')
    """

    of: Element
    order = 2

    @property
    def name(self) -> str:
        return self.of.name

    @property
    def acts_on(self) -> str:  # type: ignore[override]
        return self.of.name

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "OfOrderTwo":
        length_of(self.name, shape)
        return self

    def enumerate(self) -> tuple[Element, ...]:
        return self.of @ self.of, self.of

    def draw(self, random: torch.Generator) -> Element:
        return self.enumerate()[int(torch.randint(2, (), generator=random))]


def length_of(name: str, shape: tuple[int, ...]) -> int:
    """L of inputs (C, L); SymmeterError for what is no signal."""
    if len(shape) != 2:
        inputs = ", ".join(map(str, shape))
        raise SymmeterError(f"{name} acts on signals (B, C, L); these inputs have shape (B, {inputs})")
    return shape[-1]
