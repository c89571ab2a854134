"""Images on disk: folders with and without classes or a labels.csv, `.npz` archives, `.npy`, single files."""

import csv
import itertools
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symmeter.classes import NO_CLASSES, Classes
from symmeter.domains.images.data.arrays import from_arrays
from symmeter.domains.images.data.npy import from_npy
from symmeter.domains.images.data.shapes import Wanted
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import Source, from_files, from_folder, opened_npz

if TYPE_CHECKING:
    from PIL import Image

_HEIC = (".heic", ".heif")
_PLAIN = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".avif")
EXTENSIONS = (*_PLAIN, *_HEIC)
_KNOWN = ", ".join(extension[1:] for extension in EXTENSIONS)


def from_path(path: Path, wanted: Wanted) -> Source:
    """Whatever lies there; `wanted` is for the pixels of an archive."""
    if path.is_dir():
        listed = (path / "labels.csv").is_file()
        return _listed(path) if listed else from_folder(path, EXTENSIONS, "image", read_image)
    if not path.exists():
        raise SymmeterError(f"{path}: no such file or folder")
    if path.suffix.lower() == ".npz":
        return _npz(path, wanted)
    if path.suffix.lower() == ".npy":
        return from_npy(path, wanted)
    if path.suffix.lower() in EXTENSIONS:
        return from_files([(path, path.name, None)], str(path), "image", "image", read_image)
    raise SymmeterError(f"{path}: neither a folder nor .npz nor .npy nor an image ({_KNOWN})")


def read_image(path: Path) -> "Image.Image":
    """A decoded PIL image, turned as its EXIF data say; of several the first. Raises what is wrong with the file."""
    pil, ops = require("PIL.Image", "vision"), require("PIL.ImageOps", "vision")
    check_decoder(path.suffix.lower())
    if not path.stat().st_size:
        raise ValueError("an empty file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata
        warnings.simplefilter("error", pil.DecompressionBombWarning)
        try:
            with pil.open(path) as image:
                image.load()
                return ops.exif_transpose(image)
        except pil.UnidentifiedImageError as error:
            raise ValueError(_unidentified(path)) from error


def check_decoder(ending: str) -> None:
    """Make files of this ending known to PIL; SymmeterError where what decodes them is missing."""
    if ending in _HEIC:
        require("pillow_heif", "heic").register_heif_opener()
    if ending == ".avif" and not require("PIL.features", "vision").check("avif"):
        raise SymmeterError("this Pillow reads no AVIF: pip install -U pillow")


def _unidentified(path: Path) -> str:
    """Why PIL cannot read a file: a TIFF may have bands for which it has no mode."""
    tiff = require("PIL.TiffImagePlugin", "vision")
    try:
        with path.open("rb") as file:
            tags = tiff.ImageFileDirectory_v2(file.read(8))
            file.seek(tags.next)
            tags.load(file)
            bands = tags.get(tiff.SAMPLESPERPIXEL)
    except Exception:  # whatever a damaged header may raise
        bands = None
    if not bands:
        return "not an image, or damaged"
    return f"a TIFF of {bands} bands that PIL cannot read: give its pixels as a tensor or an .npz"


def _listed(folder: Path) -> Source:
    """A folder with a labels.csv of columns file and label. What it names and is not there is skipped."""
    table = folder / "labels.csv"
    rows = _rows(table)
    words = sorted({label for _, label in rows} - {""})
    notes: tuple[str, ...] = ()
    classes = NO_CLASSES
    try:
        number = dict(zip(words, map(int, words), strict=True))
    except ValueError:
        number = dict(zip(words, itertools.count()))
        classes = Classes(dict(enumerate(words)))
        shown = ", ".join(words[:20])
        if len(words) > 20:
            shown += ", ..."
        notes = (f"labels.csv: {len(words)} label names numbered from 0 in sorted order: {shown}",)
    entries = [(folder / name, name, number.get(label)) for name, label in rows]
    missing = tuple((name, "no such file") for file, name, _ in entries if not file.is_file())
    entries = [entry for entry in entries if entry[0].is_file()]
    if not entries:
        raise SymmeterError(f"{table}: none of the {len(rows)} files it names is there")
    return from_files(
        entries,
        str(folder),
        "folder with labels.csv",
        "image",
        read_image,
        notes=notes,
        missing=missing,
        classes=classes,
    )


def _rows(table: Path) -> list[tuple[str, str]]:
    """(file, label) of the rows of a labels.csv that name a file, "" where one has no label."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            columns = reader.fieldnames or ()
            if not {"file", "label"} <= set(columns):
                has = ", ".join(columns) or "nothing"
                raise SymmeterError(f"{table}: it needs the columns file and label; it has {has}")
            return [(row["file"].strip(), row["label"].strip()) for row in reader if row["file"]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise SymmeterError(f"{table}: not a readable CSV file: {error}") from error


def _npz(path: Path, wanted: Wanted) -> Source:
    """An archive of pixels, `images`, with `labels` or without."""
    with opened_npz(path) as archive:
        arrays = {key: archive[key] for key in ("images", "labels") if key in archive.files}
        has = ", ".join(archive.files) or "nothing"
    if "images" not in arrays:
        raise SymmeterError(f"{path}: it needs an array named images; it has {has}")
    if arrays["images"].dtype != np.uint8:
        raise SymmeterError(f"{path}: images are {arrays['images'].dtype}, and must be uint8 pixels")
    return from_arrays(arrays["images"], arrays.get("labels"), wanted, str(path), last=True)
