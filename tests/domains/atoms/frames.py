"""Frames and calculators that several tests of atoms share: exact ones of ASE, and the same with a planted fault."""

import numpy as np
from ase import Atoms as Frame
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones


def cluster(n=5, seed=0, symbols=None):
    """A few atoms without a cell, none too close to another."""
    random = np.random.default_rng(seed)
    places = np.array([(x, y, z) for x in range(2) for y in range(2) for z in range(3)], float)[:n]
    positions = 1.3 * places + random.uniform(-0.15, 0.15, (n, 3)) + (0.2, -0.4, 0.3)
    return Frame(symbols or "Ar" * n, positions=positions)


def crystal(seed=0, n=4):
    """Atoms in a skewed cell."""
    random = np.random.default_rng(seed)
    cell = np.array([[3.3, 0.1, 0.0], [0.2, 3.4, 0.1], [-0.1, 0.3, 3.5]])
    corners = np.array([(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)])[:n]
    positions = corners @ cell + random.uniform(-0.15, 0.15, (n, 3))
    return Frame("Ar" * n, positions=positions, cell=cell, pbc=True)


CLUSTERS = [cluster(seed=seed) for seed in range(8)]
CRYSTALS = [crystal(seed) for seed in range(8)]


def exact(**kwargs):
    """A smooth Lennard-Jones potential in float64."""
    return LennardJones(sigma=1.0, epsilon=0.1, rc=3.0, smooth=True, **kwargs)


class Around(Calculator):
    """A calculator that asks another, and changes frames before or results after."""

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self):
        super().__init__()
        self.inner = exact()

    def before(self, atoms):
        return atoms

    def after(self, atoms, results):
        return results

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        changed = self.before(atoms.copy())
        self.inner.reset()
        self.inner.calculate(changed, list(properties), all_changes)
        self.results = self.after(changed, dict(self.inner.results))


class Planted(Around):
    """A pull along z that grows with z: F_z = 1e-2 z, and an energy to go with it."""

    def after(self, atoms, results):
        height = atoms.positions[:, 2]
        forces = results["forces"].copy()
        forces[:, 2] += 1e-2 * height
        return results | {"forces": forces, "energy": results["energy"] - 0.5e-2 * (height**2).sum()}


class CellLeftBehind(Around):
    """Takes the cell that it saw at first, however frames are turned."""

    cell = None

    def before(self, atoms):
        self.cell = atoms.cell.copy() if self.cell is None else self.cell
        atoms.set_cell(self.cell, scale_atoms=False)
        return atoms


class Single(Around):
    """Computes in float32, and says so nowhere."""

    def before(self, atoms):
        atoms.positions = atoms.positions.astype(np.float32)
        return atoms

    def after(self, atoms, results):
        return {name: np.float64(np.float32(value)) for name, value in results.items()}


class Noisy(Around):
    """Forces differ from call to call."""

    random = np.random.default_rng(0)

    def after(self, atoms, results):
        return results | {"forces": results["forces"] + 1e-4 * self.random.normal(size=(len(atoms), 3))}


class Fails(Around):
    """Knows no oxygen."""

    def before(self, atoms):
        if 8 in atoms.numbers:
            raise NotImplementedError("no parameters for O")
        return atoms
