"""Points in space and other sets: what symmeter has to know of them, in one class."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from symmeter.corruption import Corruption, corruptions_in
from symmeter.domain import Symmetries
from symmeter.domains.points.data import centred, check_data, drawn, is_single, open_points, rows_of
from symmeter.domains.points.files import is_cloud
from symmeter.domains.points.graphs import are_graphs, named_graphs
from symmeter.domains.points.options import PointOptions
from symmeter.domains.space.components import Positions, Voigt, unfolded
from symmeter.domains.space.deformations import deformed
from symmeter.domains.space.field import NODE, Field, Labels
from symmeter.domains.space.permutations import PERMUTATIONS, permutations_of
from symmeter.domains.space.sets import Sets
from symmeter.domains.space.words import (
    ACTIONS,
    GROUPS,
    MEANINGS,
    generators_of,
    groups_of,
    parse_word,
    representation_of,
)
from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.samples import Named, Samples
from symmeter.source import is_array
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import product_of
from symmeter.symmetry.representations.representation import Representation

_SEED = 0  # under which points of several inputs are drawn: the same ones of each
_WIDEST = 16  # coordinates and features of a point; wider ones look like signals, and have to be said


class Points(Sets):
    """Sets of points (B, N, features), in space where they have three coordinates.

    Their order means nothing, so permutations act on them; rotations, reflections and translations of space act on
    coordinates, and on vectors, tensors and irreps in their own ways.

    >>> [one.name for word in ("S4", "SO3*permutation", "rotation_x", "C4(z)") for one in Points.symmetry(word)]
    ['S4', 'SO3*permutation', 'rotation_x', 'C4(z)']
    """

    name = "points"
    item = "set"
    array_names = frozenset({"points"})
    files = "a .ply, .off or .xyz file, a folder of these, an .npz"
    Options = PointOptions
    symmetries: ClassVar = {**MEANINGS, **GROUPS, **PERMUTATIONS}
    conversions: ClassVar = {Voigt.word: unfolded}
    input_words = ACTIONS
    corrupted_inputs = ("points",)
    between_networks = 0.45  # they prefer axes, and pooling is stable by itself: docs/controls.md

    @classmethod
    def corruptions(cls) -> Mapping[str, Corruption]:
        return corruptions_in("symmeter.domains.points.corruptions")

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        named = lambda one: permutations_of(one) or groups_of(one)
        return generators_of(word) or named(word) or product_of(word, named)

    @classmethod
    def takes(cls, data: Any) -> bool:
        """Batches (N, points, features), and what may hold them: files, graphs, and dictionaries with points."""
        if isinstance(data, str | Path):
            return str(data).lower().endswith(".npz") or cls.claims(data)
        if isinstance(data, Mapping):
            return is_single(data) or any(map(_may_be_points, data.values()))
        values = data[0] if isinstance(data, tuple | list) and len(data) == 2 else data
        several = is_array(values) and np.ndim(values) == 3 and np.shape(values)[2] <= _WIDEST
        return several or cls.claims(data)

    @classmethod
    def claims(cls, data: Any) -> bool:
        """Clouds and meshes on disk, archives with `points`, and graphs of torch_geometric."""
        on_disk = isinstance(data, str | Path)
        return (is_cloud(data) if on_disk else are_graphs(data)) or super().claims(data)

    @classmethod
    def knows_input(cls, word: str) -> bool:
        return parse_word(word) is not None

    def named(self, data: Any, words: Mapping[str, str]) -> Named | None:
        """Graphs by their attributes."""
        return named_graphs(data, words, ACTIONS) if are_graphs(data) else None

    def open(self, data: Any, model: Any, draw: Draw, group: Group | None = None) -> Samples:
        return open_points(data, self.options, draw)

    def check(self, data: str, model: str) -> None:
        check_data(data)

    def leaf(self, word: str, tensor: Tensor, model: Any) -> tuple[Tensor, Representation]:
        """One of several inputs (N, ...), by a word for components, with the place where they are."""
        try:
            rho = representation_of(word, tensor)
        except ValueError as error:
            raise SymmeterError(f"inputs: {word!r} does not fit: {error}") from error
        if rho is None:
            return super().leaf(word, tensor, model)
        if isinstance(rho, Field):
            return self._fitted(word, tensor, rho), rho
        if isinstance(rho, Labels) and self.options.points is not None:
            raise SymmeterError(
                f"points={self.options.points} draws some of the points, and an input numbers them"
            )
        return tensor, rho

    def _fitted(self, word: str, tensor: Tensor, rho: Field) -> Tensor:
        """Values (B, ...) of as many points as the options say, centred where they are positions."""
        if isinstance(rho.components, Positions):
            tensor = rows_of(tensor, f"input {word!r}")
        tensor = drawn(tensor, rho.point_axes, self.options.points, _SEED)
        return centred(tensor, self.options.centred if rho.components.positioned else False)

    def rho_in(self, model: Any, group: Group | None = None) -> Representation:
        return Field(Positions(), NODE)

    def count(self, rho: Representation, x: Tensor) -> int | None:
        shape = rho.bound_shape(tuple(x.shape[1:]))
        return shape[0] if shape else None

    def bound_to(self, group: Group, rho: Representation, x: Tensor) -> Group:
        return group.bind(rho.bound_shape(tuple(x.shape[1:])), self.padded)

    def node_kinds(self, x: Tensor) -> np.ndarray | None:
        """Points are of one kind; of several inputs that were put into one, x (B, entries), they are not counted."""
        return np.full(tuple(x.shape[:2]), "", dtype=object) if x.ndim > 2 else None

    def deformed(
        self, rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
    ) -> list[Tensor] | None:
        """X x (b, ...) per generator with its directions turned by a rotation that varies smoothly over space."""
        return deformed(rho, generators, x, random)

    def is_whole_action(self, word: str) -> bool:
        return self.is_action(word)


def _may_be_points(value: object) -> bool:
    """Whether a value could be points in space, (N, points, 3)."""
    return is_array(value) and np.ndim(value) > 2 and np.shape(value)[-1] == 3
