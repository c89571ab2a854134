"""Units as they are shown: those of atoms in the sizes that people compare, such as meV/atom and GPa."""

from collections.abc import Sequence
from dataclasses import replace

from symmeter.results.row import Row

_MILLI, _GIGAPASCAL = 1e3, 160.21766208  # eV/angstrom^3 in GPa
_SHOWN: dict[str, tuple[str, float]] = {
    "eV": ("meV", _MILLI),
    "eV/atom": ("meV/atom", _MILLI),
    "eV/angstrom": ("meV/angstrom", _MILLI),
    "eV/angstrom^3": ("GPa", _GIGAPASCAL),
}
_SCALED = ("value", "floor", "interval_low", "interval_high", "error", "control_error", "control",
           "specificity_control")  # fmt: skip


def shown_unit(unit: str) -> tuple[str, float]:
    """The unit that tables have for one, and how many of it that one is.

    >>> shown_unit("eV/atom"), shown_unit("degree")
    (('meV/atom', 1000.0), ('degree', 1.0))
    """
    return _SHOWN.get(unit, (unit, 1.0))


def as_shown(row: Row) -> Row:
    """A row with its values in the unit that tables have for its own; most rows as they are.

    A row keeps the units of its data, here those of ASE; only what is printed has others.
    """
    unit, factor = shown(row.unit)
    if unit == row.unit:
        return row
    scaled = {name: factor * row[name] for name in _SCALED if row[name] is not None}
    return replace(row, unit=unit, **scaled)


def shown(unit: str) -> tuple[str, float]:
    """The unit that is shown for one, and how many of it make one of that.

    >>> shown("eV/angstrom"), shown("pixel")
    (('meV/angstrom', 1000.0), ('pixel', 1.0))
    """
    return _SHOWN.get(unit, (unit, 1.0))


def by_unit(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by their unit, where the output tells which that is; nothing where one output has several units.

    So numbers that cannot be compared are not put together.
    """
    units: dict[str, set[str]] = {}
    found: dict[str, list[Row]] = {}
    for row in rows:
        units.setdefault(row.output, set()).add(row.unit)
        found.setdefault(row.unit, []).append(row)
    return found if all(len(own) == 1 for own in units.values()) else {}


def outputs_of(rows: Sequence[Row]) -> str:
    """The outputs that some rows are about."""
    return ", ".join(dict.fromkeys(row.output for row in rows))
