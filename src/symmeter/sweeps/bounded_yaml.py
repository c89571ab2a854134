"""YAML that may be anybody's: plain values only, and bounds for its depth and for what its aliases stand for."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from symmeter.errors import SymmeterError, first_line
from symmeter.optional import require

_DEEPEST, _MOST_NODES = 20, 300_000  # once aliases are what they stand for


@final
@dataclass
class Document:
    """The one document of a file as nodes; `build` makes the values of a node, and keeps its line for errors."""

    root: Any
    _loader: Any
    line: int = 1

    def build(self, node: Any) -> Any:
        """The plain values that a node stands for; None for one that holds none."""
        self.line = line_of(node)
        return self._loader.construct_document(node) if node.value else None


@contextlib.contextmanager
def document(text: str, path: Path) -> Iterator[Document]:
    """What a file holds, whose `root` is None where it is empty; SymmeterError names file and line."""
    yaml = require("yaml", "sweep")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    found = Document(None, loader)
    try:
        _refuse_deep(yaml, type(loader), text, path)
        found.root = loader.get_single_node()
        if found.root is not None:
            _Expanded(path).size(found.root)
        yield found
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {found.line if mark is None else mark.line + 1}"
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
            raise SymmeterError(f"{path}, line {line_of(event)}: nested more than {_DEEPEST} deep")


def line_of(marked: Any) -> int:
    """The line on which a node or an event of YAML begins, from 1 on."""
    return marked.start_mark.line + 1


def refuse_repeated(names: list[str], where: str) -> None:
    """SymmeterError for a name that is given twice."""
    name, times = next(iter(Counter(names).most_common(1)), ("", 0))
    if times > 1:
        raise SymmeterError(f"{where}: {name[:60]!r} is given twice; say it once")


@final
@dataclass
class _Expanded:
    """Counts what nodes of YAML are once aliases are what they stand for, each node once."""

    _path: Path
    _sizes: dict[int, int] = field(default_factory=dict)

    def size(self, node: Any) -> int:
        """The nodes in a node; SymmeterError for too many, for one that holds itself, and for a key given twice."""
        known = self._sizes.get(id(node))
        if known is None:
            self._sizes[id(node)] = 0  # until it has ended
            known = self._sizes[id(node)] = 1 + sum(map(self.size, self._parts(node)))
        where = f"{self._path}, line {line_of(node)}"
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
            refuse_repeated(names, f"{self._path}, line {line_of(node)}")
            return [part for pair in node.value for part in pair]
        return node.value if node.id == "sequence" else []
