"""Places for files, looked at before there is work whose result they are for."""

import tempfile
from pathlib import Path

from symmeter.errors import SymmeterError
from symmeter.files import PICTURES, check_ending
from symmeter.optional import require


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


def check_picture(path: str) -> None:
    """SymmeterError when --plot names no picture, or a place that cannot be written, or there is no matplotlib."""
    check_ending(path, PICTURES, option="--plot")
    check_writable("--plot", Path(path), folder=False)
    require("matplotlib.figure", "plot")
