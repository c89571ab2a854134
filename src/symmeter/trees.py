"""Trees of tensors: dicts, tuples and dataclasses of arrays, packed into one tensor and taken apart again.

A network's inputs form a vector space, the direct sum of its leaves. Everything between the data and the network
works on that sum, one row per item; only who calls the network takes it apart. A single tensor stays as it is.
"""

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from symmeter.errors import SymmeterError

Tree = Any  # a tensor, or a dict, tuple, list or dataclass that holds tensors, and whatever else
LeafPath = tuple[str | int, ...]
Watcher = Callable[[list[Tensor]], None]
_LARGEST = {torch.float32: 2**24, torch.float64: 2**53}  # whole numbers up to here have no round-off
_WATCHER: ContextVar[Watcher] = ContextVar("watcher", default=lambda leaves: None)


class Gathered(dict, ABC):
    """Leaves (B, ...) by name of which something else is made when a model is called, such as one batch of graphs."""

    @abstractmethod
    def refilled(self, members: Mapping[Any, Tree]) -> "Gathered":
        """The same with other leaves of these names."""

    @abstractmethod
    def handed_to(self, function: Callable[..., Any]) -> Any:
        """What a function makes of it."""

    @abstractmethod
    def by_sample(self, y: Tensor) -> Tensor:
        """An output of any shape with the axis of the B samples first."""


@dataclass(frozen=True)
class Leaf:
    """One tensor of a tree: where it stands, and the shape and type that it has per item.

    `scale` is its size, as a power of two, by which it can be divided without round-off.
    """

    path: LeafPath
    shape: tuple[int, ...]
    dtype: torch.dtype
    scale: float = 1.0

    @property
    def name(self) -> str:
        """The path in words, such as `pos` or `0.boxes`."""
        return dotted(self.path)

    @property
    def size(self) -> int:
        """Entries per item."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class Packing:
    """How a tree of tensors (B, ...) becomes one tensor (B, entries), and how that becomes the tree again.

    `template` is a tree of the same form; what is no tensor in it (None, a number, a word) is handed on as it is.
    Every leaf is divided by its size, so that what is moved by a share of the whole (round-off, the steps of difference
    quotients) moves pixels in [0, 1] no further because word numbers of 50,000 stand beside them.

    >>> tree = {"pos": torch.rand(2, 4, 3), "z": torch.tensor([[1, 6, 1, 8], [1, 1, 1, 1]])}
    >>> packing = Packing.of(tree)
    >>> packed = packing.pack(tree)
    >>> packed.shape, bool((packing.unpack(packed)["z"] == tree["z"]).all())
    (torch.Size([2, 16]), True)
    """

    template: Tree
    leaves: tuple[Leaf, ...]

    @staticmethod
    def of(tree: Tree) -> "Packing":
        """The packing of a tree whose tensors all have the items on their first axis."""
        found = tensors(tree)
        if not found:
            raise SymmeterError(f"inputs of type {type(tree).__name__} hold no tensor")
        counts = {path: len(tensor) if tensor.ndim else 0 for path, tensor in found.items()}
        if len(set(counts.values())) > 1:
            words = ", ".join(f"{dotted(path)} {n}" for path, n in counts.items())
            raise SymmeterError(f"inputs differ in how many items they have: {words}")
        leaves = tuple(Leaf(path, tuple(t.shape[1:]), t.dtype, _size(t)) for path, t in found.items())
        return Packing(tree, leaves)

    @property
    def entries(self) -> int:
        """Numbers per item."""
        return sum(leaf.size for leaf in self.leaves)

    @property
    def gathers(self) -> bool:
        """Whether items are joined when a model is called, as graphs are."""
        return isinstance(self.template, Gathered)

    def pack(self, tree: Tree, dtype: torch.dtype = torch.float32) -> Tensor:
        """A tree of tensors (B, ...) as (B, entries) of a type of numbers; SymmeterError for what that cannot hold."""
        found = tensors(tree)
        rows = []
        for leaf in self.leaves:
            tensor = found[leaf.path]
            if not leaf.dtype.is_floating_point and tensor.numel():
                _check_whole(leaf, tensor, dtype)
            rows.append(tensor.reshape(len(tensor), -1).to(dtype) / leaf.scale)
        return torch.cat(rows, 1)

    def unpack(self, x: Tensor) -> Tree:
        """(B, entries) as the tree; whole numbers and truth values as what they were, all else in the type of x."""
        parts = self.parts(x)
        _WATCHER.get()(parts)
        paths = [leaf.path for leaf in self.leaves]
        return filled(self.template, dict(zip(paths, parts, strict=True)))

    def changed(self, x: Tensor, change: Callable[[str, Tensor], Tensor]) -> Tensor:
        """x (B, entries) with every leaf (B, ...) as `change` makes it of its path in words and that."""
        parts = zip(self.leaves, self.parts(x), strict=True)
        made = {leaf.path: change(leaf.name, part) for leaf, part in parts}
        return self.pack(filled(self.template, made), x.dtype)

    def parts(self, x: Tensor) -> list[Tensor]:
        """The leaves (B, ...) of x (B, entries), in the order of `leaves`."""
        shapes = [leaf.shape for leaf in self.leaves]
        parts = split_leaves(x, shapes, [leaf.scale for leaf in self.leaves])
        return [_restored(part, leaf.dtype) for part, leaf in zip(parts, self.leaves, strict=True)]


@dataclass(frozen=True, eq=False)
class Packings:
    """The packings of items of several forms, told apart by how many entries they make of an item."""

    by_entries: Mapping[int, Packing]

    @staticmethod
    def of(packings: Iterable[Packing]) -> "Packings":
        """Of packings that all make other numbers of entries; SymmeterError where two make as many."""
        found: dict[int, Packing] = {}
        for packing in packings:
            if found.setdefault(packing.entries, packing) is not packing:
                raise SymmeterError(
                    f"two forms of inputs have {packing.entries} numbers each: measure them one at a time"
                )
        return Packings(found)

    @property
    def gathers(self) -> bool:
        """Whether items are joined when a model is called, as graphs are."""
        return any(packing.gathers for packing in self.by_entries.values())

    def unpack(self, x: Tensor) -> Tree:
        """(B, entries) as the tree of its form."""
        return self.by_entries[x.shape[1]].unpack(x)

    def changed(self, x: Tensor, change: Callable[[str, Tensor], Tensor]) -> Tensor:
        """x (B, entries) with every leaf (B, ...) of its form changed."""
        return self.by_entries[x.shape[1]].changed(x, change)


def split_leaves(x: Tensor, shapes: Sequence[tuple[int, ...]], scales: Sequence[float]) -> list[Tensor]:
    """The leaves (..., *shape) of x (..., entries), each of which was divided by its scale.

    >>> [tuple(leaf.shape) for leaf in split_leaves(torch.zeros(5, 7), [(2, 2), (3,)], [1.0, 1.0])]
    [(5, 2, 2), (5, 3)]
    """
    pieces = x.split([math.prod(shape) for shape in shapes], -1)
    leaves = zip(pieces, shapes, scales, strict=True)
    return [piece.reshape(*x.shape[:-1], *shape) * scale for piece, shape, scale in leaves]


def dotted(path: LeafPath) -> str:
    """A path in words.

    >>> dotted((0, "boxes"))
    '0.boxes'
    """
    return ".".join(map(str, path))


@contextmanager
def unpacking_watched(watcher: Watcher) -> Iterator[None]:
    """While it lasts, `watcher` sees the leaves (B, ...) of everything that is unpacked in this context."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def tensors(tree: Tree, path: LeafPath = ()) -> dict[LeafPath, Tensor]:
    """The tensors of a tree by their paths, in its order.

    >>> list(tensors({"a": torch.zeros(2), "b": (torch.zeros(2), None)}))
    [('a',), ('b', 0)]
    """
    if isinstance(tree, Tensor):
        return {path: tree}
    found: dict[LeafPath, Tensor] = {}
    for key, member in _members(tree):
        found |= tensors(member, (*path, key))
    return found


