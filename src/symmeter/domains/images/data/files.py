"""Images on disk: folders with and without classes or a labels.csv, `.npz` archives, single files."""

import csv
import itertools
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symmeter.domains.images.data.arrays import from_arrays
from symmeter.domains.images.data.shapes import Wanted
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import Item, Source, indexed, opened_npz

if TYPE_CHECKING:
    from PIL import Image

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
_KNOWN = ", ".join(extension[1:] for extension in EXTENSIONS)


def from_path(path: Path, wanted: Wanted) -> Source:
    """Whatever lies there; `wanted` is for the pixels of an archive."""
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise SymmeterError(f"{path}: no such file or folder")
    if path.suffix.lower() == ".npz":
        return _npz(path, wanted)
    if path.suffix.lower() in EXTENSIONS:
        return from_files([(path, path.name, None)], str(path), "image")
    raise SymmeterError(f"{path}: neither a folder nor .npz nor an image ({_KNOWN})")


def from_files(entries: Sequence[tuple[Path, str, int | None]], name: str, kind: str, **more: Any) -> Source:
    """Image files, each with its name and its label."""
    item = lambda i: Item(entries[i][1], lambda: (read_image(entries[i][0]), entries[i][2]))
    labelled = any(label is not None for _, _, label in entries)
    return indexed(item, len(entries), name, kind, "image", labelled=labelled, **more)


def read_image(path: Path) -> "Image.Image":
    """A decoded PIL image, turned as its EXIF data say. Raises whatever is wrong with the file."""
    pil, ops = require("PIL.Image", "vision"), require("PIL.ImageOps", "vision")
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


def _folder(path: Path) -> Source:
    """The images in a folder, or else those in its sub-folders, which are their classes."""
    if (path / "labels.csv").is_file():
        return _listed(path)
    own = [(file, file.name, None) for file in _images_in(path)]
    classes = sorted(d for d in path.iterdir() if d.is_dir() and not d.name.startswith("."))
    if own:
        notes = (f"{len(classes)} sub-folders left out, for images lie beside them",) if classes else ()
        return from_files(own, str(path), "folder", notes=notes)
    numbered = all(re.fullmatch("[0-9]+", folder.name) for folder in classes)
    labels = [int(folder.name) for folder in classes] if numbered else range(len(classes))
    entries = []
    for folder, label in zip(classes, labels, strict=True):
        entries += [(file, f"{folder.name}/{file.name}", label) for file in _images_in(folder)]
    if not entries:
        raise SymmeterError(f"{path}: no images in this folder or its sub-folders ({_KNOWN})")
    return from_files(entries, str(path), "class folders")


def _images_in(folder: Path) -> list[Path]:
    """The images in a folder by name, without hidden ones."""
    files = [file for file in folder.iterdir() if file.suffix.lower() in EXTENSIONS]
    return sorted(file for file in files if file.name[0] != "." and file.is_file())


def _listed(folder: Path) -> Source:
    """A folder with a labels.csv of columns file and label. What it names and is not there is skipped."""
    table = folder / "labels.csv"
    rows = _rows(table)
    words = sorted({label for _, label in rows} - {""})
    notes: tuple[str, ...] = ()
    try:
        number = dict(zip(words, map(int, words), strict=True))
    except ValueError:
        number = dict(zip(words, itertools.count()))
        shown = ", ".join(words[:20])
        if len(words) > 20:
            shown += ", ..."
        notes = (f"labels.csv: {len(words)} label names numbered from 0 in sorted order: {shown}",)
    entries = [(folder / name, name, number.get(label)) for name, label in rows]
    missing = tuple((name, "no such file") for file, name, _ in entries if not file.is_file())
    entries = [entry for entry in entries if entry[0].is_file()]
    if not entries:
        raise SymmeterError(f"{table}: none of the {len(rows)} files it names is there")
    return from_files(entries, str(folder), "folder with labels.csv", notes=notes, missing=missing)


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
