"""Files: written whole or not at all, read where they are files, and the endings that pictures may have."""

import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from symmeter.errors import SymmeterError, WriteError

PICTURES = (".png", ".svg", ".pdf")


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file, and the folders around it, as `put` does; WriteError where that fails.

    Links are followed. What is no regular file (a device, a pipe) is written to, and not replaced.
    """
    content = content.encode() if isinstance(content, str) else content
    place = path.resolve()
    try:
        if place.exists() and not place.is_file():
            place.write_bytes(content)
        else:
            put(place, content)
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror or error}") from error


def put(place: Path, content: bytes) -> None:
    """Write a file, and the folders around it; OSError where that fails, and what was there before stays as it was.

    The content goes to a file beside it first, which then takes its place at once: whoever reads the file, or finds it
    after a crash, sees the old content or the new. It is not synced, so a power cut may still tear it apart.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def read_regular(path: Path, most: int) -> bytes:
    """What is in a file of at most so many bytes; SymmeterError for one that cannot be read, is larger, or is no file.

    A pipe or a device, which may never end, is not waited for.
    """
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(number, "rb") as file:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                raise SymmeterError(f"{path}: this is no regular file")
            if status.st_size > most:
                raise SymmeterError(f"{path}: {status.st_size:,} bytes, of at most {most:,}")
            return file.read(most)
    except IsADirectoryError as error:
        raise SymmeterError(f"{path}: this is a folder; give a file") from error
    except (OSError, ValueError) as error:  # ValueError for a name with a NUL
        reason = getattr(error, "strerror", "no file has such a name")
        raise SymmeterError(f"{str(path)[:200]}: cannot be read ({reason})") from error


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
