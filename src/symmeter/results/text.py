"""A result as a table that fits a terminal of 80 columns."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from symmeter.errors import counted
from symmeter.results.error_split import (
    AveragedError,
    ErrorSplit,
    average_table,
    split_legend,
    split_table,
)
from symmeter.results.legend import column, different, have_errors, known, legend, whole_pixels
from symmeter.results.numbers import ratio, short, with_error, with_interval
from symmeter.results.phases import phase_lines
from symmeter.results.row import RATIOS, ElementRow, Row
from symmeter.results.sheet import ANY_WIDTH, Sheet, new_table
from symmeter.results.verdict import (
    LEARNED,
    NOT_STABLE,
    SAYS_NOTHING,
    SPECIFIC,
    STABLE,
    TOO_FEW,
    UNCLEAR,
)
from symmeter.verbs.arguments import split_list

WHOLE = "(whole)"  # the layer of a row about all that was measured
_WORST_ELEMENTS = 8
_WHOLE_NAME = (
    16  # letters of a symmetry that are never cut off: translation_x and translation_y must not look alike
)
_STYLES = {LEARNED: "green", SPECIFIC: "green", STABLE: "yellow", NOT_STABLE: "red"} | dict.fromkeys(
    (UNCLEAR, *SAYS_NOTHING, TOO_FEW), "dim"
)


class Printable(Protocol):
    """What of a result is printed."""

    @property
    def rows(self) -> tuple[Row, ...]: ...

    @property
    def header(self) -> Mapping[str, Any]: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...

    @property
    def elements(self) -> tuple[ElementRow, ...]: ...

    @property
    def splits(self) -> tuple[ErrorSplit, ...]: ...

    @property
    def averages(self) -> tuple[AveragedError, ...]: ...


def sheet_of(result: Printable, width: int) -> Sheet:
    """What was measured, the rows, how to read them, and the warnings."""
    rows = [row.as_shown() for row in result.rows]
    tables = [_table(_with_short_measures(rows, width))]
    moving = _moving(result.elements)
    if len(rows) == 1 and moving:
        tables.append(_element_table(moving))
    if result.splits:
        tables.append(split_table(new_table(), result.splits))
    if result.averages:
        tables.append(average_table(new_table(), result.averages))
    data, towards = result.header["data"], result.header["spec"].get("control_towards", "")
    explained = legend(rows, data.get("item", "image"), towards)
    split = split_legend(result.splits, result.averages)
    spec = result.header["spec"]
    known = [*spec.get("explained", ()), *phase_lines(result.elements, spec)]
    lines = [*explained, *whole_pixels(rows, spec), *known, *split]
    return Sheet(title(result.header), circumstances(result.header), tables, lines, result.warnings)


def title(head: Mapping[str, Any]) -> str:
    """What was measured, of which model, on which data."""
    model, data, spec = head["model"], head["data"], head["spec"]
    state = f" ({model['weights']})" if model.get("weights") else ""
    measures = split_list(spec["measure"])
    what = spec["measure"].upper() if len(measures) < 3 else f"{len(measures)} measures"
    return f"{what} of {model['name']}{state} on {data['name']}"


def circumstances(head: Mapping[str, Any]) -> str:
    """Images, output, definition and accuracy in one line."""
    spec = head["spec"]
    samples = counted(head["data"]["used"], head["data"].get("item", "image"))
    output = f"output {spec['output']} ({spec['rho_out']})"
    parts = [samples, output, head["definition"]]
    accuracy = head.get("accuracy")
    if accuracy:
        ends = [accuracy.get(f"interval_{end}") for end in ("low", "high")]
        parts.append(f"accuracy {ratio(accuracy['top1'], *ends)}")
    wanted = spec.get("wanted_precision")
    if wanted is not None and wanted["widest"] is not None and math.isfinite(wanted["widest"]):
        parts.append(f"intervals within ±{wanted['widest']:.0%} (wanted {wanted['wanted']:.0%})")
    if head["status"] != "complete":
        parts.append(head["status"].upper())
    return ", ".join(parts)


def _table(rows: Sequence[Row]) -> Table:
    """One line per row; outputs, layers and measures have a column where there are several, which leaves less room."""
    place = "output" if len(different(rows, "output")) > 1 else "layer"
    varying = [name for name in (place, "measure") if len(different(rows, name)) > 1]
    names = {name: [word or WHOLE for word in column(rows, name)] for name in ("symmetry", *varying)}
    numbers = _numbers(rows, bool(varying))
    table = new_table()
    for name, words in names.items():
        longest = max(map(len, words), default=0)
        least = min(longest, _WHOLE_NAME) if name == "symmetry" else None
        table.add_column(name, no_wrap=True, overflow="ellipsis", min_width=least)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row, *cells in zip(rows, *names.values(), *numbers.values(), strict=True):
        table.add_row(*map(escape, cells), Text.assemble((row.verdict, _STYLES.get(row.verdict, ""))))
    return table


def _with_short_measures(rows: Sequence[Row], width: int) -> Sequence[Row]:
    """The rows; where their table is too wide, with the first word of measures alone if that tells them apart."""
    if width >= ANY_WIDTH:
        return rows
    console = Console(width=ANY_WIDTH)
    natural = Measurement.get(console, console.options, _table(rows)).maximum
    full = [row.measure for row in rows]
    stems = [name.partition("(")[0] for name in full]
    if natural <= width or len(set(stems)) < len(set(full)):
        return rows
    return [replace(row, measure=stem) for row, stem in zip(rows, stems, strict=True)]


def _numbers(rows: Sequence[Row], short_of_room: bool) -> dict[str, Iterable[str]]:
    """The cells of the columns of numbers, by heading."""
    shares = known(rows, "boundary_share")
    short_of_room = short_of_room or bool(shares)
    columns: dict[str, Iterable[str]] = {}
    if short_of_room:
        columns["value"] = map(short, column(rows, "value"))
    else:
        columns["value [95 %]"] = [with_interval(r.value, r.interval_low, r.interval_high) for r in rows]
    if (
        have_errors(rows) and not short_of_room
    ):  # of similarities and decibels it is the error that is compared
        columns["error"] = map(short, column(rows, "error"))
    for name in RATIOS:
        if not known(rows, name):
            continue
        if short_of_room and name != "stability":
            columns[name] = [ratio(r[name]) for r in rows]
        else:
            columns[name] = [ratio(r[name], r[f"{name}_low"], r[f"{name}_high"]) for r in rows]
    if shares:
        columns["boundary"] = [
            "" if share is None else f"{share:.0%}" for share in column(rows, "boundary_share")
        ]
    return columns


def _moving(elements: Sequence[ElementRow]) -> list[ElementRow]:
    """Those that do something to the output, by the first measure, which is that of single elements."""
    return [e for e in elements if e.measure == elements[0].measure and e.value != 0]


def _element_table(known: Sequence[ElementRow]) -> Table:
    """What the worst elements do to the only output, against f(x)."""
    shown = known[0].measure
    worst = sorted(known, key=lambda e: -e.value)[:_WORST_ELEMENTS]
    heading = "element, worst first"
    if len(known) > len(worst):
        heading += f" ({len(known) - len(worst)} more)"
    table = new_table()
    table.add_column(heading, no_wrap=True)
    spreads = " or ".join(dict.fromkeys("[95 %]" if e.has_interval else "± s.e." for e in worst))
    table.add_column(escape(f"{shown.replace('_', ' ')} {spreads}"), justify="right", no_wrap=True)
    for e in worst:
        table.add_row(*map(escape, (e.element, _of_element(e))))
    return table


def _of_element(row: ElementRow) -> str:
    """Its value with its interval, or with its standard error where it has none."""
    if row.has_interval:
        return with_interval(row.value, row.interval_low, row.interval_high)
    return with_error(row.value, row.standard_error)
