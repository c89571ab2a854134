"""What is asked about one frame after the other, as a function of rows: calculators of ASE, and plain functions."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.atoms.data import EXTRA, Frames
from symmeter.domains.atoms.quantities import PER_ATOM, QUANTITIES, made_of, of
from symmeter.domains.atoms.rows import (
    CELL,
    COLLINEAR,
    FRAME,
    MOMENTA,
    MOMENTS,
    ORDER,
    POSITIONS,
    Layout,
    shape_for,
)
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import reason

if TYPE_CHECKING:
    from ase import Atoms

Found = dict[str, np.ndarray]


class FrameModel(ABC):
    """Rows (B, entries) -> outputs (B, ...) by name, in float64.

    Each frame is a fresh copy of that of the data with its atoms in the order of the row: constraints, tags and all
    other arrays move along. A frame that fails has NaN for every output, and its reason in `frames.failures`.
    """

    dtype = torch.float64
    one_by_one = True  # no frame can have to do with another of its batch

    def __init__(self, frames: Frames, promised: Sequence[str]):
        """`promised` are the names of outputs that frames have even where all of them fail."""
        self.frames, self.promised = frames, tuple(promised)

    @abstractmethod
    def found(self, atoms: "Atoms") -> Found:
        """The outputs for one frame by name."""

    def __call__(self, rows: Tensor) -> dict[str, Tensor]:
        layout = Layout.of(rows)
        with torch.enable_grad():  # forces may be derivatives
            answers = [self._answer(row, layout) for row in rows.detach().double().cpu()]
        usual = {name: shape_for(QUANTITIES[name].shape, layout.atoms) for name in self.promised}
        shapes = {name: value.shape for answer in answers for name, value in answer.items()} or usual
        return {name: _stacked(answers, name, shape) for name, shape in shapes.items()}

    def _answer(self, row: Tensor, layout: Layout) -> Found:
        """The outputs for one row (E,); none where it fails."""
        parts = layout.parts(row)
        number = int(parts[FRAME].round())
        try:
            found = self.found(as_atoms(parts, self.frames.atoms[number]))
        except SymmeterError:
            raise
        except Exception as error:  # calculators raise many kinds
            self.frames.failures[self.frames.names[number]] = reason(error)
            return {}
        if "energy" in found:
            found[PER_ATOM] = found["energy"] / layout.atoms
        return found


class CalculatorModel(FrameModel):
    """A calculator of ASE; `asked` are the outputs that are wanted of it."""

    def __init__(self, calculator: Any, frames: Frames, asked: Sequence[str]):
        super().__init__(frames, asked)
        self.calculator = calculator
        self._properties = tuple(dict.fromkeys(map(of, asked)))

    def found(self, atoms: "Atoms") -> Found:
        require("ase", EXTRA)
        from ase.calculators.calculator import Calculator, all_changes

        calculator = self.calculator
        calculator.reset()
        atoms.calc = calculator
        if isinstance(calculator, Calculator):
            calculator.calculate(atoms, list(self._properties), list(all_changes))
        values = getattr(calculator, "results", {})
        missing = [name for name in self._properties if name not in values]
        values = values | {name: calculator.get_property(name, atoms) for name in missing}
        return {name: np.array(values[name], np.float64) for name in self._properties}


class FunctionModel(FrameModel):
    """A function from a frame to its energy, or to a dict of outputs by name."""

    def __init__(self, function: Callable[["Atoms"], Any], frames: Frames):
        super().__init__(frames, tuple(QUANTITIES))
        self.function = function

    def found(self, atoms: "Atoms") -> Found:
        returned = self.function(atoms)
        named = returned if isinstance(returned, Mapping) else {"energy": returned}
        return {str(name): _array(value) for name, value in named.items()}


def as_atoms(parts: Mapping[str, Tensor], template: "Atoms") -> "Atoms":
    """The frame of some parts (*shape), with all else as in a frame of the data. Nothing is wrapped into the cell."""
    order = parts[ORDER].round().int().tolist()
    atoms = template[order] if order != sorted(order) else template.copy()
    atoms.set_positions(parts[POSITIONS].numpy(), apply_constraint=False)
    has = np.linalg.norm(template.cell.array, axis=1, keepdims=True) > 0
    atoms.set_cell(parts[CELL].numpy() * has, scale_atoms=False)
    if template.has(MOMENTA):
        atoms.set_momenta(parts[MOMENTA].numpy(), apply_constraint=False)
    if template.has("initial_magmoms"):
        vectors = template.get_initial_magnetic_moments().ndim > 1
        atoms.set_initial_magnetic_moments(parts[MOMENTS if vectors else COLLINEAR].numpy())
    return atoms


def implemented(calculator: Any) -> list[str]:
    """The outputs of a calculator that are known here, in the order of the table."""
    return made_of(getattr(calculator, "implemented_properties", ()))


def _array(value: Any) -> np.ndarray:
    """A number, an array or a tensor of any shape, in float64."""
    return np.array(value.detach().cpu() if isinstance(value, Tensor) else value, np.float64)


def _stacked(answers: Sequence[Found], name: str, shape: tuple[int, ...]) -> Tensor:
    """One output (B, *shape) of several frames, NaN for those that failed."""
    lacking = np.full(shape, np.nan)
    return torch.from_numpy(np.stack([answer.get(name, lacking) for answer in answers]))
