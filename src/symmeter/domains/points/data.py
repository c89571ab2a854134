"""Clouds of points and other sets from tensors, arrays, pairs with labels, datasets, loaders and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.points.files import Sampled, check_path, from_path
from symmeter.domains.points.options import UNIT_SPHERE, PointOptions
from symmeter.domains.space.words import ACTIONS
from symmeter.draw import Draw
from symmeter.errors import SymmeterError, shortened
from symmeter.samples import Preparation, Samples
from symmeter.source import LABEL_KEYS, Source, is_array, opened_npz
from symmeter.streams import Reader, as_tensor


@dataclass(frozen=True)
class SetPreparation(Preparation):
    """Sets (N, features): as many points of each as the options say, drawn under `seed`, and centred where they say so.

    Sets of one size give the points at the same places, so a set gives the same ones whenever it is read.
    """

    options: PointOptions = field(default_factory=PointOptions)
    seed: int = 0

    item = "set"

    def input(self, raw: Any) -> Tensor:
        """One set as network input (N, features)."""
        (rows,) = rows_of(as_tensor(raw, self.item)[None], "one by one")
        return centred(drawn(rows, (0,), self.options.points, self.seed), self.options.centred)

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        fewest = min(first[0], shape[0])
        return SymmeterError(
            f"sets differ in shape ({first} and {shape}): give as many points to each, or draw points={fewest}"
        )


def drawn(values: Tensor, axes: Sequence[int], wanted: int | None, seed: int) -> Tensor:
    """Values of any shape of as many points as wanted, in the order that they have; `axes` are those of the points.

    >>> drawn(torch.arange(6.0), (0,), 3, seed=0).shape
    torch.Size([3])
    """
    if wanted is None:
        return values
    for axis in axes:
        there = values.shape[axis]
        if wanted > there:
            raise SymmeterError(f"points={wanted}: a set has {there} points; give points={there}, or fewer")
        random = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(there, generator=random)[:wanted].sort().values
        values = values.index_select(axis, chosen.to(values.device))
    return values


def centred(rows: Tensor, how: bool | str) -> Tensor:
    """Points (..., N, features) with the mean 0 of the first three entries; `unit_sphere`: the farthest at distance 1.

    >>> centred(torch.tensor([[1.0, 0.0, 0.0], [5.0, 0.0, 0.0]]), "unit_sphere")[:, 0]
    tensor([-1.,  1.])
    """
    if not how:
        return rows
    places, features = rows[..., :3], rows[..., 3:]
    places = places - places.mean(-2, keepdim=True)
    if how == UNIT_SPHERE:
        radius = places.norm(dim=-1).amax(-1)[..., None, None]
        places = places / radius.clamp(min=torch.finfo(places.dtype).tiny)
    return torch.cat([places, features], -1)


def open_points(data: Any, options: PointOptions, draw: Draw) -> Samples:
    """Sets from whatever `data` is; SymmeterError, in one line, for what cannot be used.

    >>> samples = open_points(torch.rand(5, 8, 3), PointOptions(points=6), Draw(2))
    >>> [tuple(batch.inputs.shape) for batch in samples.batches(2)]
    [(2, 6, 3)]
    """
    return Samples(_source(data, options, draw.seed), SetPreparation(options, draw.seed), draw)


def check_data(path: str) -> None:
    """SymmeterError for a path of no points, or without the package that reads them."""
    if Path(path).suffix.lower() == ".npz":
        SETS.check_path(path)
    else:
        check_path(path)


def _source(data: Any, options: PointOptions, seed: int) -> Source:
    if isinstance(data, str | Path):
        archive = Path(data).suffix.lower() == ".npz"
        return _from_npz(str(data)) if archive else from_path(str(data), Sampled(options.points, seed))
    if isinstance(data, tuple) and len(data) > 1 and all(is_array(one) and np.ndim(one) > 1 for one in data):
        shapes = ", ".join([str(tuple(np.shape(one))) for one in data])
        raise SymmeterError(
            f"{shapes} are several arrays, and only the first can be points: two inputs are said with "
            "inputs=('points', 'node vectors'), labels (N,) with labels=, batches are a list [x, y]"
        )
    if isinstance(data, Mapping):
        _check_single(data)
    return SETS.source(data)


def _from_npz(path: str) -> Source:
    """The points of an archive that has them alone, with or without labels."""
    SETS.check_path(path)
    place = Path(path).expanduser()
    with opened_npz(place) as archive:
        arrays = {name: archive[name] for name in archive.files}
    _check_single(arrays)
    return replace(SETS.source(arrays), name=place.name, path=path)


def is_single(data: Mapping) -> bool:
    """Whether a dictionary holds one array of points, and no other that says more than one number of each set."""
    named = [key for key in data if key not in LABEL_KEYS and np.ndim(data[key]) > 1]
    return len(named) == 1 and named[0] in SETS.keys


def _check_single(data: Mapping) -> None:
    """SymmeterError for several arrays that could be inputs: which of them are points is not guessed."""
    if not is_single(data) and len(data) > 1:
        leaves = shortened([f"{key} {tuple(np.shape(one))}" for key, one in data.items()])
        raise SymmeterError(
            f"inputs are {leaves}: say how the symmetry acts on them with inputs={{leaf: word}}, the words being "
            f"{', '.join(ACTIONS)}; leaves that are not named are left alone"
        )


def rows_of(points: Any, name: str) -> Tensor:
    """A batch of sets (N, points, features) in floating point; SymmeterError for anything else."""
    rows = as_tensor(points, name)
    if rows.ndim < 3 or 0 in rows.shape or not rows.is_floating_point():
        raise SymmeterError(
            f"{name}: points must be a float tensor (N, points, features), not {rows.dtype} {tuple(rows.shape)}"
        )
    return rows


SETS = Reader("set", ("points", "pos", "x"), rows_of)
