"""A result as a table that fits a terminal of 80 columns."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from symmeter.results.row import ElementRow, Row
from symmeter.results.verdict import LEARNED, NOT_LEARNED, NOT_RESOLVED, PARTLY, UNCLEAR
from symmeter.verbs.arguments import split_list

_WORST_ELEMENTS = 8
_STYLES = {LEARNED: "green", PARTLY: "yellow", NOT_LEARNED: "red", UNCLEAR: "dim", NOT_RESOLVED: "dim"}


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
    stream = io.StringIO()
    show(result, Console(file=stream, width=width, color_system=None))
    return stream.getvalue().rstrip() + "\n"


def show(result: Printable, console: Console) -> None:
    """Print a result: what was measured, the rows, how to read them, and the warnings."""
    console.print(f"[bold]{escape(title(result.header))}[/bold]", highlight=False)
    console.print(escape(circumstances(result.header)), highlight=False)
    console.print(_table(result.rows))
    if len(result.rows) == 1 and result.rows[0].elements:
        console.print(_element_table(result.elements))
    for line in _legend(result.rows):
        console.print(escape(line), style="dim", highlight=False)
    for warning in result.warnings:
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
        error = "" if accuracy["standard_error"] is None else f" ± {accuracy['standard_error']:.3f}"
        parts.append(f"accuracy {accuracy['top1']:.3f}{error}")
    if head["status"] != "complete":
        parts.append(head["status"].upper())
    return ", ".join(parts)


def _table(rows: Sequence[Row]) -> Table:
    """One line per row; outputs and measures have a column where there are several, which leaves room for less."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    varying = [name for name in ("output", "measure") if len({row[name] for row in rows}) > 1]
    for name in ["symmetry", *varying]:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    columns = _numbers(rows, bool(varying))
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for i, row in enumerate(rows):
        names = [row.symmetry, *(row[name] for name in varying)]
        style = _STYLES.get(row.verdict)
        verdict = f"[{style}]{row.verdict}[/{style}]" if style else row.verdict
        table.add_row(*map(escape, names), *(escape(cells[i]) for cells in columns.values()), verdict)
    return table


def _numbers(rows: Sequence[Row], short_of_room: bool) -> dict[str, list[str]]:
    """The cells of the columns of numbers, by heading."""
    columns = {"value ± s.e.": [with_error(row.value, row.standard_error) for row in rows]}
    if short_of_room:
        columns["selectivity"] = [_ratio(row.selectivity, None) for row in rows]
    else:
        # What is divided must be seen: of similarities and decibels that is the error, and not the value.
        errors = _have_errors(rows)
        if errors:
            columns["error"] = [short(row.error) for row in rows]
        columns["control"] = [short(row.control_error if errors else row.control) for row in rows]
        columns["selectivity"] = [_ratio(row.selectivity, row.selectivity_standard_error) for row in rows]
    if any(row.boundary_share is not None for row in rows):
        shares = [row.boundary_share for row in rows]
        columns["boundary"] = ["" if share is None else f"{share:.0%}" for share in shares]
    return columns


def _have_errors(rows: Sequence[Row]) -> bool:
    """Whether values are not the errors that they are made of, with a control to compare them with."""
    return any(row.control_error is not None and row.error != row.value for row in rows)


def _element_table(elements: Sequence[ElementRow]) -> Table:
    """What the worst elements do to the only output, against f(x)."""
    known = [e for e in elements if e.measure == "relative_error" and e.value != 0]
    worst = sorted(known, key=lambda e: -e.value)[:_WORST_ELEMENTS]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    left_out = len(known) - len(worst)
    table.add_column("element, worst first" + (f" ({left_out} more)" if left_out else ""), no_wrap=True)
    table.add_column("relative error ± s.e.", justify="right", no_wrap=True)
    for e in worst:
        table.add_row(escape(e.element), with_error(e.value, e.standard_error))
    return table


def _legend(rows: Sequence[Row]) -> list[str]:
    """How to read the table, a line each."""
    return [*_directions(rows), *_selectivities(rows), *_floors(rows), *_groups(rows)]


def _directions(rows: Sequence[Row]) -> list[str]:
    units = list(dict.fromkeys(row.unit for row in rows))
    directions = list(dict.fromkeys(row.direction for row in rows))
    if len(directions) == 1:
        return [f"value: {directions[0]}; unit {units[0]}" + (" and so on" if len(units) > 1 else "")]
    lines = []
    for direction in directions:
        names = dict.fromkeys(row.measure for row in rows if row.direction == direction)
        lines.append(f"{direction}: {', '.join(names)}")
    return lines


def _selectivities(rows: Sequence[Row]) -> list[str]:
    if all(row.selectivity is None for row in rows):
        return []
    errors = _have_errors(rows)
    lines = []
    if errors and len({row.measure for row in rows}) == len({row.output for row in rows}) == 1:
        lines.append(
            "error, control: as distances, 0 for a symmetric network; the value is made of the error"
        )
    divided = "error / that of the control" if errors else "value / control"
    return [*lines, f"selectivity = {divided}: 0 symmetric, 1 nothing learned"]


def _floors(rows: Sequence[Row]) -> list[str]:
    lines = []
    floors = [row.floor for row in rows if row.floor is not None]
    if floors and len({row.measure for row in rows}) == 1:
        lines.append(f"floor of the measurement: at most {max(floors):.1e}")
    elif floors:
        lines.append("not resolved: below 3 floors of the measurement, 10 for squares")
    if any(row.boundary_share is not None for row in rows):
        lines.append("boundary: share of the error in the outer ring of the output")
    return lines


def _groups(rows: Sequence[Row]) -> list[str]:
    """How many elements every group had, and which changed the first output most."""
    lines = {}
    for row in rows:
        if row.elements and row.symmetry not in lines:
            worst = f"; worst by relative_error: {row.worst_element}" if row.worst_element else ""
            drawn = " drawn" if row.element_standard_error is not None else ""
            lines[row.symmetry] = f"{row.symmetry}: {row.elements} elements{drawn}{worst}"
    return list(lines.values())


def with_error(value: float, error: float | None) -> str:
    """Value and standard error to two digits of the error.

    >>> with_error(0.0123456, 0.00098)
    '0.01235 ± 0.00098'
    >>> with_error(3.2e-7, 1.1e-8)
    '3.20e-07 ± 1.1e-08'
    """
    if error is None:
        return short(value)
    if not 1e-3 <= abs(value) < 1e4 or error <= 0:
        return f"{value:.2e} ± {error:.1e}"
    digits = max(0, min(6, 1 - _exponent(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _exponent(x: float) -> int:
    return int(f"{x:e}".split("e")[1])


def short(value: float | None) -> str:
    """A number to three digits; a dash for none.

    >>> short(0.01234), short(None)
    ('0.0123', '-')
    """
    if value is None:
        return "-"
    return f"{value:.3g}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.2e}"


def _ratio(value: float | None, error: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" + ("" if error is None else f" ± {error:.2f}")
