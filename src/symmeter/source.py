"""What every kind of data becomes: a source, which names its items and reads them one by one."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.lib.npyio import NpzFile
from torch import Tensor

from symmeter.beside import files_of_masks, folders_of_masks
from symmeter.classes import NO_CLASSES, Classes
from symmeter.errors import SymmeterError, first_line

_SMALL = 2**28  # bytes, which may be unpacked from however few
_PACKED = 200  # times, which no file of use is packed
_LINE = 1000  # characters of a first line
LABEL_KEYS = ("label", "labels", "y", "cls")
File = tuple[Path, str, int | None]  # where it is, its name for messages, and its class


@dataclass(frozen=True)
class Item:
    """One sample that is still to be read: `load` gives (sample, label), or raises what is wrong with it."""

    name: str
    load: Callable[[], tuple[Any, Any]]


@dataclass(frozen=True)
class Source:
    """A kind of data: `stream(indices)` gives those items, `stream(None)` all of them.

    `missing` are (name, reason) of what is known to be unreadable; `path` is the place as it was asked for.
    """

    name: str
    kind: str
    total: int | None
    stream: Callable[[Sequence[int] | None], Iterator[Item]]
    labelled: bool = False
    notes: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    path: str | None = None
    classes: Classes = NO_CLASSES  # of the labels, by their numbers


def indexed(item: Callable[[int], Item], total: int, name: str, kind: str, noun: str, **more: Any) -> Source:
    """A source whose items can be read in any order."""
    if not total:
        raise SymmeterError(f"{name}: no {noun}s")

    def stream(wanted: Sequence[int] | None) -> Iterator[Item]:
        return map(item, range(total) if wanted is None else wanted)

    return Source(name, kind, total, stream, **more)


def split(sample: Any, keys: Sequence[str], noun: str, marks: Sequence[str] = LABEL_KEYS) -> tuple[Any, Any]:
    """(sample, label) of what datasets and loaders give: a sample, a tuple that begins so, or a dictionary.

    In a dictionary the first of `keys` that is there is the sample, the first of `marks` its label.

    >>> split({"x": 1.5, "label": 3}, ["x"], "signal"), split((1.5, 3, "more"), ["x"], "signal")
    ((1.5, 3), (1.5, 3))
    """
    if isinstance(sample, Mapping):
        found = [key for key in keys if key in sample]
        if not found:
            has, known = ", ".join(map(str, sample)), ", ".join(keys)
            raise SymmeterError(f"no {noun} in a dictionary with {has}; its key must be one of {known}")
        label = next((sample[key] for key in marks if key in sample), None)
        return sample[found[0]], label
    if isinstance(sample, tuple | list) and sample:
        return sample[0], sample[1] if len(sample) > 1 else None
    return sample, None


def check_unpacked(path: Path, unpacked: int) -> None:
    """ValueError for a file that would unpack to many times its size."""
    packed = path.stat().st_size
    if unpacked > max(_SMALL, _PACKED * packed):
        raise ValueError(f"refused, its {packed} bytes would unpack to {unpacked}")


@contextlib.contextmanager
def opened_npz(path: Path) -> Iterator[NpzFile]:
    """An archive of plain arrays; SymmeterError for what is none, or is damaged.

    The file is opened here, for np.load leaves a damaged archive open.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            check_unpacked(path, sum(member.file_size for member in archive.zip.infolist()))
            if not archive.files:
                raise SymmeterError(f"{path}: there is no array in it")
            yield archive
    except SymmeterError:
        raise
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        raise SymmeterError(f"{path}: not a readable .npz of plain arrays: {reason(error)}") from error


def is_archive_of(data: object, names: Iterable[str]) -> bool:
    """Whether it is the path of an `.npz` with an array of one of these names."""
    place = Path(data).expanduser() if isinstance(data, str | Path) else None
    if place is not None and place.suffix.lower() == ".npz" and place.is_file():
        with contextlib.suppress(SymmeterError), opened_npz(place) as archive:
            return not set(names).isdisjoint(archive.files)
    return False


def axes_of(path: Path) -> int | None:
    """How many axes the array of a .npy has; None where there is none, or one that is damaged: reading it says so."""
    if path.suffix.lower() == ".npy" and path.is_file():
        with contextlib.suppress(Exception):  # numpy raises many kinds for a damaged header
            return np.load(path, mmap_mode="r", allow_pickle=False).ndim
    return None


def is_array(value: object) -> TypeGuard[Tensor | np.ndarray]:
    """Whether it is a tensor or a NumPy array, of any shape."""
    return isinstance(value, Tensor | np.ndarray)


def first_line_of(path: Path) -> str:
    """The first line of a text file, without spaces around it, nothing where there is no such file.

    SymmeterError for one that may not be read.
    """
    if not path.is_file():
        return ""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(_LINE).strip()
    except OSError as error:
        raise SymmeterError(f"{path}: {error.strerror}") from error


def reason(error: BaseException) -> str:
    """An exception in one line, its type first where the message alone may not say what went wrong.

    >>> reason(OSError("image file is truncated")), reason(KeyError("palette")), reason(EOFError())
    ('image file is truncated', "KeyError: 'palette'", 'EOFError')
    """
    line, kind = first_line(error), type(error).__name__
    if isinstance(error, ValueError | OSError) or line == kind:
        return line
    return f"{kind}: {line}"


