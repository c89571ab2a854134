"""A result as a table that fits a terminal of 80 columns."""

import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from symmeter.results.numbers import plus_minus, ratio, short, with_error, with_interval
from symmeter.results.row import ElementRow, Row
from symmeter.results.verdict import (
    LEARNED,
    NOT_RESOLVED,
    NOT_STABLE,
    SPECIFIC,
    STABLE,
    TOO_FEW,
    UNCLEAR,
)
from symmeter.verbs.arguments import split_list

WHOLE = "(whole)"  # the layer of a row about all that was measured
_WORST_ELEMENTS = 8
_ENOUGH_FOR_SOFTMAX = 64  # samples: its tail hides what fewer could tell of logits
_STYLES = {LEARNED: "green", SPECIFIC: "green", STABLE: "yellow", NOT_STABLE: "red"} | dict.fromkeys(
    (UNCLEAR, NOT_RESOLVED, TOO_FEW), "dim"
)
_RATIOS = ("stability", "specificity", "untrained")


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


def render(result: Printable, width: int = 80) -> str:
    """The table as plain text."""
    return as_text(lambda console: show(result, console), width)


def as_text(printing: Callable[[Console], None], width: int) -> str:
    """What is printed to a console, as plain text."""
    stream = io.StringIO()
    printing(Console(file=stream, width=width, color_system=None))
    return stream.getvalue().rstrip() + "\n"


def show(result: Printable, console: Console) -> None:
    """Print a result: what was measured, the rows, how to read them, and the warnings."""
    tables = [_table(result.rows)]
    if len(result.rows) == 1 and result.rows[0].elements:
        tables.append(_element_table(result.elements))
    legend = [*_legend(result.rows), *_whole_pixels(result.rows, result.header["spec"])]
    show_tables(console, title(result.header), circumstances(result.header), tables, legend, result.warnings)


def show_tables(
    console: Console,
    heading: str,
    subheading: str,
    tables: Iterable[RenderableType],
    legend: Iterable[str],
    warnings: Iterable[str],
) -> None:
    """Print tables between their heading and how to read them."""
    console.print(f"[bold]{escape(heading)}[/bold]", highlight=False)
    console.print(escape(subheading), highlight=False)
    for table in tables:
        console.print(table)
        console.print()
    for line in legend:
        console.print(escape(line), style="dim", highlight=False)
    for warning in warnings:
        console.print(f"[yellow]warning:[/yellow] {escape(warning)}", highlight=False)


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
    samples = f"{head['data']['used']} {head['data'].get('item', 'image')}s"
    output = f"output {spec['output']} ({spec['rho_out']})"
    parts = [samples, output, head["definition"]]
    accuracy = head.get("accuracy")
    if accuracy:
        parts.append(f"accuracy {accuracy['top1']:.3f}{plus_minus(accuracy['standard_error'], '.3f')}")
    wanted = spec.get("wanted_precision")
    if wanted is not None and wanted["widest"] is not None and math.isfinite(wanted["widest"]):
        parts.append(f"intervals within ±{wanted['widest']:.0%} (wanted {wanted['wanted']:.0%})")
    if head["status"] != "complete":
        parts.append(head["status"].upper())
    return ", ".join(parts)


