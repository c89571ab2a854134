"""Groups that act on signals: shifts in time, and the two that undo themselves, polarity and reversal."""

import re
from dataclasses import dataclass, replace

import torch

from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.shifts import AXES, CROP, Shifts, parse_shifts
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group

POLARITY, REVERSAL = "polarity", "reversal"
GENERATORS_OF_SIGNALS = {name: GENERATORS[name] for name in ("translation_x", "gain")}
SYMMETRIES: dict[str, str] = {
    "translation_x": "a shift in time by any amount; the unit is half the length",
    "gain": "amplitudes times a factor, in log-units",
    "shift(8)": "circular shifts by whole samples, up to 8; shift for all; shift(8,crop), shift(8,open)",
    POLARITY: "amplitudes times -1",
    REVERSAL: "time runs backwards",
}
_SHIFT = re.compile(r"^shift(?:_x)?(?:\((.*)\))?$")


@dataclass(frozen=True)
class Involution(Element):
    """The identity, or what undoes itself: `of` says what, polarity or reversal.

    >>> turned = Involution(POLARITY)
    >>> turned.name, (turned @ turned).name
    ('polarity', 'identity')
    """

    of: str
    on: bool = True

    @property
    def name(self) -> str:
        return self.of if self.on else "identity"

    @property
    def is_identity(self) -> bool:
        return not self.on

    def inverse(self) -> "Involution":
        return self

    def __matmul__(self, other: Element) -> "Involution":
        if not isinstance(other, Involution) or other.of != self.of:
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        return Involution(self.of, self.on != other.on)


@dataclass(frozen=True)
class OfOrderTwo(Group):
    """The identity and one element that undoes itself."""

    of: str
    order = 2

    @property
    def name(self) -> str:
        return self.of

    @property
    def acts_on(self) -> str:  # type: ignore[override]
        return self.of

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "OfOrderTwo":
        length_of(self.name, shape)
        return self

    def enumerate(self) -> tuple[Involution, ...]:
        return Involution(self.of, False), Involution(self.of)

    def draw(self, random: torch.Generator) -> Involution:
        return Involution(self.of, bool(torch.randint(2, (), generator=random)))


@dataclass(frozen=True)
class TimeShifts(Shifts):
    """Shifts of signals (C, L) by whole samples: on the circle all of them, or those up to `limit`.

    >>> [g.name for g in TimeShifts(1, axis="x").bind((3, 8)).enumerate()]
    ['identity', 'shift -1 0', 'shift 1 0']
    """

    @property
    def name(self) -> str:
        return Shifts(self.limit, self.edge).name  # there is only one axis, which needs no name

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "TimeShifts":
        length = length_of(self.name, shape)
        if self.edge != CROP:
            self._check_length(length)
        return replace(self, frame=(1, length))

    def _check_length(self, length: int) -> None:
        """SymmeterError where there is nothing to shift, or where shifts go more than half around."""
        most = (length - 1) // 2
        if most < 1:
            raise SymmeterError(f"{self.name}: a signal of {length} samples is too short to be shifted")
        if self.limit is not None and self.limit > most:
            half, every = (replace(self, limit=limit).name for limit in (most, None))
            raise SymmeterError(
                f"{self.name} is more than half of a signal of {length} samples; give at most {half}, or {every}"
            )


def length_of(name: str, shape: tuple[int, ...]) -> int:
    """L of inputs (C, L); SymmeterError for what is no signal."""
    if len(shape) != 2:
        inputs = ", ".join(map(str, shape))
        raise SymmeterError(f"{name} acts on signals (B, C, L); these inputs have shape (B, {inputs})")
    return shape[-1]


def named(text: str) -> tuple[Generator | Group, ...]:
    """The generators or the group of a name, none where nothing is called so; SymmeterError for a misspelt shift.

    >>> [one.name for word in ("gain", "translation", "shift(8,crop)") for one in named(word)]
    ['gain', 'translation_x', 'shift(8,crop)']
    """
    key = text.strip().lower()
    if key in (POLARITY, REVERSAL):
        return (OfOrderTwo(key),)
    shift = _SHIFT.match(key)
    if shift is not None:
        return (_shifts(text, shift[1] or ""),)
    key = "translation_x" if key == "translation" else key
    return (GENERATORS_OF_SIGNALS[key],) if key in GENERATORS_OF_SIGNALS else ()


def _shifts(text: str, inside: str) -> TimeShifts:
    """From what stands in the brackets: how far, what happens at the ends, and x, which may be left out."""
    words = [word.strip() for word in inside.split(",") if word.strip()]
    time, *others = AXES
    try:
        if any(axis in words for axis in others):
            raise ValueError
        found = parse_shifts(*[word for word in words if word != time])
    except ValueError as error:
        raise SymmeterError(
            f"symmetry {text!r} has arguments that do not fit; write it as shift(8) or shift(8,{CROP})"
        ) from error
    return TimeShifts(found.limit, found.edge, time)
