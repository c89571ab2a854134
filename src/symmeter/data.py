"""Where images come from: tensors, datasets, loaders, folders, archives, photographs that packages ship."""

import csv
import dataclasses
import importlib.util
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import data as torch_data

from symmeter.errors import SymmeterError, nearest
from symmeter.preprocessing import Preprocessing, require

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
_IMAGE_KEYS = ("image", "images", "pixel_values", "x")
_LABEL_KEYS = ("label", "labels", "y")
_PHOTOS = {
    "skimage/data": (
        *("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"),
        *("motorcycle_left.png", "motorcycle_right.png"),
    ),
    "sklearn/datasets/images": ("china.jpg", "flower.jpg"),
}


@dataclass(frozen=True)
class Batch:
    """Network inputs (B, C, H, W), labels (B,) int64 with -1 where unknown (None: all are), and names."""

    images: Tensor
    labels: Tensor | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Item:
    """One image that is still to be read: `load` gives (image, label), or raises what is wrong with it."""

    name: str
    load: Callable[[], tuple[Any, Any]]


@dataclass(frozen=True)
class _Source:
    """A kind of data: `stream(indices)` gives those items, `stream(None)` all of them."""

    name: str
    kind: str
    total: int | None
    stream: Callable[[Sequence[int] | None], Iterator[_Item]]
    labelled: bool = False
    notes: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()