def new_table() -> Table:
    """An empty table as all of them look."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def _table(rows: Sequence[Row]) -> Table:
    """One line per row; outputs, layers and measures have a column where there are several, which leaves less room."""
    place = "output" if len(_different(rows, "output")) > 1 else "layer"
    varying = [name for name in (place, "measure") if len(_different(rows, name)) > 1]
    names = {name: [word or WHOLE for word in _column(rows, name)] for name in ("symmetry", *varying)}
    numbers = _numbers(rows, bool(varying))
    table = new_table()
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row, *cells in zip(rows, *names.values(), *numbers.values(), strict=True):
        table.add_row(*map(escape, cells), Text.assemble((row.verdict, _STYLES.get(row.verdict, ""))))
    return table


def _numbers(rows: Sequence[Row], short_of_room: bool) -> dict[str, Iterable[str]]:
    """The cells of the columns of numbers, by heading."""
    shares = _known(rows, "boundary_share")
    short_of_room = short_of_room or bool(shares)
    columns: dict[str, Iterable[str]] = {}
    if short_of_room:
        columns["value"] = map(short, _column(rows, "value"))
    else:
        columns["value [95 %]"] = [with_interval(r.value, r.interval_low, r.interval_high) for r in rows]
    if (
        _have_errors(rows) and not short_of_room
    ):  # of similarities and decibels it is the error that is compared
        columns["error"] = map(short, _column(rows, "error"))
    for name in _RATIOS:
        if not _known(rows, name):
            continue
        if short_of_room and name != "stability":
            columns[name] = [ratio(r[name]) for r in rows]
        else:
            columns[name] = [ratio(r[name], r[f"{name}_low"], r[f"{name}_high"]) for r in rows]
    if shares:
        columns["boundary"] = [
            "" if share is None else f"{share:.0%}" for share in _column(rows, "boundary_share")
        ]
    return columns


def _column(rows: Sequence[Row], name: str) -> list[Any]:
    """One field of all rows."""
    return [row[name] for row in rows]


def _different(rows: Sequence[Row], name: str) -> list[Any]:
    """The values of a field, each once."""
    return list(dict.fromkeys(_column(rows, name)))


def _known(rows: Sequence[Row], name: str) -> list[Any]:
    """The values of a field in the rows that have one."""
    return [value for value in _column(rows, name) if value is not None]


def _have_errors(rows: Sequence[Row]) -> bool:
    """Whether values are not the errors that they are made of, with a control to compare them with."""
    return any(row.control_error is not None and row.error != row.value for row in rows)


def _element_table(elements: Sequence[ElementRow]) -> Table:
    """What the worst elements do to the only output, against f(x)."""
    known = [e for e in elements if e.measure == "relative_error" and e.value != 0]
    worst = sorted(known, key=lambda e: -e.value)[:_WORST_ELEMENTS]
    heading = "element, worst first"
    if len(known) > len(worst):
        heading += f" ({len(known) - len(worst)} more)"
    table = new_table()
    table.add_column(heading, no_wrap=True)
    table.add_column("relative error ± s.e.", justify="right", no_wrap=True)
    for e in worst:
        table.add_row(escape(e.element), with_error(e.value, e.standard_error))
    return table


def _legend(rows: Sequence[Row]) -> list[str]:
    """How to read the table, a line each."""
    return [
        *_directions(rows),
        *_ratios(rows),
        *_floors(rows),
        *_missing(rows),
        *_saturated(rows),
        *_groups(rows),
    ]


def _directions(rows: Sequence[Row]) -> list[str]:
    units = _different(rows, "unit")
    directions = _different(rows, "direction")
    if len(directions) == 1:
        others = " and so on" if len(units) > 1 else ""
        return [f"value: {directions[0]}; unit {units[0]}{others}"]
    lines = []
    for direction in directions:
        those = [row for row in rows if row.direction == direction]
        lines.append(f"{direction}: {', '.join(_different(those, 'measure'))}")
    return lines


_MEANING = {
    "stability": "over that to changes of the same size towards other images",
    "specificity": "over that to deformations of the same image as fast",
    "untrained": "its stability (or specificity) over that of a copy with fresh weights",
}


def _ratios(rows: Sequence[Row]) -> list[str]:
    """What was divided by what, and how ratios are read."""
    names = [name for name in _RATIOS if _known(rows, name)]
    if not names:
        return []
    what = "error" if _have_errors(rows) else "response"
    lines = [f"{name}: {what} {_MEANING[name]}" for name in names if name != "untrained"]
    lines += [f"{name}: {_MEANING[name]}" for name in names if name == "untrained"]
    return [*lines, "0: symmetric, 1: no different; [95 % interval]"]


def _saturated(rows: Sequence[Row]) -> list[str]:
    """Whether logits would say more than a softmax of few samples."""
    lee = [row for row in rows if (row.measure, row.output) == ("lee", "softmax") and row.whole]
    unclear = [row.symmetry for row in lee if row.verdict == UNCLEAR and row.n < _ENOUGH_FOR_SOFTMAX]
    return [
        f"{', '.join(unclear)}: after a softmax few images carry the mean; --output logits needs fewer"
    ] * bool(unclear)


def _missing(rows: Sequence[Row]) -> list[str]:
    """Why some intervals have no end, and which ratios are not of all images, by symmetry."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if not row.whole or row.verdict in (NOT_RESOLVED, TOO_FEW):
            continue
        if row.interval_remark:
            found.setdefault(f"no bound of the value: {row.interval_remark}", []).append(row.symmetry)
        for name in ("stability", "specificity"):
            left_out = row.n - (row.n if row[f"{name}_pairs"] is None else row[f"{name}_pairs"])
            if left_out:
                found.setdefault(f"{name} without {left_out} whose ratio is 0 or unknown", []).append(
                    row.symmetry
                )
    return [f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in found.items()]


def _floors(rows: Sequence[Row]) -> list[str]:
    lines = []
    floors = _known(rows, "floor")
    if floors and len(_different(rows, "measure")) == 1:
        lines.append(f"floor of the measurement: at most {max(floors):.1e}")
    elif floors:
        lines.append("not resolved: below 3 floors of the measurement, 10 for squares")
    if _known(rows, "boundary_share"):
        lines.append("boundary: share of the error in the outer ring of the output")
    return lines


def _whole_pixels(rows: Sequence[Row], spec: Mapping[str, Any]) -> list[str]:
    """What one whole pixel does to the first output, next to what LEE predicts."""
    found: dict[str, str] = {}
    for row in rows:
        if row.whole_pixel is not None:
            found.setdefault(row.symmetry.removeprefix("translation_"), ratio(row.whole_pixel))
    if not found:
        return []
    changes = ", ".join(f"{value} ({name})" for name, value in found.items())
    return [f"one whole {spec['whole_pixel']}: {changes} of what LEE predicts (see --range)"]


def _groups(rows: Sequence[Row]) -> list[str]:
    """How many elements every group had, and which changed the first output most."""
    lines = {}
    for row in rows:
        if row.elements:
            worst = f"; worst by relative_error: {row.worst_element}" if row.worst_element else ""
            drawn = " drawn" if row.element_standard_error is not None else ""
            lines.setdefault(row.symmetry, f"{row.symmetry}: {row.elements} elements{drawn}{worst}")
    return list(lines.values())
