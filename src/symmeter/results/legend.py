"""How to read the table of a result: what its columns are, and what is missing."""

from collections.abc import Mapping, Sequence
from typing import Any

from symmeter.results.numbers import ratio
from symmeter.results.row import RATIOS, Row
from symmeter.results.verdict import SAYS_NOTHING, TOO_FEW, UNCLEAR, towards_others

_ENOUGH_FOR_SOFTMAX = 64  # samples: its tail hides what fewer could tell of logits


def legend(rows: Sequence[Row], item: str = "image", towards: str = "") -> list[str]:
    """How to read the table, a line each.

    `item` is the noun of one sample, `towards` where the control of stability moves it; usually to other samples.
    """
    return [
        *_directions(rows),
        *_ratios(rows, item, towards or towards_others(item)),
        *_floors(rows),
        *_missing(rows),
        *_saturated(rows, item),
        *_groups(rows),
    ]


def _directions(rows: Sequence[Row]) -> list[str]:
    measures: dict[str, dict[str, None]] = {}
    for row in rows:
        measures.setdefault(row.direction, {})[row.measure] = None
    if len(measures) != 1:
        return [f"{direction}: {', '.join(names)}" for direction, names in measures.items()]
    unit, *more = different(rows, "unit")
    named = [unit]
    if more:
        several = by_unit(rows)
        named = [f"{one} ({outputs_of(those)})" for one, those in several.items()] or [f"{unit} and so on"]
    return [f"value: {rows[0].direction}; unit {', '.join(named)}"]


def _ratios(rows: Sequence[Row], item: str, towards: str) -> list[str]:
    """What was divided by what, and how ratios are read."""
    names = [name for name in RATIOS if known(rows, name)]
    if not names:
        return []
    what = "error" if have_errors(rows) else "response"
    meaning = {
        "stability": f"{what} over that to changes of the same size {towards}",
        "specificity": f"{what} over that to deformations of the same {item} as fast",
        "untrained": "its stability (or specificity) over that of a copy with fresh weights",
    }
    lines = [f"{name}: {meaning[name]}" for name in names]
    return [*lines, "0: symmetric, 1: no different; [95 % interval]"]


def _saturated(rows: Sequence[Row], item: str) -> list[str]:
    """Whether logits would say more than a softmax of few samples."""
    few = [row for row in rows if row.whole and row.n < _ENOUGH_FOR_SOFTMAX]
    labels = ("lee", "softmax", UNCLEAR)
    unclear = [row.symmetry for row in few if (row.measure, row.output, row.verdict) == labels]
    return [
        f"{', '.join(unclear)}: after a softmax few {item}s carry the mean; --output logits needs fewer"
    ] * bool(unclear)


def _missing(rows: Sequence[Row]) -> list[str]:
    """Why some intervals have no end, and which ratios are not of all images, by symmetry."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if not row.whole or row.verdict in (*SAYS_NOTHING, TOO_FEW):
            continue
        if row.interval_remark:
            found.setdefault(f"no bound of the value: {row.interval_remark}", []).append(row.symmetry)
        for name in ("stability", "specificity"):
            pairs = row[f"{name}_pairs"]
            if pairs not in (None, row.n):
                reason = f"{name} without {row.n - pairs} whose ratio is 0 or unknown"
                found.setdefault(reason, []).append(row.symmetry)
    return [f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in found.items()]


def _floors(rows: Sequence[Row]) -> list[str]:
    lines = []
    if known(rows, "floor"):
        lines.append(_floor(rows))
    if known(rows, "boundary_share"):
        lines.append("boundary: share of the error in the outer ring of the output")
    return lines


def _floor(rows: Sequence[Row]) -> str:
    """Below what is not resolved, of rows that have a floor."""
    if len(different(rows, "measure")) > 1:
        return "not resolved: below 3 floors of the measurement, 10 for squares"
    several = by_unit(rows)
    named = [f"{_highest_floor(those)} {unit}" for unit, those in several.items()]
    if len(several) < 2:
        named = [_highest_floor(rows)]
    return f"floor of the measurement: at most {', '.join(named)}"


def _highest_floor(rows: Sequence[Row]) -> str:
    return f"{max(known(rows, 'floor'), default=0.0):.1e}"


def whole_pixels(rows: Sequence[Row], spec: Mapping[str, Any]) -> list[str]:
    """What one whole pixel does to the first output, next to what LEE predicts."""
    found: dict[str, str] = {}
    for row in rows:
        if row.whole_pixel is not None:
            name = row.symmetry.removeprefix("translation_")
            found.setdefault(name, f"{ratio(row.whole_pixel)} ({name})")
    if not found:
        return []
    return [
        f"one whole {spec['whole_pixel']}: {', '.join(found.values())} of what LEE predicts (see --range)"
    ]


def _groups(rows: Sequence[Row]) -> list[str]:
    """How many elements every group had, and which changed the first output most."""
    lines = {}
    for row in rows:
        if row.elements:
            worst = f"; worst by {row.worst_by}: {row.worst_element}" if row.worst_element else ""
            drawn = " drawn" if row.element_standard_error is not None else ""
            lines.setdefault(row.symmetry, f"{row.symmetry}: {row.elements} elements{drawn}{worst}")
    return list(lines.values())


def column(rows: Sequence[Row], name: str) -> list[Any]:
    """One field of all rows."""
    return [row[name] for row in rows]


def different(rows: Sequence[Row], name: str) -> list[Any]:
    """The values of a field, each once."""
    return list(dict.fromkeys(column(rows, name)))


def known(rows: Sequence[Row], name: str) -> list[Any]:
    """The values of a field in the rows that have one."""
    return [value for value in column(rows, name) if value is not None]


def have_errors(rows: Sequence[Row]) -> bool:
    """Whether values are not the errors that they are made of, with a control to compare them with."""
    return any(row.control_error is not None and row.error != row.value for row in rows)


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