class ImageData:
    """Images on their way into a network, batch by batch and as often as wanted.

    `total` is the number of images that are visited, None where it is not known; `skipped` names those that
    could not be read, with the reason, as they are met.
    """

    def __init__(self, source: _Source, preprocessing: Preprocessing, samples: int | None, seed: int):
        self.name, self.total, self.preprocessing = source.name, source.total, preprocessing
        self._source, self._limit, self._indices = source, samples, None
        self._skipped = dict(source.missing)
        self._used, self._labelled, self._prepared = 0, source.labelled, False
        if samples is not None and self.total is not None and samples < self.total:
            chosen = torch.randperm(self.total, generator=torch.Generator().manual_seed(seed))[:samples]
            self._indices, self.total = chosen.sort().values.tolist(), samples

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(name, reason) of every image that could not be read so far."""
        return list(self._skipped.items())

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """All images in their order. Raises SymmeterError when they differ in size, or none can be read."""
        if batch_size < 1:
            raise SymmeterError(f"batch size {batch_size}: give a positive whole number")
        rows: list[tuple[Tensor, int, str]] = []
        shape, used, visited = None, 0, 0
        for item in self._source.stream(self._indices):
            visited += 1
            try:
                raw, label = item.load()
                image = self._input(raw)
            except SymmeterError:
                raise
            except Exception as error:  # decoders raise many kinds
                self._skipped[item.name] = _reason(error)
            else:
                shape = shape or tuple(image.shape)
                _same_size(shape, tuple(image.shape))
                rows.append((image, _label(label), item.name))
                used += 1
                self._used = max(self._used, used)
                if len(rows) == batch_size:
                    yield self._batch(rows)
                    rows = []
            if visited == self._limit:
                break
        if rows:
            yield self._batch(rows)
        if not used:
            first = next((f": {name}: {reason}" for name, reason in self.skipped), "")
            raise SymmeterError(f"{self.name}: none of the {visited} images could be read{first}")

    def summary(self) -> dict[str, Any]:
        """What was read, ready for JSON."""
        return {
            "name": self.name,
            "kind": self._source.kind,
            "total": self.total,
            "used": self._used,
            "skipped": len(self._skipped),
            "skipped_names": [f"{name} ({reason})" for name, reason in self.skipped[:20]],
            "labelled": self._labelled,
            "preprocessing": self.preprocessing.to_dict() if self._prepared else None,
            "notes": list(self._source.notes),
        }

    def _input(self, raw: Any) -> Tensor:
        """One image as network input (C, H, W): floating point as it is, pixels through the preprocessing."""
        if isinstance(raw, np.ndarray):
            raw = _tensor(raw, self.name)
        if isinstance(raw, Tensor) and raw.is_floating_point():
            if raw.ndim != 3:
                raise SymmeterError(f"{self.name}: an image of shape {tuple(raw.shape)}: give (C, H, W)")
            return raw.detach()
        self._prepared = True
        return _pixels(raw, self.preprocessing) if isinstance(raw, Tensor) else self.preprocessing(raw)

    def _batch(self, rows: list[tuple[Tensor, int, str]]) -> Batch:
        images, labels, names = zip(*rows, strict=True)
        known = any(label >= 0 for label in labels)
        self._labelled = self._labelled or known
        return Batch(torch.stack(images), torch.tensor(labels) if known else None, names)


def open_data(
    data: Any, preprocessing: Preprocessing | None = None, *, samples: int | None = None, seed: int = 0
) -> ImageData:
    """Images from whatever `data` is; `samples` of them, drawn under `seed` and kept in order, or all.

    Takes a float tensor or array (N, C, H, W) of network inputs; uint8 pixels (N, C, H, W), (N, H, W, C) or
    (N, H, W); an (images, labels) pair; a Dataset, a DataLoader, an iterable of batches; the path of a
    folder, a `.npz` or an image, or a list of images' paths; or "builtin:photos". Of an iterable of unknown
    length the first `samples` are taken. Raises SymmeterError, in one line, for what cannot be used; single
    images that cannot be read are skipped.

    >>> images = open_data((torch.rand(5, 3, 8, 8), [0, 1, 2, 3, 4]), samples=3)
    >>> [(tuple(batch.images.shape), batch.labels.tolist()) for batch in images.batches(2)]
    [((2, 3, 8, 8), [0, 1]), ((1, 3, 8, 8), [4])]
    """
    preprocessing = preprocessing or Preprocessing.unknown()
    if samples is not None and (isinstance(samples, bool) or not isinstance(samples, int) or samples < 1):
        raise SymmeterError(f"samples {samples!r}: give a positive whole number")
    return ImageData(_source(data, preprocessing.channels), preprocessing, samples, seed)


def _source(data: Any, channels: int) -> _Source:
    if isinstance(data, str | Path):
        if str(data).startswith("builtin:"):
            return _builtin(str(data))
        try:
            return _path(Path(data).expanduser(), channels)
        except OSError as error:
            raise SymmeterError(f"{data}: {error.strerror or error}") from error
    if _is_array(data):
        return _arrays(data, None, channels)
    if isinstance(data, Mapping):
        return _arrays(*_split(data), channels)
    if isinstance(data, torch_data.DataLoader):
        return _loader(data, channels)
    listed = isinstance(data, tuple | list)
    if listed and len(data) == 2 and _is_array(data[0]) and not (_is_array(data[1]) and data[1].ndim > 2):
        return _arrays(data[0], data[1], channels)
    if listed and data and all(isinstance(item, str | Path) for item in data):
        return _files([(Path(item), str(item), None) for item in data], "files", "files")
    if listed and data and np.ndim(_split(data[0])[0]) == 4:
        return _batches(data, channels)
    if isinstance(data, Iterable) and (isinstance(data, torch_data.IterableDataset) or not _is_map(data)):
        return _batches(data, channels)
    if _is_map(data):
        return _dataset(data)
    raise SymmeterError(f"images cannot come from {type(data).__name__}; give a tensor, a Dataset or a path")


def _indexed(item: Callable[[int], _Item], total: int, name: str, kind: str, **more: Any) -> _Source:
    """A source whose items can be read in any order."""
    if not total:
        raise SymmeterError(f"{name}: no images")
    return _Source(
        name, kind, total, lambda wanted: map(item, range(total) if wanted is None else wanted), **more
    )


def _arrays(images: Any, labels: Any, channels: int, name: str = "", last: bool = False) -> _Source:
    if not _is_array(images):
        raise SymmeterError(f"images must be a tensor or an array, not {type(images).__name__}")
    name = name or f"{type(images).__name__.lower()} {'x'.join(map(str, images.shape))}"
    rows = _rows(images, channels, name, last)
    marks = _labels(labels, len(rows), name)
    kind = "tensor" if rows.is_floating_point() else "pixels"
    item = lambda i: _Item(f"image[{i}]", lambda: (rows[i], marks[i]))
    return _indexed(item, len(rows), name, kind, labelled=labels is not None)


def _dataset(data: Any) -> _Source:
    item = lambda i: _Item(f"image[{i}]", lambda: _split(data[i]))
    return _indexed(item, len(data), type(data).__name__, "dataset")


def _loader(loader: torch_data.DataLoader, channels: int) -> _Source:
    """A DataLoader. Of one in plain order, `samples` are read from its dataset at the chosen places only."""
    name, total = f"DataLoader of {type(loader.dataset).__name__}", None
    plain = type(loader.sampler) in (torch_data.SequentialSampler, torch_data.RandomSampler)
    if plain and type(loader.batch_sampler) in (torch_data.BatchSampler, type(None)):
        count: int = len(loader.sampler)  # type: ignore[arg-type]
        if count == len(loader.dataset):  # type: ignore[arg-type]
            total = count - (count % (loader.batch_size or 1) if loader.drop_last else 0)

    def stream(wanted: Sequence[int] | None) -> Iterator[_Item]:
        chosen = loader
        if wanted is not None:
            chosen = torch_data.DataLoader(
                torch_data.Subset(loader.dataset, wanted),
                batch_size=loader.batch_size,
                num_workers=loader.num_workers,
                collate_fn=loader.collate_fn,
                worker_init_fn=loader.worker_init_fn,
                generator=torch.Generator(),
            )
        items = _members(chosen, channels, name, single=loader.batch_sampler is None)
        for position, (image, label) in enumerate(items):
            yield _Item(f"image[{wanted[position] if wanted else position}]", _ready(image, label))

    return _Source(name, "loader", total, stream)


def _batches(data: Iterable[Any], channels: int) -> _Source:
    """An iterable of batches; a list's length is known, an iterator can be read once."""
    name, spent = type(data).__name__, False
    total = sum(len(_split(batch)[0]) for batch in data) if isinstance(data, tuple | list) else None
    single = isinstance(data, torch_data.IterableDataset)

    def stream(wanted: Sequence[int] | None) -> Iterator[_Item]:
        nonlocal spent
        if spent:
            raise SymmeterError(f"{name}: an iterator can be read once only; give a list or a DataLoader")
        spent = iter(data) is data
        chosen = None if wanted is None else set(wanted)
        for position, (image, label) in enumerate(_members(data, channels, name, single)):
            if chosen is None or position in chosen:
                yield _Item(f"image[{position}]", _ready(image, label))

    return _Source(name, "batches", total, stream)


