"""Frames of atoms as rows of numbers: what of a frame is moved, part after part, and how symmetries act on it."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.space.components import Cells, Positions, Scalars, Vectors
from symmeter.domains.space.field import GRAPH, NODE, Field
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial

if TYPE_CHECKING:
    from ase import Atoms

POSITIONS, CELL, MOMENTA, NUMBERS, PBC = "positions", "cell", "momenta", "numbers", "pbc"
MOMENTS, COLLINEAR = "moments", "collinear"  # initial magnetic moments, as vectors and as numbers
ORDER, FRAME = "order", "frame"  # which atom of its frame each one is, and which frame of the data
_COUNTS = 1024.0  # whole numbers are divided by it, so that they are no larger than coordinates


@dataclass(frozen=True)
class Part:
    """One part of a frame: its shape, in which None stands for the number of atoms, and how symmetries act on it.

    `scale` is a power of two by which it is divided in a row.
    """

    shape: tuple[int | None, ...]
    rho: Representation
    scale: float = 1.0


# A frame always has all parts, so the number of entries says how many atoms there are; what it lacks is zero.
PARTS: Mapping[str, Part] = {
    POSITIONS: Part((None, 3), Field(Positions(), NODE)),
    MOMENTA: Part((None, 3), Field(Vectors(), NODE)),
    MOMENTS: Part((None, 3), Field(Vectors(axial=True), NODE)),
    COLLINEAR: Part((None,), Field(Scalars(), NODE)),
    NUMBERS: Part((None,), Field(Scalars(), NODE), 16.0),
    ORDER: Part((None,), Field(Scalars(), NODE), _COUNTS),
    CELL: Part((3, 3), Field(Cells(), GRAPH)),
    PBC: Part((3,), Trivial()),
    FRAME: Part((1,), Trivial(), _COUNTS),
}
_PER_ATOM, _PER_FRAME = 12, 13  # entries


@dataclass(frozen=True)
class Layout:
    """Where in the row of a frame of n atoms its parts are.

    >>> layout = Layout(4)
    >>> layout.entries, Layout.of(torch.zeros(2, layout.entries)).atoms
    (61, 4)
    """

    atoms: int

    @staticmethod
    def of(rows: Tensor) -> "Layout":
        """That of rows (..., entries)."""
        return Layout((rows.shape[-1] - _PER_FRAME) // _PER_ATOM)

    @property
    def entries(self) -> int:
        """How long a row is."""
        return _PER_ATOM * self.atoms + _PER_FRAME

    @cached_property
    def packed(self) -> Packed:
        """How symmetries of space and permutations act on rows."""
        shapes = tuple(shape_for(part.shape, self.atoms) for part in PARTS.values())
        parts = tuple(PARTS.values())
        scales = tuple(part.scale for part in parts)
        return Packed(shapes, tuple(part.rho for part in parts), scales, names=tuple(PARTS))

    def parts(self, rows: Tensor) -> dict[str, Tensor]:
        """The parts (..., *shape) of rows (..., entries) by name."""
        return dict(zip(PARTS, self.packed.parts(rows), strict=True))

    def joined(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Parts (B, *shape) as rows (B, entries)."""
        return self.packed.joined([parts[name] for name in PARTS])


class RowElement(Element):
    """An element that moves one part of a frame by what another part is, as the lattice does."""

    @abstractmethod
    def moved(self, parts: dict[str, Tensor]) -> dict[str, Tensor]:
        """The parts (B, *shape) of frames that move, moved."""


@dataclass(frozen=True)
class FrameRows(Representation):
    """How symmetries act on rows (B, entries) of frames that have the same number of atoms.

    Positions are turned, moved and permuted, the cell and momenta turn with them, magnetic moments are pseudo-vectors.
    """

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (rho(g) x, mask) for rows x (B, entries)."""
        layout = Layout.of(x)
        parts, in_space = layout.parts(x), layout.packed.acting(x)
        everywhere = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            if isinstance(element, RowElement):
                return layout.joined(parts | element.moved(parts)), everywhere
            return in_space(element)[0], everywhere

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x (B, entries) for every generator."""
        return Layout.of(x).packed.differentiate_all(generators, x)

    def changes(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """What stands in for that of another frame, for rows x (B, entries)."""
        return Layout.of(x).packed.changes(generators, x)

    def leaves(self, x: Tensor) -> Packed:
        """The parts of rows x (B, entries)."""
        return Layout.of(x).packed

    def describe(self) -> str:
        return "atoms with their cell"


def row_of(atoms: "Atoms", number: int) -> Tensor:
    """One frame as a row (E,) in float64; `number` is its place among the frames."""
    layout = Layout(len(atoms))
    parts = {name: np.zeros(shape_for(part.shape, len(atoms))) for name, part in PARTS.items()}
    parts |= {POSITIONS: atoms.positions, NUMBERS: atoms.numbers, ORDER: np.arange(len(atoms))}
    parts |= {CELL: atoms.cell.array, PBC: atoms.pbc, FRAME: np.array([number])}
    if atoms.has(MOMENTA):
        parts[MOMENTA] = atoms.get_momenta()
    if atoms.has("initial_magmoms"):
        moments = atoms.get_initial_magnetic_moments()
        parts[COLLINEAR if moments.ndim == 1 else MOMENTS] = moments
    tensors = {name: torch.from_numpy(np.array(value, np.float64))[None] for name, value in parts.items()}
    return layout.joined(tensors)[0]


def shape_for(shape: Sequence[int | None], atoms: int) -> tuple[int, ...]:
    """A shape with the number of atoms in it.

    >>> shape_for((None, 3), 8)
    (8, 3)
    """
    return tuple(atoms if length is None else length for length in shape)
