"""Places for files, looked at before there is work whose result they are for."""

import tempfile
from pathlib import Path

from symmeter.errors import SymmeterError


def check_writable(option: str, place: Path, folder: bool) -> None:
    """SymmeterError when a file or folder cannot be made at `place`; nothing is left behind."""
    try:
        if place.is_dir() and not folder:
            raise SymmeterError(f"{option} {place}: this is a folder; give a file")
        wanted, fits = ("folder", place.is_dir) if folder else ("regular file", place.is_file)
        if place.exists() and not fits():
            raise SymmeterError(f"{option} {place}: this is no {wanted}")
        above = place if folder else place.parent
        existing = next(filter(Path.exists, (above, *above.parents)))
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        raise SymmeterError(f"{option} {place}: cannot be written ({error.strerror or error})") from error
