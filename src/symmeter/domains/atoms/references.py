"""What is known of the outputs of a frame: the energy, forces and so on that came with it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symmeter.domains.atoms.quantities import PER_ATOM
from symmeter.errors import SymmeterError

if TYPE_CHECKING:
    from ase import Atoms


def references_of(atoms: "Atoms", names: Mapping[str, str]) -> dict[str, Any]:
    """Reference values of a frame by the names of outputs: what is stored in it, under other `names` where there are.

    >>> from ase import Atoms
    >>> frame = Atoms("H2", info={"energy": 3.0, "REF_energy": 4.0})
    >>> found = references_of(frame, {"energy": "REF_energy"})
    >>> found["energy"], found["energy_per_atom"]
    (4.0, 2.0)
    """
    stored = stored_in(atoms)
    found = dict(stored)
    for output, name in names.items():
        if name not in stored:
            raise SymmeterError(
                f"references: a frame has no {name!r} for {output}; it has {', '.join(stored)}"
            )
        found[output] = stored[name]
    if "energy" in found and len(atoms):
        found[PER_ATOM] = found["energy"] / len(atoms)
    return found


def stored_in(atoms: "Atoms") -> dict[str, Any]:
    """All numbers that a frame brings, by name; those of a calculator only where they are no more than stored."""
    calculator = atoms.calc
    stored = type(calculator).__name__.startswith("SinglePoint")
    results = calculator.results if calculator is not None and stored else {}
    found = {**atoms.arrays, **atoms.info, **results}
    return {name: value for name, value in found.items() if np.asarray(value).dtype.kind in "fiu"}