def _members(batches: Iterable[Any], channels: int, name: str, single: bool) -> Iterator[tuple[Any, Any]]:
    """The (image, label) pairs of every batch; `single`: a batch is one image."""
    try:
        for batch in batches:
            images, labels = _split(batch)
            if single:
                yield images, labels
                continue
            rows = _rows(images, channels, name) if _is_array(images) else list(images)
            plain = isinstance(labels, Tensor) or np.asarray(labels).dtype.kind in "iub"
            marks = _labels(labels if plain and np.ndim(labels) == 1 else None, len(rows), name)
            yield from zip(rows, marks, strict=True)
    except SymmeterError:
        raise
    except Exception as error:
        raise SymmeterError(f"{name}: reading a batch failed: {_reason(error)}") from error


def _path(path: Path, channels: int) -> _Source:
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise SymmeterError(f"{path}: no such file or folder")
    if path.suffix.lower() == ".npz":
        return _npz(path, channels)
    if path.suffix.lower() in EXTENSIONS:
        return _files([(path, path.name, None)], str(path), "image")
    raise SymmeterError(
        f"{path}: neither a folder nor .npz nor an image ({', '.join(e[1:] for e in EXTENSIONS)})"
    )


def _files(entries: Sequence[tuple[Path, str, int | None]], name: str, kind: str, **more: Any) -> _Source:
    item = lambda i: _Item(entries[i][1], lambda: (_open(entries[i][0]), entries[i][2]))
    labelled = any(label is not None for _, _, label in entries)
    return _indexed(item, len(entries), name, kind, labelled=labelled, **more)


def _folder(path: Path) -> _Source:
    if (path / "labels.csv").is_file():
        return _listed(path)
    own = [(file, file.name, None) for file in _images_in(path)]
    classes = sorted(d for d in path.iterdir() if d.is_dir() and not d.name.startswith("."))
    if own:
        notes = (f"{len(classes)} sub-folders left out, for images lie beside them",) if classes else ()
        return _files(own, str(path), "folder", notes=notes)
    numbers = all(d.name.isascii() and d.name.isdigit() for d in classes)
    entries = [
        (file, f"{folder.name}/{file.name}", int(folder.name) if numbers else position)
        for position, folder in enumerate(classes)
        for file in _images_in(folder)
    ]
    if not entries:
        known = ", ".join(e[1:] for e in EXTENSIONS)
        raise SymmeterError(f"{path}: no images in this folder or its sub-folders ({known})")
    return _files(entries, str(path), "class folders")


def _images_in(folder: Path) -> list[Path]:
    return sorted(
        f for f in folder.iterdir() if f.suffix.lower() in EXTENSIONS and f.name[0] != "." and f.is_file()
    )


