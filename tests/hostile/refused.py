"""The form that tables of bad inputs have, and what must come of each: one line, soon, and no success."""

import contextlib
import importlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from symmeter.cli.app import main
from symmeter.kinds_of_data import domains
from symmeter.models.names import list_models

Made = str | bytes | Callable[[Path], object]  # the content of a file, or what makes it at a path
SOON = 1.0  # seconds of this process


@dataclass(frozen=True)
class Bad:
    """A bad input: its name, the command line, words that its line must have, files that it needs, the exit code."""

    name: str
    command: tuple[str, ...]
    words: tuple[str, ...]
    files: Mapping[str, Made] = field(default_factory=dict)
    code: int = 2


def table(cases: Iterable[Bad]):
    """The cases as parameters of a test."""
    cases = list(cases)
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    return pytest.mark.parametrize("case", cases, ids=names)


def make(files: Mapping[str, Made], folder: Path) -> None:
    """Write the files of a case into a folder."""
    for name, made in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if callable(made):
            made(place)
        else:
            place.write_bytes(made.encode() if isinstance(made, str) else made)


def pipe(place: Path) -> None:
    """A pipe that nobody writes to: who opens it waits for ever."""
    os.mkfifo(place)


@cache
def warm_up() -> None:
    """What is imported at first counts for no case."""
    import symmeter.sweeps.sweep  # noqa: F401

    domains()
    list_models()
    with contextlib.suppress(ImportError):
        importlib.import_module("itables")


def check_refused(case: Bad, folder: Path, capsys: pytest.CaptureFixture, soon: float = SOON) -> str:
    """Run the command in a folder with its files: one line on stderr with these words, nothing on stdout, soon."""
    make(case.files, folder)
    warm_up()
    start = time.process_time()
    code = main(case.command)
    seconds = time.process_time() - start
    out, err = capsys.readouterr()
    assert err.startswith("symmeter: error: "), err
    assert err.count("\n") == 1 and "Traceback" not in err and "error: unexpected" not in err, err
    assert len(err) < 1300, err
    for word in case.words:
        assert word in err, err
    assert code == case.code, (code, err)
    assert out == ""
    assert seconds < soon, seconds
    return err