def labels_of(labels: Any, count: int, name: str, noun: str) -> Sequence[Any]:
    """`count` whole numbers, or None for each sample where there are no labels.

    Of `{output: values (N, ...)}` a dict for each: reference values of the outputs of a model.
    """
    if labels is None:
        return [None] * count
    if isinstance(labels, Mapping):
        return _by_sample(labels, count, name, noun)
    if isinstance(labels, list | tuple | range):  # before an array is made of them: there may be very many
        _check_count(labels, count, name, noun)
    values = np.asarray(labels.detach().cpu() if isinstance(labels, Tensor) else labels)
    if values.ndim != 1:
        raise SymmeterError(f"{name}: labels of shape {values.shape}; give one whole number per {noun}")
    _check_count(values, count, name, noun)
    if not _are_whole(values):
        raise SymmeterError(f"{name}: labels must be whole numbers")
    return values.astype(np.int64).tolist()


def _check_count(labels: Sized, count: int, name: str, noun: str) -> None:
    """SymmeterError where there are more or fewer labels than samples."""
    if len(labels) != count:
        raise SymmeterError(f"{name}: {len(labels)} labels for {count} {noun}s")


def _by_sample(labels: Mapping[str, Any], count: int, name: str, noun: str) -> list[dict[str, Any]]:
    """Values (N, ...) by output as one dict for each of `count` samples."""
    for output, values in labels.items():
        shape = tuple(np.shape(values))
        if shape[:1] != (count,):
            raise SymmeterError(f"{name}: labels of {output!r} have shape {shape}, for {count} {noun}s")
    return [{output: values[i] for output, values in labels.items()} for i in range(count)]


def _are_whole(values: np.ndarray) -> bool:
    """Whether values of any shape are whole numbers, be it in floating point."""
    if values.dtype.kind == "f":
        return bool((np.isfinite(values) & (values == values.round())).all())
    return values.dtype.kind in "iub"


def from_tensors(inputs: Tensor, labels: Any, name: str, kind: str) -> Source:
    """A source of inputs (N, ...), with labels (N,) or None; `kind` is the noun of one of them."""
    shape = "x".join(map(str, inputs.shape))
    return from_rows(inputs, labels, name or f"{kind} {shape}", kind)


def from_rows(inputs: Sequence[Tensor] | Tensor, labels: Any, name: str, kind: str) -> Source:
    """The same of N inputs of any shapes."""
    marks = labels_of(labels, len(inputs), name, kind)
    item = lambda i: Item(f"{kind}[{i}]", lambda: (inputs[i], marks[i]))
    return indexed(item, len(inputs), name, kind, kind, labelled=labels is not None)


def from_files(
    files: Sequence[File], name: str, kind: str, noun: str, read: Callable[[Path], Any], **more: Any
) -> Source:
    """A source of files, each with its name and its label, that `read` reads one by one."""
    item = lambda i: Item(files[i][1], lambda: (read(files[i][0]), files[i][2]))
    labelled = any(label is not None for _, _, label in files)
    return indexed(item, len(files), name, kind, noun, labelled=labelled, **more)


def from_folder(folder: Path, extensions: Sequence[str], noun: str, read: Callable[[Path], Any]) -> Source:
    """The files of these extensions in a folder, or else those in its sub-folders, which are their classes.

    Masks beside them, in files or folders of their own, are left out.
    """
    inner, own, notes = _folders_in(folder), files_in(folder, extensions), []
    masks = folders_of_masks(inner)
    classes = NO_CLASSES if own or masks else _classes(inner)
    if own:
        found: list[File] = [(file, file.name, None) for file in own]
        notes += [f"{len(inner)} sub-folders left out, for {noun}s lie beside them"] * bool(inner)
    else:
        if masks:
            names = ", ".join(one.name for one in masks)
            notes += [f"sub-folders of masks left out ({names}): outputs are compared with each other"]
            inner = [one for one in inner if one not in masks]
        found = _files_of(inner, extensions, classes)
    of_masks = files_of_masks([file for file, _, _ in found])
    if of_masks:
        notes += [f"{len(of_masks)} files of masks left out, such as {of_masks[0].name}"]
    files = [one for one in found if one[0] not in set(of_masks)]
    if not files:
        known = ", ".join(extension[1:] for extension in extensions)
        raise SymmeterError(f"{folder}: no {noun}s in this folder or its sub-folders ({known})")
    kind = "folder" if own or masks else "class folders"
    return from_files(files, str(folder), kind, noun, read, notes=tuple(notes), classes=classes)


def _classes(places: Sequence[Path]) -> Classes:
    """The classes of sub-folders in order: their names, and where all of these are numbers, the numbers."""
    names = [place.name for place in places]
    if all(re.fullmatch("[0-9]+", name) for name in names):
        return Classes({int(name): name for name in names}, ordered=False)
    return Classes(dict(enumerate(names)))


def _files_of(places: Sequence[Path], extensions: Sequence[str], classes: Classes) -> list[File]:
    """The files in sub-folders, each with the number of its folder among the classes, if they are."""
    numbers = {name: number for number, name in classes.names.items()}
    return [
        (file, f"{place.name}/{file.name}", numbers.get(place.name))
        for place in places
        for file in files_in(place, extensions)
    ]


def files_in(folder: Path, extensions: Sequence[str]) -> list[Path]:
    """The files of these extensions in a folder by name, without hidden ones."""
    files = [file for file in folder.iterdir() if file.suffix.lower() in extensions]
    return sorted(file for file in files if file.name[0] != "." and file.is_file())


def has_files(folder: Path, extensions: Sequence[str]) -> bool:
    """Whether a folder, or one of its first sub-folders, has a file of these extensions."""
    return any(files_in(place, extensions) for place in (folder, *_folders_in(folder)[:3]))


def _folders_in(folder: Path) -> list[Path]:
    """The sub-folders of a folder by name, without hidden ones."""
    return sorted(inner for inner in folder.iterdir() if inner.is_dir() and not inner.name.startswith("."))