def is_dense(value: object) -> bool:
    """Whether a value is a tensor of any shape that has all its values in memory: neither sparse nor meta."""
    return isinstance(value, Tensor) and value.layout is torch.strided and not value.is_meta


def is_tree(value: object) -> bool:
    """Whether a value is a dict, tuple, list or dataclass that holds tensors."""
    return not isinstance(value, Tensor) and bool(tensors(value))


def _members(tree: Tree) -> list[tuple[str | int, Tree]]:
    """What a tree holds, each by its key, number or field; nothing for what is none."""
    if isinstance(tree, Mapping):
        return [(key, tree[key]) for key in tree]
    if isinstance(tree, tuple | list):
        return list(enumerate(tree))
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return [(f.name, getattr(tree, f.name)) for f in dataclasses.fields(tree)]
    return []


def filled(tree: Tree, leaves: Mapping[LeafPath, Tensor], path: LeafPath = ()) -> Tree:
    """A tree of the same form with other tensors, by their paths.

    >>> filled(("a", torch.zeros(1)), {(1,): torch.ones(1)})
    ('a', tensor([1.]))
    """
    if isinstance(tree, Tensor):
        return leaves[path]
    members = [(key, filled(member, leaves, (*path, key))) for key, member in _members(tree)]
    values = [value for _, value in members]
    if isinstance(tree, Gathered):
        return tree.refilled(dict(members))
    if isinstance(tree, Mapping):
        return type(tree)(dict(members))  # type: ignore[call-arg]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):  # a named tuple
        return type(tree)(*values)
    if isinstance(tree, tuple | list):
        return type(tree)(values)
    if members:
        return dataclasses.replace(tree, **{str(key): value for key, value in members})
    return tree


def _size(tensor: Tensor) -> float:
    """The root mean square of a tensor of any shape, rounded to a power of two; 1 where there is none."""
    entries = tensor.detach().double()
    size = float(entries[entries.isfinite()].square().mean().sqrt())  # NaN where there are none
    return 2.0 ** round(math.log2(size)) if size > 0 else 1.0


def _check_whole(leaf: Leaf, tensor: Tensor, dtype: torch.dtype) -> None:
    """SymmeterError for whole numbers (B, ...) that have no exact place in a floating point type."""
    if tensor.dtype != torch.bool and int(tensor.abs().max()) > _LARGEST[dtype]:
        name = str(dtype).removeprefix("torch.")
        raise SymmeterError(
            f"input {leaf.name!r} has whole numbers beyond {_LARGEST[dtype]}, which {name} does not hold: "
            "measure the model in float64, model.double()"
        )


def _restored(part: Tensor, dtype: torch.dtype) -> Tensor:
    """A leaf (B, ...) in the type that it had, if that was none of floating point."""
    if dtype.is_floating_point:
        return part
    if dtype == torch.bool:
        return part > 0.5
    return part.round().to(dtype)
