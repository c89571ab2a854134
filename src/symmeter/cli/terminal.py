"""The process and its surroundings: exit codes, standard output, places for files, threads."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from symmeter.errors import SymmeterError

if TYPE_CHECKING:
    from rich.console import Console

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def console() -> "Console":
    """The terminal; where there is none, plain text of 80 columns to standard output."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(file=sys.stdout, width=80, color_system=None)


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Lets `symmeter ... | head` end in silence."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def check_writable(option: str, place: Path, folder: bool) -> None:
    """SymmeterError when a file or folder cannot be made at `place`; nothing is left behind."""
    try:
        if place.is_dir() and not folder:
            raise SymmeterError(f"{option} {place}: this is a folder; give a file")
        if place.exists() and not (place.is_dir() or (place.is_file() and not folder)):
            raise SymmeterError(f"{option} {place}: this is no {'folder' if folder else 'regular file'}")
        existing = place if folder else place.parent
        while not existing.exists():
            existing = existing.parent
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise SymmeterError(f"{option} {place}: cannot be written ({error.strerror or error})") from error


PICTURES = (".png", ".svg", ".pdf")


def check_picture(path: str) -> None:
    """SymmeterError when --plot names no picture, or a place that cannot be written."""
    if Path(path).suffix.lower() not in PICTURES:
        raise SymmeterError(f"--plot {path}: give a file that ends in " + ", ".join(PICTURES))
    check_writable("--plot", Path(path), folder=False)


def prepare_process() -> None:
    """Settings that only a whole process can make, before torch is imported.

    OpenMP threads that wait go to sleep soon: spinning, they make a busy machine many times slower. Freed
    memory is kept for reuse.
    """
    if "torch" not in sys.modules:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    from symmeter.autodiff.memory import reuse_freed_memory

    reuse_freed_memory()
