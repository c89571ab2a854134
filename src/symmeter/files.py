"""Files: written whole or not at all, read without waiting, and the endings that pictures may have."""

import contextlib
import errno
import os
import platform
import re
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from symmeter.errors import SymmeterError, WriteError

PICTURES = (".png", ".svg", ".pdf")
_OLD = 86400.0  # seconds after which nobody works on a temporary file any more
_PART = re.compile(r"\.(.*)-(\d+)-[0-9a-f]{32}\.part")  # of a machine and a process of it


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file, and the folders around it, as `put` does; WriteError where that fails.

    Links are followed. What is no regular file (a device, a pipe) is written to, and not replaced. What processes that
    were killed meanwhile have left in that folder is taken away.
    """
    content = content.encode() if isinstance(content, str) else content
    place = path.resolve()
    try:
        if place.exists() and not place.is_file():
            place.write_bytes(content)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        clean(place.parent)
        put(place, content)
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror or error}") from error


def put(place: Path, content: bytes) -> None:
    """Write a file; OSError where that fails, and what was there before stays as it was.

    The content goes to a file beside it first, which then takes its place at once: whoever reads the file, or finds it
    after a crash, sees the old content or the new. It is not synced, so a power cut may still tear it apart. That
    file's name cannot be guessed, and it must be new, so a link that somebody has put there is not followed.
    """
    temporary = place.with_name(f".{_machine()}-{os.getpid()}-{secrets.token_hex(16)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def clean(folder: Path) -> None:
    """Take away temporary files of `put` whose process is no more; those of other machines after a day."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _PART.fullmatch(entry.name)
            if found and (_ended(*found.groups()) or time.time() - entry.stat().st_mtime > _OLD):
                os.unlink(entry)


def _machine() -> str:
    """The name of this machine, as far as it fits into that of a file."""
    return re.sub(r"\W", "", platform.node(), flags=re.ASCII)[:64]


def _ended(machine: str, process: str) -> bool:
    """Whether a process is known to be no more."""
    if machine != _machine() or os.name != "posix":  # elsewhere this way of asking would end it
        return False
    with contextlib.suppress(PermissionError):  # somebody else's
        try:
            os.kill(int(process), 0)
        except (ProcessLookupError, OverflowError):
            return True
    return False


def read_regular(place: str | os.PathLike) -> bytes:
    """The content of a regular file; OSError for anything else, such as a pipe that would have one wait for ever."""
    with _opened(place) as file:
        return file.read()


def read_bounded(path: Path, most: int) -> bytes:
    """That of a regular file of at most so many bytes; SymmeterError where it is larger, or cannot be read."""
    try:
        with _opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > most:
                raise SymmeterError(f"{path}: {size:,} bytes, of at most {most:,}")
            return file.read(most)
    except IsADirectoryError as error:
        raise SymmeterError(f"{path}: this is a folder; give a file") from error
    except (OSError, ValueError) as error:  # ValueError for a name with a NUL
        reason = getattr(error, "strerror", "no file has such a name")
        raise SymmeterError(f"{str(path)[:200]}: cannot be read ({reason})") from error


def read_text(path: Path, most: int) -> str:
    """The same as text; SymmeterError where it is none in UTF-8."""
    try:
        return read_bounded(path, most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SymmeterError(f"{path}: cannot be read (not a text file in UTF-8)") from error


@contextlib.contextmanager
def _opened(place: str | os.PathLike) -> Iterator[BinaryIO]:
    """A regular file, opened without waiting; OSError for anything else."""
    with open(place, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "no regular file")
        yield file


def _without_waiting(place: str, flags: int) -> int:
    return os.open(place, flags | getattr(os, "O_NONBLOCK", 0))


def check_ending(path: str | Path, endings: Sequence[str] = PICTURES, option: str = "") -> str:
    """The ending of a file's name in lower case; SymmeterError, which names the option, where it is none of these.

    >>> check_ending("curve.PDF")
    '.pdf'
    >>> check_ending("curve.gif", option="--plot")
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: --plot curve.gif: give a file that ends in .png, .svg, .pdf
    """
    ending = Path(path).suffix.lower()
    if ending not in endings:
        raise SymmeterError(f"{option} {path}".strip() + f": give a file that ends in {', '.join(endings)}")
    return ending
