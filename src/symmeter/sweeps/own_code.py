"""Which code a list of models may name: whoever wrote the list need not be who starts the sweep.

A list may name `FILE.py:callable` where the file lies in the folder of the list, or below it, and defines the callable
itself. All other code has to be allowed by who starts the sweep. Nothing is imported to find that out.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from symmeter.errors import SymmeterError, nearest, shortened
from symmeter.files import read_bounded
from symmeter.models.names import names_code

_LARGEST = 2**20  # bytes of a source file that is looked through


@dataclass(frozen=True)
class OwnCode:
    """What lists in a folder may name: code in the folder, and what fits one of the `allowed` patterns."""

    folder: Path
    allowed: Sequence[str] = ()

    def check(self, model: str, beside: Path) -> None:
        """SymmeterError for a model, named in the folder `beside`, that is code of others which nobody said may run."""
        if not names_code(model) or any(fnmatchcase(model, pattern) for pattern in self.allowed):
            return
        way_out = f"to run it all the same, start with --allow-code {model[:200]!r}"
        where, _, name = model.rpartition(":")
        if not where.endswith(".py"):
            raise SymmeterError(
                f"{model[:200]!r} is code, and a list may name FILE.py:callable beside it only; {way_out}"
            )
        file = (beside / where).resolve()
        if not file.is_relative_to(self.folder.resolve()):
            raise SymmeterError(f"{where} lies outside of the folder of the list; {way_out}")
        if not file.is_file():
            raise SymmeterError(f"no such file {where} in the folder of the list")
        _check_defined(file, name, where, way_out)


def _check_defined(file: Path, name: str, where: str, way_out: str) -> None:
    """SymmeterError for a name that the file does not define itself, for what it imports is code of others."""
    try:
        tree = ast.parse(read_bounded(file, _LARGEST))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SymmeterError(f"{where} is no Python: {error}") from error
    body = tree.body
    for part in name.split("."):
        defined = dict(_definitions(body))
        if part not in defined:
            choices = nearest(part, defined) or f"; it has {shortened(defined)}"
            raise SymmeterError(f"{where} does not define {part[:200]!r} itself{choices}; {way_out}")
        body = getattr(defined[part], "body", []) if isinstance(defined[part], ast.ClassDef) else []


def _definitions(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """The names that statements define, with what defines them; also within if, try and with."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield statement.name, statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from ((target.id, statement) for target in targets if isinstance(target, ast.Name))
        for part in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                yield from _definitions(getattr(statement, part, ()))
