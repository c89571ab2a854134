"""Inputs of items of one shape: their leaves as the model takes them, and the rows of numbers that these become."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from symmeter.samples import Alike
from symmeter.symmetry.representations.forms import Forms
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.trees import LeafPath, Packing, dotted, filled, tensors


@dataclass(frozen=True)
class PreparedLeaf:
    """One tensor (n, ...) of the data, and how the symmetry acts on it."""

    tensor: Tensor
    rho: Representation


@dataclass(frozen=True, eq=False)
class Form:
    """A tree of tensors (n, ...) whose items have one shape, and its leaves as the model takes them."""

    alike: Alike
    leaves: Mapping[LeafPath, PreparedLeaf]

    @staticmethod
    def of(alike: Alike, prepare: Callable[[str, Tensor], tuple[Tensor, Representation]]) -> "Form":
        """With every leaf (n, ...) as `prepare` makes it of its path in words."""
        found = tensors(alike.tree)
        leaves = {path: PreparedLeaf(*prepare(dotted(path), tensor)) for path, tensor in found.items()}
        return Form(alike, leaves)

    @property
    def still(self) -> list[str]:
        """The leaves that the symmetry leaves alone."""
        return [dotted(path) for path, leaf in self.leaves.items() if isinstance(leaf.rho, Trivial)]

    @cached_property
    def packing(self) -> Packing:
        """How its leaves become one row per item."""
        return Packing.of(filled(self.alike.tree, {path: leaf.tensor for path, leaf in self.leaves.items()}))

    @property
    def packed(self) -> Packed:
        """How the symmetry acts on rows (B, entries)."""
        leaves = self.packing.leaves
        return Packed(
            tuple(leaf.shape for leaf in leaves),
            tuple(leaf.rho for leaf in self.leaves.values()),
            tuple(leaf.scale for leaf in leaves),
            tuple(not leaf.dtype.is_floating_point for leaf in leaves),
            tuple(leaf.name for leaf in leaves),
        )

    def numbered_rows(self, dtype: torch.dtype) -> dict[int, Tensor]:
        """The row (entries,) of every item, by its number in the data."""
        rows = self.packing.pack(self.packing.template, dtype)
        numbers = range(len(rows)) if self.alike.numbers is None else self.alike.numbers
        return dict(zip(numbers, rows, strict=True))


def rows_of(forms: Sequence[Form], dtype: torch.dtype) -> list[Tensor]:
    """The rows (n,) of the items of all forms, in the order of the data."""
    found: dict[int, Tensor] = {}
    for form in forms:
        found |= form.numbered_rows(dtype)
    return [found[number] for number in sorted(found)]


def packed_of(forms: Sequence[Form]) -> Packed | Forms:
    """How the symmetry acts on the rows of items of all forms."""
    if len(forms) == 1:
        return forms[0].packed
    return Forms({form.packing.entries: form.packed for form in forms})
