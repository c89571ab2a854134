"""Frames of atoms: from ASE's objects, from any file that ASE reads, and the molecules that come with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from symmeter.domains.atoms.groups import OfFrame
from symmeter.domains.atoms.references import references_of
from symmeter.domains.atoms.rows import NUMBERS, PBC, Layout, row_of
from symmeter.errors import SymmeterError, counted
from symmeter.optional import require
from symmeter.samples import Preparation
from symmeter.source import Item, Source, first_line_of, indexed, reason

if TYPE_CHECKING:
    from ase import Atoms

EXTRA = "atoms"  # the one that brings ASE
BUILTIN = "builtin:molecules"
SUFFIXES = (".xyz", ".extxyz", ".cif", ".traj", ".vasp", ".poscar", ".pdb", ".gen", ".xsf", ".res")
_NAMES = ("poscar", "contcar", "xdatcar")  # of files without a suffix
_COMMON = frozenset({"H", "C", "N", "O"})  # elements that most calculators know


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames in their order, each with its name. `failures` are (name, reason) of those that a model failed on."""

    atoms: Sequence["Atoms"]
    names: Sequence[str]
    name: str
    path: str | None = None
    failures: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(data: Any) -> "Frames":
        """From frames, one frame, a path, or BUILTIN; SymmeterError for what cannot be read."""
        if isinstance(data, str | Path):
            path = Path(data).expanduser()
            return molecules() if str(data) == BUILTIN else read(path, str(data))
        atoms: list[Any] = [data] if is_atoms(data) else list(data)
        for i, one in enumerate(atoms):
            if not is_atoms(one):
                raise SymmeterError(f"frame {i} is a {type(one).__name__}: give ase.Atoms")
        return Frames(atoms, _named(atoms), counted(len(atoms), "frame"))

    @property
    def periodic(self) -> bool:
        """Whether all frames are periodic along all three axes."""
        return all(bool(one.pbc.all()) for one in self.atoms)

    def source(self, names: Mapping[str, str]) -> Source:
        """Each frame with its number and what is known of its outputs, by `names` as in `references_of`."""

        def item(i: int) -> Item:
            return Item(self.names[i], lambda: ((i, self.atoms[i]), references_of(self.atoms[i], names)))

        return indexed(item, len(self.atoms), self.name, "frame", "frame", path=self.path)


class FramePreparation(Preparation):
    """Frames as rows. Those of a batch have as many atoms, and where `groups` depend on it the same elements."""

    item = "frame"
    varied = True

    def __init__(self, groups: Sequence[OfFrame] = ()):
        self._groups = groups

    def input(self, raw: tuple[int, "Atoms"]) -> Tensor:
        """One frame as a row (E,); ValueError for one on which there is nothing to measure."""
        number, atoms = raw
        if not len(atoms):
            raise ValueError("it has no atoms")
        for group in self._groups:
            group.check_one(atoms)
        return row_of(atoms, number)

    def kind(self, value: Tensor) -> object:
        """The number of atoms, and what else the groups depend on, of a row (E,)."""
        layout = Layout.of(value)
        return composition(value) if self._groups else layout.atoms


def composition(row: Tensor) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Atomic numbers and periodic axes of a row (E,)."""
    parts = Layout.of(row).parts(row)
    return tuple(parts[NUMBERS].round().int().tolist()), tuple((parts[PBC] > 0.5).tolist())


def symbols(rows: Tensor) -> np.ndarray:
    """The symbols (B, N) of the elements in rows (B, E)."""
    names = np.array(require("ase.data", EXTRA).chemical_symbols, dtype=object)
    numbers = Layout.of(rows).parts(rows)[NUMBERS].round().long().cpu().numpy()
    return names[np.where((numbers >= 0) & (numbers < len(names)), numbers, 0)]


def is_atoms(value: object) -> bool:
    """Whether it is an `ase.Atoms`; ASE need not be there to see that it is none."""
    return any((kind.__module__, kind.__name__) == ("ase.atoms", "Atoms") for kind in type(value).__mro__)


def is_frames(data: object) -> bool:
    """Whether data is frames, or a path that looks like some."""
    if isinstance(data, str | Path):
        name = Path(data).name.lower()
        return str(data) == BUILTIN or name.endswith(SUFFIXES) or name.startswith(_NAMES)
    return is_atoms(data) or (isinstance(data, list | tuple) and bool(data) and is_atoms(data[0]))


def may_be_points(data: object) -> bool:
    """Whether it is an `.xyz` that does not begin with a number of atoms."""
    if not isinstance(data, str | Path) or Path(data).suffix.lower() != ".xyz":
        return False
    return not first_line_of(Path(data).expanduser()).isdigit()


def check_path(data: str) -> None:
    """SymmeterError for a path that is no file."""
    place = Path(data).expanduser()
    if data != BUILTIN and not place.is_file():
        wrong = "is a folder: frames are read from one file" if place.is_dir() else "no such file"
        raise SymmeterError(f"{data}: {wrong}")


def read(path: Path, shown: str) -> Frames:
    """All frames of a file, by ASE; SymmeterError for one that it cannot read."""
    check_path(str(path))
    reader = require("ase.io", EXTRA)
    try:
        if path.suffix.lower() in (".xyz", ".extxyz"):
            _check_counts(path)
        atoms = reader.read(path, index=":")
    except Exception as error:  # its readers raise many kinds
        raise SymmeterError(f"{shown}: ASE cannot read it: {reason(error)}") from error
    return Frames(atoms, _named(atoms), path.name, path=shown)


_MANY_COLUMNS = re.compile(r":\d{5,}")


def _check_counts(path: Path) -> None:
    """ValueError for a frame of more atoms than there are lines: ASE would count to whatever number it says."""
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = list(map(str.strip, file))
    place = 0
    while place < len(lines) and lines[place].isdecimal():
        count, left = int(lines[place][:18]), len(lines) - place - 2
        if count > left:
            raise ValueError(f"line {place + 1} says {count} atoms, and {max(left, 0)} lines follow")
        if _MANY_COLUMNS.search(lines[place + 1]):
            raise ValueError(f"line {place + 2} says columns by the ten thousand")
        place += 2 + count
        while place < len(lines) and lines[place].startswith("VEC"):
            place += 1


def molecules() -> Frames:
    """The molecules of ASE's G2 collection that are made of hydrogen, carbon, nitrogen and oxygen."""
    found = require("ase.collections", EXTRA).g2
    common = {name: atoms for name in found.names if _is_common(atoms := found[name])}
    return Frames(list(common.values()), list(common), "molecules of G2", path=BUILTIN)


def _is_common(atoms: "Atoms") -> bool:
    return len(atoms) > 1 and set(atoms.get_chemical_symbols()) <= _COMMON


def _named(frames: Sequence["Atoms"]) -> list[str]:
    """Number and name of each frame, or its formula where it has no name of its own: `frame[3] H2O`."""
    return [
        f"frame[{i}] {one.info.get('name') or one.get_chemical_formula()}".strip()
        for i, one in enumerate(frames)
    ]