def _listed(folder: Path) -> _Source:
    """A folder with a labels.csv of columns file and label. What it names and is not there is skipped."""
    table = folder / "labels.csv"
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            lacking = {"file", "label"} - set(reader.fieldnames or ())
            if lacking:
                has = ", ".join(reader.fieldnames or ()) or "nothing"
                raise SymmeterError(f"{table}: it needs the columns file and label; it has {has}")
            rows = [(row["file"].strip(), (row["label"] or "").strip()) for row in reader if row["file"]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise SymmeterError(f"{table}: not a readable CSV file: {error}") from error
    words = sorted({label for _, label in rows if label})
    notes: tuple[str, ...] = ()
    try:
        number = {word: int(word) for word in words}
    except ValueError:
        number = {word: position for position, word in enumerate(words)}
        shown = ", ".join(words[:20]) + (", ..." if len(words) > 20 else "")
        notes = (f"labels.csv: {len(words)} label names numbered from 0 in sorted order: {shown}",)
    entries = [(folder / name, name, number.get(label)) for name, label in rows]
    missing = tuple((name, "no such file") for file, name, _ in entries if not file.is_file())
    entries = [entry for entry in entries if entry[0].is_file()]
    if not entries:
        raise SymmeterError(f"{table}: none of the {len(rows)} files it names is there")
    return _files(entries, str(folder), "folder with labels.csv", notes=notes, missing=missing)


def _npz(path: Path, channels: int) -> _Source:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in ("images", "labels") if key in archive.files}
            has = ", ".join(archive.files) or "nothing"
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        raise SymmeterError(f"{path}: not a readable .npz of plain arrays: {_reason(error)}") from error
    if "images" not in arrays:
        raise SymmeterError(f"{path}: it needs an array named images; it has {has}")
    if arrays["images"].dtype != np.uint8:
        raise SymmeterError(f"{path}: images are {arrays['images'].dtype}, and must be uint8 pixels")
    return _arrays(arrays["images"], arrays.get("labels"), channels, str(path), last=True)


def _builtin(name: str) -> _Source:
    """Three crops of each photograph that scikit-image and scikit-learn ship."""
    if name != "builtin:photos":
        raise SymmeterError(f"unknown data {name!r}{nearest(name, ['builtin:photos'])}")
    found: list[Path] = []
    for place, files in _PHOTOS.items():
        package, _, folder = place.partition("/")
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            found += [path for file in files if (path := Path(root) / folder / file).is_file()]
    if not found:
        raise SymmeterError(f"{name}: it needs scikit-image or scikit-learn: pip install 'symmeter[demo]'")
    crops = [(path, which) for path in found for which in range(3)]

    def item(i: int) -> _Item:
        path, which = crops[i]
        return _Item(f"{path.stem}[{which + 1}]", lambda: (_crop(_open(path), which), None))

    return _indexed(item, len(crops), name, "photographs")


