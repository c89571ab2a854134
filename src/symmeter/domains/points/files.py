"""Clouds and meshes: `.ply`, `.off` and `.xyz` files, and folders of them; a mesh gives points of its surface."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import Source, files_in, first_line_of, from_files, from_folder, has_files

EXTENSIONS = (".ply", ".off", ".xyz")
_EXTRA = "points"  # what brings trimesh


@dataclass(frozen=True)
class Sampled:
    """How many points are drawn from the surface of a mesh, and under which seed."""

    points: int | None = None
    seed: int = 0


def is_cloud(data: str | Path) -> bool:
    """Whether a path is of clouds, as far as its name, the names in a folder, or a first line show it.

    >>> is_cloud("chair.ply"), is_cloud("chair.png")
    (True, False)
    """
    place = Path(data).expanduser()
    named = place.suffix.lower() in EXTENSIONS
    if place.is_dir():
        return (named or has_files(place, EXTENSIONS)) and not any(
            map(_of_atoms, files_in(place, (".xyz",))[:1])
        )
    return named and not _of_atoms(place)


def from_path(path: str, sampled: Sampled) -> Source:
    """The clouds that lie there."""
    check_path(path)
    place = Path(path).expanduser()
    read = partial(read_cloud, sampled=sampled)
    if place.is_dir():
        source = from_folder(place, EXTENSIONS, "set", read)
    else:
        source = from_files([(place, place.name, None)], str(place), "file", "set", read)
    return replace(source, name=os.path.basename(os.path.abspath(place)), path=path)


def check_path(path: str) -> None:
    """SymmeterError for a path where no cloud can be, or without the package that reads them."""
    place = Path(path).expanduser()
    if not place.exists():
        raise SymmeterError(f"{path}: no such file or folder")
    if not place.is_dir() and place.suffix.lower() not in EXTENSIONS:
        known = ", ".join(extension[1:] for extension in EXTENSIONS)
        raise SymmeterError(f"{path}: points are read from {known}, a folder of these, or an .npz")
    require("trimesh", _EXTRA)


def read_cloud(path: Path, sampled: Sampled) -> Tensor:
    """The points (N, 3) of a file, in float64; of a mesh, points on its surface, each place as likely as any other.

    Raises whatever is wrong with the file, and SymmeterError where a mesh is to be sampled and no number is given.
    """
    if not path.stat().st_size:
        raise ValueError("an empty file")
    trimesh = require("trimesh", _EXTRA)
    (shape,) = trimesh.load_scene(str(path), process=False).geometry.values()
    _check_complete(shape)
    if not len(getattr(shape, "faces", ())):
        return torch.from_numpy(np.array(shape.vertices, dtype=np.float64))
    if sampled.points is None:
        raise SymmeterError(
            f"{path.name} is a mesh: say how many points are drawn from its surface, points=1024"
        )
    draw: Callable = require("trimesh.sample", _EXTRA).sample_surface
    points, _ = draw(shape, sampled.points, seed=sampled.seed)
    return torch.from_numpy(np.array(points, dtype=np.float64))


def _check_complete(shape: Any) -> None:
    """ValueError for a shape without points, or with fewer than the header of its file says."""
    there = len(shape.vertices)
    said = shape.metadata.get("_ply_raw", {}).get("vertex", {}).get("length", there)
    if not there or said != there:
        raise ValueError(f"its header says {said} points, and it has {there}")


def _of_atoms(path: Path) -> bool:
    """Whether an `.xyz` begins with the number of its atoms, as those of molecules do."""
    return path.suffix.lower() == ".xyz" and first_line_of(path).isdigit()
