"""Files with lists of models: rows of plain cells, each with its line.

Whoever wrote a list may be anybody, so what a file can make this do is bounded.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symmeter.errors import SymmeterError, first_line
from symmeter.files import read_text
from symmeter.sweeps.bounded_yaml import document, refuse_repeated

LARGEST = 2**20  # bytes, some ten thousand rows

Cells = Mapping[Any, Any]


@dataclass(frozen=True)
class ListedRow:
    """What a row says, and where it stands: "models.csv, line 3"."""

    cells: Cells
    where: str


def rows_of(path: Path) -> list[ListedRow]:
    """The rows of a list in text, CSV or YAML, by the ending of its name; SymmeterError names file and line."""
    text = read_text(path, LARGEST)
    read = {".csv": _csv, ".txt": _lines}.get(path.suffix.lower(), _yaml)
    return [ListedRow(cells, f"{path}, line {line}") for line, cells in read(text, path)]


def _lines(text: str, path: Path) -> Iterator[tuple[int, Cells]]:
    """One model a line; what stands behind # is a remark."""
    for line, words in enumerate(text.splitlines(), start=1):
        if model := words.partition("#")[0].strip():
            yield line, {"model": model}


def _csv(text: str, path: Path) -> Iterator[tuple[int, Cells]]:
    """The rows below a header; empty cells say nothing."""
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    try:
        for words in table:
            where = f"{path}, line {table.line_num}"
            if not header:
                header = _header(words, where)
            elif len(words) > len(header):
                raise SymmeterError(f"{where}: {len(words)} cells below {len(header)} columns")
            elif any(words):
                pairs = zip(header, words, strict=False)
                yield table.line_num, {column: cell for column, cell in pairs if cell != ""}
    except csv.Error as error:
        raise SymmeterError(f"{path}, line {table.line_num}: not CSV: {first_line(error)}") from error


def _header(words: list[str], where: str) -> list[str]:
    """The names of columns; SymmeterError where one has no name, or two have the same."""
    names = [word.strip() for word in words]
    refuse_repeated(names, where)
    if "" in names and len(names) > 1:
        raise SymmeterError(f"{where}: column {names.index('') + 1} has no name")
    return names


def _yaml(text: str, path: Path) -> Iterator[tuple[int, Cells]]:
    """One row an item; a word alone is a model."""
    with document(text, path) as found:
        if getattr(found.root, "id", None) != "sequence":
            raise SymmeterError(f"{path}: write a list, one row per model: - model: timm:resnet50")
        for node in found.root.value:
            row = found.build(node)
            yield found.line, row if isinstance(row, Mapping) else {"model": row}
