"""Scans on disk: single files, folders of them, and folders of DICOM slices."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch

from symmeter.domains.volumes.data.dicom import DICOM, EXTENSION
from symmeter.domains.volumes.data.nifti import NIFTI
from symmeter.domains.volumes.data.scan import EXTRA, Format, Scan
from symmeter.domains.volumes.options import Spacing
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import File, Source, files_in, from_files, from_folder, has_files

_SAME = 1e-3  # relative: steps closer than this are the same
ITEM = "volume"


def _read_array(path: Path) -> Scan:
    """A volume (D, H, W) or (C, D, H, W) of a `.npy`."""
    values = np.load(path, allow_pickle=False)
    if values.ndim not in (3, 4) or values.dtype.kind != "f":
        raise SymmeterError(
            f"{path.name}: {values.dtype} of shape {values.shape}; give floats (D, H, W) or (C, D, H, W)"
        )
    return Scan(torch.from_numpy(np.ascontiguousarray(values)).reshape(-1, *values.shape[-3:]), None)


ARRAY = Format(lambda path: None, _read_array)
FORMATS: Mapping[str, Format] = {".nii": NIFTI, ".gz": NIFTI, ".npy": ARRAY}
EXTENSIONS = tuple(FORMATS)
_WORDS = "a .nii, .nii.gz, .npy or .npz file, a folder of these, or a folder of .dcm slices"


def is_scan(data: str | Path) -> bool:
    """Whether a path is surely of scans, as its name or those in a folder show.

    >>> is_scan("brain.nii.gz"), is_scan("brain.png"), is_scan("features.npy")
    (True, False, False)
    """
    place = Path(data).expanduser()
    if place.is_dir():
        return has_files(place, (".nii", ".gz", EXTENSION))
    return place.name.lower().endswith((".nii", ".nii.gz"))


def check_path(path: str) -> None:
    """SymmeterError for a path where no scan can be, or without the packages that read those."""
    place = Path(path).expanduser()
    if not place.exists():
        raise SymmeterError(f"{path}: no such file or folder")
    if not place.is_dir() and place.suffix.lower() not in EXTENSIONS:
        raise SymmeterError(f"{path}: volumes are read from {_WORDS}")
    for package in chain.from_iterable(one.packages for one in _formats_at(place)):
        require(package, EXTRA)


def read(path: Path) -> Scan:
    """The scan of a file or of a folder of slices; raises whatever is wrong with it."""
    return _format(path).read(path)


def from_path(path: str, of: Callable[[Path], Any] = read) -> Source:
    """The scans that lie there, or what else is read `of` each."""
    check_path(path)
    place = Path(path).expanduser()
    series = _series_in(place)
    if not place.is_dir():
        series = [place]
    files: list[File] = [(one, one.name, None) for one in series]
    if files:
        source = from_files(files, str(place), "files", ITEM, of)
    else:
        source = from_folder(place, EXTENSIONS, ITEM, of)
    return replace(source, name=os.path.basename(os.path.abspath(place)), path=path)


def _series_in(place: Path) -> list[Path]:
    """The folders of slices: the place itself, or those in it."""
    folders = sorted(filter(Path.is_dir, [place, *place.glob("*")]))
    return [folder for folder in folders if files_in(folder, (EXTENSION,))]


def _formats_at(place: Path) -> list[Format]:
    """What the scans of a path are."""
    if not place.is_dir():
        return [_format(place)]
    found = [one for extension, one in FORMATS.items() if has_files(place, (extension,))]
    return [DICOM, *found] if _series_in(place) else found


def _format(path: Path) -> Format:
    return DICOM if path.is_dir() else FORMATS[path.suffix.lower()]


def spacing_at(path: str) -> Spacing | None:
    """The spacing that all scans of a path have, None where none says it.

    SymmeterError, with two names, for scans that differ.
    """
    said = [(name, steps) for name, steps in _said(path) if steps is not None]
    if not said:
        return None
    first, spacing = said[0]
    for name, steps in said:
        if not np.allclose(steps, spacing, rtol=_SAME, atol=0):
            raise SymmeterError(
                f"{first} has voxels of {words_of(spacing)} and {name} of {words_of(steps)}: resample them to one "
                "spacing, or say spacing="
            )
    return spacing


def _said(path: str) -> Iterator[tuple[str, Spacing | None]]:
    """What the scans say of their spacing, by name. Those that cannot be read are skipped later, with the reason."""
    steps = lambda place: _format(place).steps(place)
    for item in from_path(path, steps).stream(None):
        with contextlib.suppress(Exception):
            yield item.name, item.load()[0]


def words_of(spacing: Sequence[float]) -> str:
    """The steps of voxels in words.

    >>> words_of((1.0, 1.0, 2.5))
    '1 x 1 x 2.5 mm'
    """
    return " x ".join(f"{step:.4g}" for step in spacing) + " mm"
