"""Symmetries of signals by name: `translation`, `gain`, `shift(160,crop)`, `pitch(12,60)`, `polarity`, ..."""

import re
from collections.abc import Callable

from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.shifts import CIRCULAR, CROP, OPEN
from symmeter.domains.signals.amplitude import POLARITY, Amplitude
from symmeter.domains.signals.groups import (
    Factors,
    Gains,
    OfOrderTwo,
    Pitches,
    TimeScales,
    TimeShifts,
    TimeTranslations,
)
from symmeter.domains.signals.spans import parse_span
from symmeter.domains.signals.time_map import TimeMap
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group

REVERSAL = "reversal"
GENERATORS_OF_SIGNALS = {name: GENERATORS[name] for name in ("translation_x", "scale", "gain")}
SYMMETRIES: dict[str, str] = {
    "translation_x": "a shift in time by any amount; the unit is half the length",
    "scale": "sounds made shorter, and so higher, in log-units",
    "gain": "amplitudes times a factor, in log-units",
    "shift(8)": "circular shifts by whole samples, up to 8; shift for all; shift(8,crop), shift(8,open)",
    "shift(10ms)": "the same up to a time: takes sample_rate",
    "T1(0.125)": "shifts by any amount, up to 1/8 of the length; T1(5ms), T1(0.125,circular)",
    "scale(0.8,1.25)": "sounds made longer by factors between two; scale(0.8,1.25,crop)",
    "pitch(12,60)": "pitch up to 12 steps up or down, 60 an octave; pitch(2) in semitones; pitch(12,60,crop)",
    "gain(0.5,2)": "amplitudes times factors between two",
    POLARITY: "amplitudes times -1",
    REVERSAL: "time runs backwards",
}
_CALL = re.compile(r"^([a-z]+1?)(?:_x)?(?:\((.*)\))?$")


def named(text: str) -> tuple[Generator | Group, ...]:
    """The generators or the group of a name, none where nothing is called so; SymmeterError for a misspelt group.

    >>> [one.name for word in ("gain", "translation", "shift(8,crop)", "gain(0.5,2)") for one in named(word)]
    ['gain', 'translation_x', 'shift(8,crop)', 'gain(0.5,2)']
    """
    key = text.strip().lower()
    key = "translation_x" if key == "translation" else key
    if key in GENERATORS_OF_SIGNALS:
        return (GENERATORS_OF_SIGNALS[key],)
    match = _CALL.match(key)
    build, example = _GROUPS.get(match[1], (None, "")) if match else (None, "")
    if match is None or build is None:
        return ()
    arguments = [word.strip() for word in (match[2] or "").split(",") if word.strip()]
    edges = [word for word in arguments if word in (CIRCULAR, CROP, OPEN)]
    others = [
        word for word in arguments if word not in (*edges, "x")
    ]  # there is one axis, which may be named
    try:
        return (build(*others, **dict(zip(["edge"], edges, strict=bool(edges)))),)
    except (TypeError, ValueError) as error:
        raise SymmeterError(
            f"symmetry {text!r} has arguments that do not fit; write it as {example}"
        ) from error


def _shifts(limit: str = "", *, edge: str = CIRCULAR) -> Group:
    if not limit and edge == CIRCULAR:
        return TimeShifts()
    span = parse_span(limit)
    if not span.timed and not span.value.is_integer():
        raise ValueError(limit)
    return TimeShifts(edge, limit=span)


def _translations(extent: str = "0.125", *, edge: str = OPEN) -> Group:
    span = parse_span(extent)
    if not span.timed and span.value > 1:
        raise ValueError(extent)
    return TimeTranslations(edge, extent=span)


def _scales(low: str, high: str, *, edge: str = OPEN) -> Group:
    return TimeScales(_not_circular(edge), factors=_factors(low, high))


def _pitches(limit: str, per_octave: str = "12", *, edge: str = OPEN) -> Group:
    steps, octave = int(limit), int(per_octave)
    if min(steps, octave) < 1:
        raise ValueError(limit)
    return Pitches(_not_circular(edge), limit=steps, per_octave=octave)


def _gains(low: str, high: str) -> Group:
    return Gains(_factors(low, high))


def _factors(low: str, high: str) -> Factors:
    return Factors(float(low), float(high))


def _not_circular(edge: str) -> str:
    """An edge; ValueError for a circle, on which nothing gets longer."""
    if edge == CIRCULAR:
        raise ValueError(edge)
    return edge


def _polarity() -> Group:
    return OfOrderTwo(Amplitude(-1.0))


def _reversal() -> Group:
    return OfOrderTwo(TimeMap(backwards=True))


_GROUPS: dict[str, tuple[Callable[..., Group], str]] = {
    "shift": (_shifts, f"shift(8), shift(10ms) or shift(8,{CROP})"),
    "t1": (_translations, "T1(0.125) or T1(5ms)"),
    "scale": (_scales, f"scale(0.8,1.25) or scale(0.8,1.25,{CROP})"),
    "pitch": (_pitches, f"pitch(12,60) or pitch(12,60,{CROP})"),
    "gain": (_gains, "gain(0.5,2)"),
    POLARITY: (_polarity, POLARITY),
    REVERSAL: (_reversal, REVERSAL),
}
