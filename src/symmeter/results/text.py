"""A result as a table that fits a terminal of 80 columns."""

import io
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from symmeter.results.result import Result, Row
from symmeter.verbs.arguments import split_list

_WORST_ELEMENTS = 8
_STYLES = {
    "learned": "green",
    "partly": "yellow",
    "not learned": "red",
    "unclear": "dim",
    "not resolved": "dim",
}


def render(result: Result, width: int = 80) -> str:
    """The table as plain text."""
    stream = io.StringIO()
    show(result, Console(file=stream, width=width, color_system=None))
    return stream.getvalue().rstrip() + "\n"


def show(result: Result, console: Console) -> None:
    """Print a result: what was measured, the rows, how to read them, and the warnings."""
    head = result.header
    console.print(f"[bold]{escape(title(head))}[/bold]", highlight=False)
    console.print(escape(circumstances(head)), highlight=False)
    console.print(_table(result.rows))
    if (
        len({(row.measure, row.symmetry, row.output) for row in result.rows if row.elements})
        == 1
        == len(result.rows)
    ):
        console.print(_element_table(result))
    for line in _legend(result):
        console.print(escape(line), style="dim", highlight=False)
    for warning in result.warnings:
        console.print(f"[yellow]warning:[/yellow] {escape(warning)}", highlight=False)


def title(head: Any) -> str:
    """What was measured, of which model, on which data."""
    model, data, spec = head["model"], head["data"], head["spec"]
    state = f" ({model['weights']})" if model.get("weights") else ""
    measures = split_list(spec["measure"])
    what = spec["measure"].upper() if len(measures) < 3 else f"{len(measures)} measures"
    return f"{what} of {model['name']}{state} on {data['name']}"


def circumstances(head: Any) -> str:
    """Images, output, definition and accuracy in one line."""
    spec = head["spec"]
    parts = [
        f"{head['data']['used']} images",
        f"output {spec['output']} ({spec['rho_out']})",
        head["definition"],
    ]
    accuracy = head.get("accuracy")
    if accuracy:
        error = "" if accuracy["standard_error"] is None else f" ± {accuracy['standard_error']:.3f}"
        parts.append(f"accuracy {accuracy['top1']:.3f}{error}")
    if head["status"] != "complete":
        parts.append(head["status"].upper())
    return ", ".join(parts)


def _table(rows: tuple[Row, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    several = [name for name in ("output", "measure") if len({name_of(row, name) for row in rows}) > 1]
    for name in ["symmetry", *several]:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    # What is divided must be seen: of similarities and decibels that is the error, and not the value.
    errors = _have_errors(rows) and not several
    numbers = [
        "value ± s.e.",
        *(["error"] if errors else []),
        *(["control"] if not several else []),
        "selectivity",
    ]
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    boundary = any(row.boundary_share is not None for row in rows)
    if boundary:
        table.add_column("boundary", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in rows:
        cells = [row.symmetry, *(name_of(row, name) for name in several)]
        cells.append(with_error(row.value, row.standard_error))
        cells += [short(row.error)] if errors else []
        cells += [] if several else [short(row.control_error if errors else row.control)]
        cells.append(_ratio(row.selectivity, None if several else row.selectivity_standard_error))
        if boundary:
            cells.append("" if row.boundary_share is None else f"{row.boundary_share:.0%}")
        style = _STYLES.get(row.verdict, "")
        table.add_row(*map(escape, cells), f"[{style}]{row.verdict}[/{style}]" if style else row.verdict)
    return table


def _have_errors(rows: tuple[Row, ...]) -> bool:
    """Whether values are not the errors that they are made of, with a control to compare them with."""
    return any(row.control_error is not None and row.error != row.value for row in rows)


def _element_table(result: Result) -> Table:
    """What the worst elements do to the only output, against f(x)."""
    known = [e for e in result.elements if e.measure == "relative_error" and e.value != 0]
    worst = sorted(known, key=lambda e: -e.value)[:_WORST_ELEMENTS]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    left_out = len(known) - len(worst)
    table.add_column("element, worst first" + (f" ({left_out} more)" if left_out else ""), no_wrap=True)
    table.add_column("relative error ± s.e.", justify="right", no_wrap=True)
    for e in worst:
        table.add_row(escape(e.element), with_error(e.value, e.standard_error))
    return table


def name_of(row: Row, column: str) -> str:
    """What a row says of itself in a column of names."""
    return row.measure if column == "measure" else row.output


def _legend(result: Result) -> list[str]:
    rows = result.rows
    units = list(dict.fromkeys(row.unit for row in rows))
    floors = [row.floor for row in rows if row.floor is not None]
    directions = list(dict.fromkeys(row.direction for row in rows))
    lines = []
    if len(directions) == 1:
        lines.append(f"value: {directions[0]}; unit {units[0]}" + (" and so on" if len(units) > 1 else ""))
    else:
        for direction in directions:
            names = dict.fromkeys(row.measure for row in rows if row.direction == direction)
            lines.append(f"{direction}: {', '.join(names)}")
    if any(row.selectivity is not None for row in rows):
        single = len({row.measure for row in rows}) == len({row.output for row in rows}) == 1
        if _have_errors(rows) and single:
            lines.append(
                "error, control: as distances, 0 for a symmetric network; the value is made of the error"
            )
        divided = "error / that of the control" if _have_errors(rows) else "value / control"
        lines.append(f"selectivity = {divided}: 0 symmetric, 1 nothing learned")
    if len({row.measure for row in rows}) == 1 and floors:
        lines.append(f"floor of the measurement: at most {max(floors):.1e}")
    elif floors:
        lines.append("not resolved: below 3 floors of the measurement, 10 for squares")
    if any(row.boundary_share is not None for row in rows):
        lines.append("boundary: share of the error in the outer ring of the output")
    return lines + _groups(rows)


def _groups(rows: tuple[Row, ...]) -> list[str]:
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
