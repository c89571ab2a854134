"""The rows of a result: one estimate with its labels, or one element of a group."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from symmeter.results.html import as_html
from symmeter.results.numbers import ratio, short, with_interval
from symmeter.results.sheet import Sheet, pairs
from symmeter.results.units import shown_unit
from symmeter.results.verdict import resolved

HIGHER = "higher"  # begins the direction of a measure whose large values are those of symmetric networks
RATIOS = ("stability", "specificity", "untrained")  # each with `_low`, `_high` and `_pairs`
_SCALED = ("value", "floor", "interval_low", "interval_high", "error", "control_error", "control",
           "specificity_control")  # fmt: skip


@dataclass(frozen=True, repr=False)
class Record(Mapping[str, Any]):
    """Reads as an object (`row.value`) and as a mapping (`row["value"]`)."""

    @property
    def whole(self) -> bool:
        """Whether the row is about all that was measured, and not about a part of it."""
        return True

    def words(self) -> dict[str, str]:
        """What is shown of it, as tables write it: all that it has."""
        return {
            name: short(value) if isinstance(value, float) else str(value) for name, value in self._known()
        }

    def _known(self) -> Iterator[tuple[str, Any]]:
        """What differs from what a row has anyway."""
        return ((one.name, self[one.name]) for one in fields(self) if self[one.name] != one.default)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._known())})"

    def __str__(self) -> str:
        return ", ".join(f"{name} {word}" for name, word in self.words().items() if word)

    def _repr_html_(self) -> str:
        return as_html(Sheet(tables=[pairs(self.words())]))

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __getitem__(self, key: str) -> Any:
        if key not in self.__dataclass_fields__:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dataclass_fields__)

    def __len__(self) -> int:
        return len(self.__dataclass_fields__)


@dataclass(frozen=True, repr=False)
class ElementRow(Record):
    """What one group element does, mean over images.

    `parameter` is what a curve over the group has on its axis, in `parameter_unit`: degrees of a rotation, a factor of
    scale, or positions of a shift along one axis. The identity has the parameter 0 and no unit, for it belongs to any
    curve. Of a motion of space `turn_x`, `turn_y` and `turn_z` are axis times angle in degrees, and `parity` is -1
    where an inversion comes after that. `floor` is what a symmetric network would show, known of some elements.
    `interval_low` to `interval_high` is the 95 % interval of the value, of elements with a parameter only.
    """

    measure: str
    symmetry: str
    output: str
    layer: str
    element: str
    parameter: float | None
    value: float
    standard_error: float | None
    n: int
    parameter_unit: str | None = None
    turn_x: float | None = None
    turn_y: float | None = None
    turn_z: float | None = None
    parity: int | None = None
    floor: float | None = None
    interval_low: float | None = None
    interval_high: float | None = None

    @property
    def has_interval(self) -> bool:
        """Whether the values set at least one bound."""
        return (self.interval_low, self.interval_high) != (None, None)


@dataclass(frozen=True, repr=False)
class Row(Record):
    """One estimate with its labels.

    `interval_low` to `interval_high` is the 95 % interval of the value; where one of them is not there,
    `interval_remark` says why. `stability` and `specificity` are the geometric means of value over control,
    image by image, with their intervals and from how many images they are; that of specificity holds the chance of an
    untrained network's weights too. `selectivity` is another name of stability.
    `ratio_of_means` is the ratio of `value` and `control`. `untrained`: how many times the stability (of a specific
    network the specificity) is that of a copy with fresh weights. `typical` is the geometric mean.

    Over a group: `error` is what a symmetric network has at 0 and `value` is made of; `floor` is of errors, and ratios
    are of errors. `worst` is the value at the largest error of any image and element, `constant` what a constant
    network would score, `elements` how many were run over. `power` is 2 for errors that are squares of an amplitude:
    they are resolved at 10 floors, amplitudes at 3. `chance`: relative difference of two calls on one image, where the
    model is random. `worst_element` changes the output most, by the measure `worst_by`. `column` is the name of its
    values of single images in `Result.samples`, where it has some.

    `whole_pixel`, of LEE along translations: what a shift by one whole pixel changes, |f(g x) - f(x)|^2 / dim / t^2,
    over LEE, the means of both over the same first 64 images; 1 would be what LEE predicts.
    """

    measure: str
    symmetry: str
    output: str
    layer: str
    value: float
    standard_error: float | None
    n: int
    floor: float | None
    control: float | None
    selectivity: float | None
    unit: str
    direction: str
    definition: str
    verdict: str
    interval_low: float | None = None
    interval_high: float | None = None
    interval_remark: str = ""
    stability: float | None = None
    stability_low: float | None = None
    stability_high: float | None = None
    stability_pairs: int | None = None
    specificity: float | None = None
    specificity_low: float | None = None
    specificity_high: float | None = None
    specificity_pairs: int | None = None
    specificity_control: float | None = None
    untrained: float | None = None
    untrained_low: float | None = None
    untrained_high: float | None = None
    untrained_pairs: int | None = None
    control_standard_error: float | None = None
    ratio_of_means: float | None = None
    ratio_of_means_standard_error: float | None = None
    median: float | None = None
    typical: float | None = None
    quantile_05: float | None = None
    quantile_95: float | None = None
    top_share: float | None = None
    boundary_share: float | None = None
    accuracy: float | None = None
    error: float | None = None
    control_error: float | None = None
    element_standard_error: float | None = None
    worst: float | None = None
    constant: float | None = None
    elements: int | None = None
    worst_element: str | None = None
    worst_by: str = "relative_error"
    chance: float | None = None
    power: int = 1
    column: str | None = None
    whole_pixel: float | None = None

    def as_shown(self) -> Self:
        """The row with its values in the unit that tables have for its own; most rows as they are.

        A row keeps the units of its data, for atoms those of ASE; only what is printed has others.
        """
        unit, factor = shown_unit(self.unit)
        if unit == self.unit:
            return self
        scaled = {name: factor * self[name] for name in _SCALED if self[name] is not None}
        return replace(self, unit=unit, **scaled)

    def words(self) -> dict[str, str]:
        """What the table of a result has of it, and what that is about."""
        row = self.as_shown()
        return {
            **{name: row[name] for name in ("symmetry", "measure", "output", "layer")},
            "value [95 %]": with_interval(row.value, row.interval_low, row.interval_high),
            "unit": row.unit,
            **{
                name: ratio(row[name], row[f"{name}_low"], row[f"{name}_high"])
                for name in RATIOS
                if row[name] is not None
            },
            "verdict": row.verdict,
        }

    @property
    def asymmetry(self) -> float:
        """What it tells of asymmetry: the error that the value is made of, or the value where that is the error."""
        return self.value if self.error is None else self.error

    @property
    def resolved(self) -> bool:
        """Whether its error is positive and stands clear of its floor."""
        return self.asymmetry > 0 and resolved(self.asymmetry, self.floor, self.power)
