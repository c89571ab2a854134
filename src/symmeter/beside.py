"""What stands beside samples and is not read, such as masks and boxes: it is named, once."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

# Folders: where the names of all are of either kind, some hold what the others are masks of.
_WHOLE = re.compile("ima?ge?s?|photo|volume|scan|input", re.IGNORECASE)
_MASKS = re.compile("mask|label|annotation|segmentation|target", re.IGNORECASE)
_MASK_OF = re.compile(r"(.+)[_-](?:mask|seg|segmentation|label)s?(?:_?\d+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Beside:
    """What an item of a dataset holds besides its sample: its label, and by name what nothing reads."""

    label: Any
    unused: tuple[str, ...]


def beside_samples(names: Iterable[str], item: str) -> tuple[str, ...]:
    """The remark on what stands beside samples, `item` being the noun of one; nothing where there is nothing.

    >>> beside_samples(["boxes", "labels"], "image")
    ('beside images and not used: boxes, labels (outputs are compared with each other)',)
    """
    found = ", ".join(names)
    return (f"beside {item}s and not used: {found} (outputs are compared with each other)",) if found else ()


def unread(item: Any, keys: Sequence[str], batched: bool = False) -> tuple[str, ...]:
    """What an item holds besides its sample that has axes of its own, and so is no class: masks, boxes, more arrays.

    `keys` are what a sample is called in a dictionary, the first that is there counts. `batched`: the item is a batch,
    with one axis more.

    >>> import torch
    >>> image, mask = torch.zeros(3, 8, 6), torch.zeros(8, 6, dtype=torch.long)
    >>> unread((image, mask), ["image"]), unread({"image": image, "mask": mask, "label": 3}, ["image"])
    (('masks',), ('mask',))
    >>> unread((image, {"boxes": torch.zeros(2, 4), "image_id": 7}), ["image"]), unread((image, 3), ["image"])
    (('boxes',), ())
    """
    one = _first(item) if batched else item
    if isinstance(one, Mapping):
        sample = next((key for key in keys if key in one), None)
        return tuple(_names({key: value for key, value in one.items() if key != sample}, ()))
    if not isinstance(one, tuple | list):
        return ()
    sample, *others = one
    return tuple(dict.fromkeys(name for other in others for name in _names(other, _shape(sample))))


def _first(batch: Any) -> Any:
    """The first item of a batch of them, each leaf of which is an array (N, ...) or a list."""
    if isinstance(batch, Mapping):
        return {key: _one_of(value) for key, value in batch.items()}
    return [_one_of(value) for value in batch] if isinstance(batch, tuple | list) else _one_of(batch)


def _one_of(values: Any) -> Any:
    """The first of the values of a batch; what is one for all of them as it is."""
    if isinstance(values, Mapping):
        return {key: _one_of(value) for key, value in values.items()}
    many = isinstance(values, tuple | list) or len(_shape(values)) > 0
    return values[0] if many and len(values) else values


def _names(value: Any, sample: tuple[int, ...]) -> Iterator[str]:
    """What to call a value beside a sample of this shape; nothing for a class, a number or a text."""
    if isinstance(value, Mapping):
        yield from (str(key) for key, one in value.items() if any(_names(one, sample)))
    elif isinstance(value, tuple | list):
        plain = value and isinstance(value[0], int | float | tuple | list)
        yield from ["lists"] if plain else chain.from_iterable(_names(one, sample) for one in value[:1])
    elif shape := _shape(value):
        sizes = tuple(size for size in shape if size > 1)
        fits = len(sizes) > 1 and sizes in (sample, sample[1:], sample[:-1])
        yield "masks" if fits else f"arrays {shape}"


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of an array, or the rows and columns of a picture; () of anything else."""
    size = getattr(value, "size", None)
    of_picture = tuple(reversed(size)) if isinstance(size, tuple) else ()
    return tuple(getattr(value, "shape", of_picture))


def folders_of_masks(folders: Sequence[Path]) -> list[Path]:
    """Those folders that hold masks of what lies in the others, as all their names say; none among classes.

    >>> [one.name for one in folders_of_masks([Path("images"), Path("masks")])]
    ['masks']
    >>> folders_of_masks([Path("mask"), Path("no_mask")])
    []
    """
    masks = [folder for folder in folders if _MASKS.match(folder.name)]
    whole = [folder for folder in folders if _WHOLE.match(folder.name)]
    return masks if whole and len(masks) + len(whole) == len(folders) else []


def files_of_masks(files: Sequence[Path]) -> list[Path]:
    """Those files that are masks of others beside them, as their names say.

    >>> [one.name for one in files_of_masks([Path("a.png"), Path("a_mask.png"), Path("b_mask.png")])]
    ['a_mask.png']
    """
    stems = {file: file.name.split(".")[0] for file in files}
    beside = {(file.parent, stem) for file, stem in stems.items()}
    of = {file: _MASK_OF.match(stem) for file, stem in stems.items()}
    return [file for file, match in of.items() if match and (file.parent, match[1]) in beside]
