"""The checks of a test session as a table: lines of a terminal, Markdown, HTML or JSON."""

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from symmeter.errors import SymmeterError, counted
from symmeter.files import write_whole
from symmeter.integrations.checks import Check

_COLUMNS = (
    "test",
    "model",
    "symmetry",
    "output",
    "quantity",
    "value [95 %]",
    "at most",
    "verdict",
    "outcome",
)
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color-scheme:light dark}"
    "table{border-collapse:collapse}caption{text-align:left;margin-bottom:.6rem}"
    "th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #8886;vertical-align:top}"
    "td:first-child{overflow-wrap:anywhere}td:nth-child(6){white-space:nowrap}.failed{color:#c22;font-weight:600}"
)


def check_path(path: str) -> None:
    """SymmeterError for a file of another ending than there are formats."""
    if Path(path).suffix.lower() not in FORMATS:
        raise SymmeterError(
            f"{path}: a report of checks is written as {', '.join(FORMATS)}; choose such an ending"
        )


def write(path: Path, checks: Sequence[Check]) -> None:
    """Write the table in the format of the file's ending, the file whole or not at all."""
    write_whole(path, FORMATS[path.suffix.lower()](checks))


def line(check: Check) -> str:
    """One line of a terminal.

    >>> line(Check("net", "C4", "", "relative_error", 0.5, None, None, 1e-4, "stable", False, test="test_a.py::test"))
    'failed  test_a.py::test  net under C4: relative error 0.5, at most 0.0001, stable'
    """
    where = f", output {check.output}" if check.output else ""
    return (
        f"{_outcome(check)}  {check.test}  {check.model} under {check.symmetry}{where}: "
        f"{_quantity(check)} {_value(check)}, at most {_number(check.bound)}, {check.verdict}"
    )


def counts(checks: Sequence[Check]) -> str:
    """How many there are, and how many failed."""
    failed = sum(not check.passed for check in checks)
    return f"{counted(len(checks), 'check')} of symmetry, {failed} failed"


def _cells(check: Check) -> list[str]:
    words = [check.test, check.model, check.symmetry, check.output, _quantity(check), _value(check)]
    return [*words, _number(check.bound), check.verdict, _outcome(check)]


def _outcome(check: Check) -> str:
    return "passed" if check.passed else "failed"


def _quantity(check: Check) -> str:
    return check.quantity.replace("_", " ")


def _number(number: float | None) -> str:
    return "unknown" if number is None else f"{number:.3g}"


def _value(check: Check) -> str:
    if check.low is None and check.high is None:
        return _number(check.value)
    low, high = ("" if end is None else f"{end:.3g}" for end in (check.low, check.high))
    return f"{_number(check.value)} [{low} {high}]"


def _markdown(checks: Sequence[Check]) -> str:
    rows = [_COLUMNS, ["---"] * len(_COLUMNS), *map(_cells, checks)]
    table = "".join(f"| {' | '.join(map(_in_markdown, row))} |\n" for row in rows)
    said = [f"- {_in_markdown(text)}\n" for text in _messages(checks)]
    return f"# symmeter: {counts(checks)}\n\n{table}" + ("\n" + "".join(said) if said else "")


def _in_markdown(text: str) -> str:
    """Text that ends no cell and begins no element."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{character}" if character in "\\|`*_[]" else character for character in escaped)


def _html(checks: Sequence[Check]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    body = "".join(
        f'<tr class="{_outcome(check)}">{"".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(check))}</tr>\n'
        for check in checks
    )
    said = "".join(f"<li>{html.escape(text)}</li>\n" for text in _messages(checks))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>symmeter: checks</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>Checks of symmetry</h1>\n<table><caption>{counts(checks)}; "
        f"symmeter {version('symmeter')}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>\n"
        f"{f'<ul>{said}</ul>' if said else ''}</body></html>\n"
    )


def _json(checks: Sequence[Check]) -> str:
    return json.dumps({"symmeter": version("symmeter"), "checks": list(map(asdict, checks))}, indent=2) + "\n"


def _messages(checks: Sequence[Check]) -> list[str]:
    """What was said of checks that failed, each once."""
    return list(dict.fromkeys(f"{check.test}: {check.message}" for check in checks if check.message))


FORMATS: dict[str, Callable[[Sequence[Check]], str]] = {".html": _html, ".json": _json, ".md": _markdown}
