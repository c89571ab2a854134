"""What calculators return, by the names that ASE has for it: units, shapes, and how symmetries act."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

PER_ATOM = "energy_per_atom"
USUAL = ("energy", PER_ATOM, "forces", "stress")  # what is measured where nothing is named


@dataclass(frozen=True)
class Quantity:
    """One output of a frame: its unit in ASE, the word for how symmetries act on it, and its shape.

    In the shape None stands for the number of atoms.
    """

    unit: str
    action: str
    shape: tuple[int | None, ...] = ()


QUANTITIES: Mapping[str, Quantity] = {
    "energy": Quantity("eV", "invariant"),
    PER_ATOM: Quantity("eV/atom", "invariant"),
    "free_energy": Quantity("eV", "invariant"),
    "forces": Quantity("eV/angstrom", "node vectors", (None, 3)),
    "stress": Quantity("eV/angstrom^3", "graph voigt", (6,)),
    "dipole": Quantity("e angstrom", "graph vectors", (3,)),
    "magmom": Quantity("Bohr magneton", "invariant"),
    "magmoms": Quantity("Bohr magneton", "node scalars", (None,)),
    "energies": Quantity("eV", "node scalars", (None,)),
    "stresses": Quantity("eV/angstrom^3", "node voigt", (None, 6)),
    "charges": Quantity("e", "node scalars", (None,)),
}
_MADE_OF = {PER_ATOM: "energy"}
_MOMENTS_AS_VECTORS = "node pseudovectors"


def action_of(name: str, y: Tensor) -> str | None:
    """The word for an output y (B, ...) of this name; None where ASE has no such name."""
    if name == "magmoms" and y.ndim == 3:
        return _MOMENTS_AS_VECTORS
    known = QUANTITIES.get(name)
    return None if known is None else known.action


def usual_among(names: Iterable[str], periodic: bool) -> list[str]:
    """Of the outputs that a model has, those that are measured where none is named; stress needs a cell.

    >>> usual_among(["forces", "energy", "stress", "charges"], periodic=False)
    ['energy', 'energy_per_atom', 'forces']
    """
    return made_of(names, USUAL if periodic else USUAL[:-1])


def made_of(names: Iterable[str], wanted: Iterable[str] = tuple(QUANTITIES)) -> list[str]:
    """Those of the wanted outputs that a model with these outputs gives; `of` says what each is made of."""
    has = set(names)
    return [name for name in wanted if of(name) in has]


def of(name: str) -> str:
    """The output that a calculator is asked for, for the sake of this one."""
    return _MADE_OF.get(name, name)
