"""Groups that depend on what a frame is made of: exchanges of like atoms, the vectors of its lattice, other cells."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, permutations, product
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.atoms.rows import CELL, POSITIONS, RowElement
from symmeter.domains.space.permutations import Permutations
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.groups.permutations import POINTS, Permutation
from symmeter.symmetry.groups.products import Composed

if TYPE_CHECKING:
    from ase import Atoms

_SINGULAR = 1e-6  # of the volume of a box with the same edges: a cell that has less has none
Whole = tuple[int, int, int]


class OfFrame(Group):
    """A group that is bound to the elements and the periodic axes of a frame, and not to its shape alone."""

    @abstractmethod
    def of(self, numbers: tuple[int, ...], periodic: tuple[bool, ...]) -> "OfFrame":
        """The group of a frame of atoms with these numbers, periodic along these axes."""

    def check(self, atoms: "Atoms", name: str) -> None:
        """SymmeterError where the group cannot act on a frame of this name."""

    def check_one(self, atoms: "Atoms") -> None:
        """ValueError where there is nothing to measure on a frame, so that it is left out."""


@dataclass(frozen=True)
class LikeAtoms(OfFrame):
    """All exchanges of atoms of one element: every one is as likely as any other, within each element.

    A sample begins with an exchange of two atoms and with the reversal of each element's, which find what random ones
    may miss.

    >>> LikeAtoms().of((8, 1, 1), (False, False, False)).order
    2
    """

    numbers: tuple[int, ...] = ()
    name = "permutation"  # type: ignore[assignment]
    acts_on = POINTS

    @property
    def order(self) -> int | None:  # type: ignore[override]
        return math.prod(math.factorial(len(places)) for places in self._places) if self.numbers else None

    def of(self, numbers: tuple[int, ...], periodic: tuple[bool, ...]) -> "LikeAtoms":
        return LikeAtoms(numbers)

    def check_one(self, atoms: "Atoms") -> None:
        if len(set(atoms.numbers.tolist())) == len(atoms):
            raise ValueError("no two atoms of one element, so nothing to exchange")

    @property
    def _places(self) -> list[list[int]]:
        """Where the atoms of each element are."""
        found: dict[int, list[int]] = {}
        for place, number in enumerate(self.numbers):
            found.setdefault(number, []).append(place)
        return list(found.values())

    def enumerate(self) -> tuple[Permutation, ...]:
        orders = product(*map(permutations, self._places))
        return tuple(map(self._permutation, orders))

    def draw(self, random: torch.Generator) -> Permutation:
        orders = []
        for places in self._places:
            chosen = torch.randperm(len(places), generator=random).tolist()
            orders.append([places[i] for i in chosen])
        return self._permutation(orders)

    def sample(self, count: int, random: torch.Generator) -> tuple[Permutation, ...]:
        """An exchange of two atoms of the most frequent element, the reversal, and independent ones."""
        most = max(self._places, key=len)
        exchange = list(range(len(self.numbers)))
        exchange[most[0]], exchange[most[-1]] = most[-1], most[0]
        first = (Permutation(tuple(exchange)), self._permutation([places[::-1] for places in self._places]))
        drawn = super().sample(max(0, count - len(first)), random)
        return (*first[:count], *drawn)  # type: ignore[return-value]

    def _permutation(self, orders: "tuple | list") -> Permutation:
        """That which sends the atoms of each element to its places in this order."""
        images = np.zeros(len(self.numbers), dtype=int)
        images[list(chain.from_iterable(self._places))] = list(chain.from_iterable(orders))
        return Permutation(tuple(images.tolist()))


@dataclass(frozen=True)
class Wrap(RowElement):
    """Every atom moved by whole vectors of its lattice, p_i -> p_i + n_i C, with n_i in Z^3 (`images`)."""

    images: tuple[Whole, ...]

    def moved(self, parts: dict[str, Tensor]) -> dict[str, Tensor]:
        """Positions (B, N, 3) by n (N, 3) times the cell (B, 3, 3)."""
        positions = parts[POSITIONS]
        whole = torch.tensor(self.images, dtype=positions.dtype, device=positions.device)
        return {POSITIONS: positions + whole @ parts[CELL]}

    @property
    def name(self) -> str:
        count = sum(map(any, self.images))
        return f"wrap {count} of {len(self.images)} atoms" if count else "identity"

    @property
    def is_identity(self) -> bool:
        return not any(map(any, self.images))

    def inverse(self) -> "Wrap":
        return Wrap(tuple((-a, -b, -c) for a, b, c in self.images))

    def __matmul__(self, other: Element) -> "Wrap":
        if not isinstance(other, Wrap) or len(other.images) != len(self.images):
            raise ValueError(f"{self.name} and {other.name} do not wrap the same atoms")
        pairs = zip(self.images, other.images, strict=True)
        return Wrap(tuple((a + d, b + e, c + f) for (a, b, c), (d, e, f) in pairs))


@dataclass(frozen=True)
class Lattice(OfFrame):
    """Single atoms moved by lattice vectors: at random by -1, 0 or 1 along each periodic axis."""

    atoms: int = 0
    periodic: tuple[bool, ...] = (True, True, True)
    name = "lattice"  # type: ignore[assignment]
    acts_on = "lattice"
    closed = False

    def of(self, numbers: tuple[int, ...], periodic: tuple[bool, ...]) -> "Lattice":
        return Lattice(len(numbers), periodic)

    def check(self, atoms: "Atoms", name: str) -> None:
        if not atoms.pbc.any():
            raise SymmeterError(
                f"lattice moves atoms by the vectors of their cell, and {name} has no periodic axis"
            )
        _check_cell(self.name, atoms, name)

    def draw(self, random: torch.Generator) -> Wrap:
        whole = torch.randint(-1, 2, (self.atoms, 3), generator=random) * torch.tensor(self.periodic)
        return Wrap(tuple((a, b, c) for a, b, c in whole.tolist()))


@dataclass(frozen=True)
class Rebase(RowElement):
    """Another cell of the same lattice, C -> M C with M in GL(3, Z), by rows; positions stay."""

    matrix: tuple[Whole, Whole, Whole]

    def moved(self, parts: dict[str, Tensor]) -> dict[str, Tensor]:
        """The cell (B, 3, 3)."""
        cell = parts[CELL]
        return {CELL: torch.tensor(self.matrix, dtype=cell.dtype, device=cell.device) @ cell}

    @property
    def name(self) -> str:
        return "identity" if self.is_identity else f"cell {', '.join(map(_combination, self.matrix))}"

    @property
    def is_identity(self) -> bool:
        return self.matrix == ((1, 0, 0), (0, 1, 0), (0, 0, 1))

    def inverse(self) -> "Rebase":
        return _rebase(np.linalg.inv(np.array(self.matrix, np.float64)))

    def __matmul__(self, other: Element) -> "Rebase":
        if not isinstance(other, Rebase):
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        return _rebase(np.array(self.matrix) @ np.array(other.matrix))


@dataclass(frozen=True)
class Cells(OfFrame):
    """Other choices of the cell of one lattice: matrices of GL(3, Z) with entries -1, 0 and 1, drawn at random."""

    name = "cell"  # type: ignore[assignment]
    acts_on = "cell"
    closed = False

    def of(self, numbers: tuple[int, ...], periodic: tuple[bool, ...]) -> "Cells":
        return self

    def check(self, atoms: "Atoms", name: str) -> None:
        if not atoms.pbc.all():
            raise SymmeterError(
                f"cell takes frames that are periodic along all three axes, and {name} is not"
            )
        _check_cell(self.name, atoms, name)

    def draw(self, random: torch.Generator) -> Rebase:
        while True:
            matrix = torch.randint(-1, 2, (3, 3), generator=random).numpy()
            if round(abs(np.linalg.det(matrix))) == 1:
                return _rebase(matrix)


def bound_to(group: Group, numbers: tuple[int, ...], periodic: tuple[bool, ...]) -> Group:
    """A group, or a product, as it acts on frames of atoms with these numbers, periodic along these axes.

    Permutations of all points are those of like atoms here.
    """
    if isinstance(group, OfFrame | Permutations):
        return _of_frames(group).of(numbers, periodic)
    if isinstance(group, Composed):
        return replace(group, factors=tuple(bound_to(one, numbers, periodic) for one in group.factors))
    return group


def parts_of_frames(group: Group | None) -> Iterator[OfFrame]:
    """The groups among the factors of a group that depend on what frames are made of."""
    if isinstance(group, OfFrame | Permutations):
        yield _of_frames(group)
    for factor in group.factors if isinstance(group, Composed) else ():
        yield from parts_of_frames(factor)


def _of_frames(group: OfFrame | Permutations) -> OfFrame:
    return LikeAtoms() if isinstance(group, Permutations) else group


def _check_cell(word: str, atoms: "Atoms", name: str) -> None:
    """SymmeterError where the vectors of the periodic axes do not span as many dimensions."""
    vectors = atoms.cell.array[atoms.pbc]
    lengths = np.linalg.norm(vectors, axis=1)
    volume = math.sqrt(max(0.0, np.linalg.det(vectors @ vectors.T)))
    if not volume > _SINGULAR * float(lengths.prod()):
        raise SymmeterError(f"{word} needs the vectors of a cell, and that of {name} is singular")


def _rebase(matrix: np.ndarray) -> Rebase:
    """That of a matrix (3, 3) of whole numbers, but for round-off."""
    first, second, third = ((a, b, c) for a, b, c in np.rint(matrix).astype(int).tolist())
    return Rebase((first, second, third))


def _combination(row: Whole) -> str:
    """A row of whole numbers as a sum of cell vectors, such as a-c."""
    words = [f"{number:+d}{vector}" for number, vector in zip(row, "abc", strict=True) if number]
    return "".join(words).replace("+1", "+").replace("-1", "-").removeprefix("+")