def _crop(image: Any, which: int) -> Any:
    """0: the largest square, in the middle; 1, 2: squares of 3/4 of its side in the first and last corner."""
    width, height = image.size
    side = min(width, height) if which == 0 else min(width, height) * 3 // 4
    left, top = [((width - side) // 2, (height - side) // 2), (0, 0), (width - side, height - side)][which]
    return image.crop((left, top, left + side, top + side))


def _open(path: Path) -> Any:
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
            raise ValueError("not an image, or damaged") from error


def _rows(images: Any, channels: int, name: str, last: bool = False) -> Tensor:
    """A batch of images as a tensor (N, C, H, W): float network inputs or uint8 pixels."""
    rows = _tensor(images, name)
    shape = tuple(rows.shape)
    if not rows.is_floating_point() and rows.dtype != torch.uint8:
        kind = str(rows.dtype).removeprefix("torch.")
        raise SymmeterError(f"{name}: images are {kind}; give float network inputs or uint8 pixels")
    gray = rows.dtype == torch.uint8 and len(shape) == 3
    if len(shape) == 3 and (not gray or shape[-1] in (3, 4) or (channels != 1 and shape[0] in (3, 4))):
        raise SymmeterError(f"{name}: shape {shape} is one image; add a batch axis: images[None]")
    if (len(shape) != 4 and not gray) or 0 in shape:
        raise SymmeterError(f"{name}: images of shape {shape}; give (N, C, H, W)")
    if rows.is_floating_point():
        if shape[-1] == 3 and shape[1] == shape[2] > 4:
            raise SymmeterError(f"{name}: shape {shape} has its channels last; give (N, C, H, W)")
        return rows
    return rows[:, None] if gray else _channels_first(rows, channels, name, last)


def _channels_first(pixels: Tensor, channels: int, name: str, last: bool = False) -> Tensor:
    """Pixels (..., H, W, C) or (..., C, H, W) as (..., C, H, W); where both would do, `last` decides."""
    first, final = pixels.shape[-3], pixels.shape[-1]
    counts = {1, 3, 4, channels}
    if first not in counts and final not in counts:
        raise SymmeterError(
            f"{name}: pixels of shape {tuple(pixels.shape)}; give (N, H, W, C) or (N, C, H, W)"
        )
    if first in counts and final in counts and (first == channels) != (final == channels):
        last = final == channels
    return pixels.movedim(-1, -3) if final in counts and (last or first not in counts) else pixels


def _pixels(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 (H, W), (H, W, C) or (C, H, W) to network input; resized only where the size is another."""
    if pixels.dtype != torch.uint8 or pixels.ndim not in (2, 3):
        raise SymmeterError(
            f"an image of {pixels.dtype} {tuple(pixels.shape)}; give float inputs or uint8 pixels"
        )
    wanted = preprocessing.channels
    pixels = pixels[None] if pixels.ndim == 2 else _channels_first(pixels, wanted, "image")
    pixels = pixels[:3] if len(pixels) == 4 and wanted != 4 else pixels  # without transparency
    if preprocessing.size in (None, tuple(pixels.shape[1:])):
        if len(pixels) in (1, wanted):
            return preprocessing.normalise(pixels.expand(wanted, -1, -1) / 255.0)
        preprocessing = dataclasses.replace(preprocessing, size=None)
    pil = require("PIL.Image", "vision")
    return preprocessing(pil.fromarray(pixels.permute(1, 2, 0).squeeze(-1).contiguous().numpy()))


def _labels(labels: Any, count: int, name: str) -> Sequence[Any]:
    if labels is None:
        return [None] * count
    values = np.asarray(labels.detach().cpu() if isinstance(labels, Tensor) else labels)
    if values.ndim != 1:
        raise SymmeterError(f"{name}: labels of shape {values.shape}; give one whole number an image")
    if len(values) != count:
        raise SymmeterError(f"{name}: {len(values)} labels for {count} images")
    if values.dtype.kind not in "iub" and not (values.dtype.kind == "f" and (values == values.round()).all()):
        raise SymmeterError(f"{name}: labels must be whole numbers")
    return values.astype(np.int64).tolist()


def _label(label: Any) -> int:
    """A class number, or -1 for what is none."""
    if isinstance(label, Tensor | np.ndarray | np.generic) and np.ndim(label) == 0:
        label = label.item()
    return int(label) if isinstance(label, int | float) and label == int(label) else -1


def _split(sample: Any) -> tuple[Any, Any]:
    """(image, label) of what datasets and loaders give: an image, a tuple that begins so, or a dictionary."""
    if isinstance(sample, Mapping):
        keys = [key for key in _IMAGE_KEYS if key in sample]
        if not keys:
            has, known = ", ".join(map(str, sample)), ", ".join(_IMAGE_KEYS)
            raise SymmeterError(f"no image in a dictionary with {has}; its key must be one of {known}")
        return sample[keys[0]], next((sample[key] for key in _LABEL_KEYS if key in sample), None)
    if isinstance(sample, tuple | list) and sample:
        return sample[0], sample[1] if len(sample) > 1 else None
    return sample, None


def _ready(image: Any, label: Any) -> Callable[[], tuple[Any, Any]]:
    return lambda: (image, label)


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray)


def _is_map(data: Any) -> bool:
    return hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, bytes)


def _tensor(array: Any, name: str) -> Tensor:
    if isinstance(array, Tensor):
        return array.detach()
    try:
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))
    except TypeError as error:
        raise SymmeterError(f"{name}: images are {array.dtype}; give float inputs or uint8 pixels") from error


def _same_size(first: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if shape != first:
        if shape[1:] == first[1:]:
            raise SymmeterError(f"images differ in their channels ({first[0]}, {shape[0]})")
        sizes = ", ".join(f"{width}x{height}" for _, height, width in (first, shape))
        raise SymmeterError(f"images differ in size ({sizes}): pass --img-size")


def _reason(error: BaseException) -> str:
    words = next((line.strip() for line in str(error).splitlines() if line.strip()), "")[:160]
    return words if words and isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {words}"
