"""Files with lists of models: rows of plain cells, each with its line.

Whoever wrote a list may be anybody, so what a file can make this do is bounded: its size, its depth, what its aliases
stand for.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symmeter.errors import SymmeterError, first_line
from symmeter.files import read_bounded
from symmeter.optional import require

LARGEST = 2**20  # bytes, some ten thousand rows
_DEEPEST, _MOST_NODES = 20, 300_000  # of YAML, once aliases are what they stand for

Cells = Mapping[Any, Any]


@dataclass(frozen=True)
class ListedRow:
    """What a row says, and where it stands: "models.csv, line 3"."""

    cells: Cells
    where: str


def rows_of(path: Path) -> list[ListedRow]:
    """The rows of a list in text, CSV or YAML, by the ending of its name; SymmeterError names file and line."""
    try:
        text = read_bounded(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SymmeterError(f"{path}: cannot be read (not a text file in UTF-8)") from error
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
    _refuse_repeated(names, where)
    if "" in names and len(names) > 1:
        raise SymmeterError(f"{where}: column {names.index('') + 1} has no name")
    return names


def _refuse_repeated(names: list[str], where: str) -> None:
    """SymmeterError for a name that is given twice."""
    name, times = next(iter(Counter(names).most_common(1)), ("", 0))
    if times > 1:
        raise SymmeterError(f"{where}: {name[:60]!r} is given twice; say it once")


def _yaml(text: str, path: Path) -> Iterator[tuple[int, Cells]]:
    """One row an item; a word alone is a model."""
    yaml = require("yaml", "sweep")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    line = 1
    try:
        _refuse_deep(yaml, type(loader), text, path)
        whole = loader.get_single_node()
        if not isinstance(whole, yaml.SequenceNode):
            raise SymmeterError(f"{path}: write a list, one row per model: - model: timm:resnet50")
        _Expanded(path).size(whole)
        for node in whole.value:
            line = _line(node)
            row = loader.construct_document(node) if node.value else None
            yield line, row if isinstance(row, Mapping) else {"model": row}
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = line if mark is None else mark.line + 1
        where = f"{path}, line {line}"
        words = getattr(error, "problem", None) or first_line(error)
        raise SymmeterError(f"{where}: not YAML: {' '.join(str(words).split())[:150]}") from error
    finally:
        loader.dispose()


def _refuse_deep(yaml: Any, kind: type, text: str, path: Path) -> None:
    """SymmeterError for what is nested too deeply to be composed, which would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=kind):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise SymmeterError(f"{path}, line {_line(event)}: nested more than {_DEEPEST} deep")


def _line(marked: Any) -> int:
    """The line on which a node or an event of YAML begins, from 1 on."""
    return marked.start_mark.line + 1


class _Expanded:
    """Counts what nodes of YAML are once aliases are what they stand for, each node once."""

    def __init__(self, path: Path):
        self._path, self._sizes = path, dict[int, int]()

    def size(self, node: Any) -> int:
        """The nodes in a node; SymmeterError for too many, for one that holds itself, and for a key given twice."""
        known = self._sizes.get(id(node))
        if known is None:
            self._sizes[id(node)] = 0  # until it has ended
            known = self._sizes[id(node)] = 1 + sum(map(self.size, self._parts(node)))
        where = f"{self._path}, line {_line(node)}"
        if known == 0:
            raise SymmeterError(f"{where}: this holds itself; write out what it stands for")
        if known > _MOST_NODES:
            raise SymmeterError(
                f"{where}: its aliases stand for more than {_MOST_NODES:,} values; write out fewer"
            )
        return known

    def _parts(self, node: Any) -> list[Any]:
        """The nodes right below a node."""
        if node.id == "mapping":
            names = [str(key.value) for key, _ in node.value if key.id == "scalar"]
            _refuse_repeated(names, f"{self._path}, line {_line(node)}")
            return [part for pair in node.value for part in pair]
        return node.value if node.id == "sequence" else []
