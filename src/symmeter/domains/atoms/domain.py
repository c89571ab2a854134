"""Atoms: what symmeter has to know of molecules and crystals, in one class."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from symmeter.domain import Inputs, Symmetries
from symmeter.domains.atoms.control import scattered
from symmeter.domains.atoms.data import (
    BUILTIN,
    FramePreparation,
    Frames,
    check_path,
    composition,
    is_frames,
    may_be_points,
    symbols,
)
from symmeter.domains.atoms.frame_model import CalculatorModel, FrameModel, FunctionModel, implemented
from symmeter.domains.atoms.groups import Cells, Lattice, bound_to, parts_of_frames
from symmeter.domains.atoms.networks import FrameNetwork
from symmeter.domains.atoms.options import AtomOptions
from symmeter.domains.atoms.quantities import QUANTITIES, action_of, usual_among
from symmeter.domains.atoms.rows import FrameRows, Layout, row_of
from symmeter.domains.space.components import Voigt, unfolded
from symmeter.domains.space.permutations import Permutations
from symmeter.domains.space.sets import Sets
from symmeter.domains.space.words import GROUPS, generators_of, groups_of
from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.models.behind import Behind
from symmeter.models.borrowed import home
from symmeter.models.leaves import leaves
from symmeter.models.loaded import LoadedModel
from symmeter.samples import Samples
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import product_of
from symmeter.symmetry.representations.representation import Representation
from symmeter.verbs.arguments import split_list

_OWN = {"permutation": Permutations(), "lattice": Lattice(), "cell": Cells()}
_UNNAMED = "softmax"  # the output where none is named, which no potential has
_ASKED = 8  # frames, to see what a model returns


class Atoms(Sets):
    """Frames of atoms, each with its own number of them, for calculators of ASE, functions of a frame and networks.

    >>> [one.name for word in ("O3", "permutation", "translation", "lattice") for one in Atoms.symmetry(word)]
    ['O3', 'permutation', 'translation(1,40,1000)', 'lattice']
    """

    name = "atoms"
    item = "frame"
    point = "atom"
    Options = AtomOptions
    files = f"an .xyz, a .cif, whatever ASE reads, or {BUILTIN}"
    symmetries: ClassVar = {
        **GROUPS,
        "rotation": "turns about x, y and z, along their generators; rotation_x alone",
        "translation_x": "shifts along x, along their generator; translation_y, translation_z",
        "permutation": "exchanges of atoms of one element",
        "lattice": "single atoms moved by vectors of their cell",
        "cell": "other cells of the same lattice",
    }
    conversions: ClassVar = dict.fromkeys([Voigt.word, "stress", "stresses"], unfolded)
    length_unit = "angstrom"
    control_towards = "in random directions"
    needs_references = False
    hides_precision = True
    where_labels = (
        "frames may hold energy, forces and so on; other names go with references='energy=REF_energy'"
    )

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        return _named(word) or generators_of(word) or product_of(word, _named)

    @classmethod
    def takes(cls, data: Any) -> bool:
        return is_frames(data)

    @classmethod
    def claims(cls, data: Any) -> bool:
        """All but an `.xyz` that may be of plain points, for it does not begin with a number of atoms."""
        return is_frames(data) and not may_be_points(data)

    @classmethod
    def takes_model(cls, model: Any) -> bool:
        """Calculators of ASE, by what they can be asked."""
        return not isinstance(model, type) and all(hasattr(model, name) for name in ("get_property", "reset"))

    # models

    def asked(self, model: LoadedModel, output: Any, data: Any) -> tuple[LoadedModel, Any]:
        """A calculator, a function or a network as a function of rows, and the outputs of it that are meant."""
        frames = self.frames(data)
        asked = model.model.function if isinstance(model.model, Behind) else model.model
        if self.takes_model(asked):
            names = self._names(asked, output, frames)
            output = ",".join(names) if output == _UNNAMED else output
            return replace(model, model=CalculatorModel(asked, frames, names)), output
        known = FrameNetwork(asked) if isinstance(asked, nn.Module) else FunctionModel(asked, frames)
        if output == _UNNAMED:
            output = ",".join(_usual(known, frames))
        return replace(model, model=known), output

    @staticmethod
    def _names(calculator: Any, output: Any, frames: Frames) -> list[str]:
        """The outputs that are asked of a calculator, without their actions; SymmeterError for what it has not."""
        has = implemented(calculator)
        if output == _UNNAMED:
            return usual_among(has, frames.periodic)
        words = split_list(output) if isinstance(output, str) else list(output)
        names = [word.partition(":")[0] for word in words]
        for name in names:
            if name not in has:
                kind = type(calculator).__name__
                raise SymmeterError(f"{kind} has no output {name!r}: it has {', '.join(has)}")
        return names

    def failure(self, model: FrameModel, name: str) -> str:
        return model.frames.failures.get(name, "") if isinstance(model, FrameModel) else ""

    # data

    def frames(self, data: Any) -> Frames:
        """The frames of some data, read once."""
        key = id(data)
        if key not in self._read:
            self._read[key] = Frames.of(data)
        return self._read[key]

    @cached_property
    def _read(self) -> dict[int, Frames]:
        return {}

    def open(self, data: Any, model: LoadedModel, draw: Draw, group: Group | None = None) -> Samples:
        frames, groups = self.frames(data), tuple(parts_of_frames(group))
        for one in groups:
            for name, atoms in zip(frames.names, frames.atoms, strict=True):
                one.check(atoms, name)
        return Samples(frames.source(self.options.references or {}), FramePreparation(groups), draw)

    def check(self, data: str, model: str) -> None:
        check_path(data)

    # how symmetries act

    def count(self, rho: Representation, x: Tensor) -> int:
        return Layout.of(x).atoms

    def bound_to(self, group: Group, rho: Representation, x: Tensor) -> Group:
        return bound_to(group, *composition(x[0]))

    def rho_in(self, model: LoadedModel, group: Group | None = None) -> Representation:
        return FrameRows()

    def known_action(self, name: str, y: Tensor, model: Any) -> str:
        """That of ASE's own names; of others, what numbers of a frame may be."""
        return action_of(name, y) or super().known_action(name, y, model)

    def node_kinds(self, x: Tensor) -> np.ndarray:
        """The symbols of the elements, from rows x (B, entries)."""
        return symbols(x)

    def unit(self, name: str) -> str:
        known = QUANTITIES.get(name)
        return "" if known is None else known.unit

    def displaced(self, rho: Representation, x: Tensor, other: Tensor, still: Any, replaced: Any) -> Inputs:
        """g -> rows x (B, entries) of which every atom is moved as far as by g, in a direction of its own."""
        return scattered(rho, x)


def _named(word: str) -> tuple[Group, ...]:
    """The group of a name, none where nothing is called so."""
    own = _OWN.get(word.strip().lower())
    return (own,) if own is not None else groups_of(word)


def _usual(model: FrameNetwork | FunctionModel, frames: Frames) -> list[str]:
    """The outputs that are measured of a model where none is named, by what it says to the first frame that it can."""
    rows = [row_of(atoms, i)[None] for i, atoms in enumerate(frames.atoms[:_ASKED]) if len(atoms)]
    if not rows:
        raise SymmeterError(f"{frames.name}: no frame to measure on, the first have no atoms")
    returned: Any = None
    for row in rows:
        with torch.enable_grad():
            returned = model(row.to(home(model)[1] or torch.float32))
        if any(bool(tensor.isfinite().any()) for tensor in leaves(returned).values()):
            break
    if not isinstance(returned, Mapping):
        return ["logits"]
    found = usual_among(leaves(returned), frames.periodic)
    if found:
        return found
    raise SymmeterError(
        f"the model returns {', '.join(leaves(returned))}: say which is measured and how symmetries act on it, such as "
        "output='energy:invariant'"
    )
