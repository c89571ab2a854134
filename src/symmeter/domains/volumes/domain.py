"""Volumes: what symmeter has to know of them, in one class."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from symmeter.domain import Symmetries
from symmeter.domains.grids.actions import field_of, input_field
from symmeter.domains.grids.axes.tracker import AxisTracker
from symmeter.domains.grids.field_words import FIELDS, FieldWord
from symmeter.domains.grids.frames import check_frame, taken_as_cubes, turns_space
from symmeter.domains.grids.grid import CHANNELS_FIRST, CHANNELS_LAST, Grid
from symmeter.domains.grids.gridded import Gridded
from symmeter.domains.grids.shifts import margin_of
from symmeter.domains.grids.tokens import is_tokens, tokens_by
from symmeter.domains.grids.window import Window
from symmeter.domains.volumes.data.files import is_scan
from symmeter.domains.volumes.data.open import (
    NAMES,
    check_data,
    open_volumes,
    rows_of,
    spacing_of,
)
from symmeter.domains.volumes.names import GROUPS, MEANINGS, named
from symmeter.domains.volumes.options import VolumeOptions
from symmeter.draw import Draw
from symmeter.models.loaded import LoadedModel
from symmeter.samples import Samples
from symmeter.source import is_array
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.symmetry.tracker import Tracker

_AXES = 5  # of a batch (B, C, D, H, W)


class Volumes(Gridded):
    """Volumes (B, C, D, H, W), moved by motions of space: x is along the last axis, z along the first of the grid.

    >>> [one.name for word in ("translation", "octahedral", "shift(2,z)") for one in Volumes.symmetry(word)]
    ['translation_x', 'translation_y', 'translation_z', 'octahedral', 'shift(2,z)']
    """

    name = "volumes"
    item = "volume"
    position = "voxel"
    files = "a .nii, .nii.gz, .npy or .npz, a folder of these or of DICOM slices"
    Options = VolumeOptions
    symmetries: ClassVar = {**MEANINGS, **GROUPS}
    actions = (
        "invariant",
        "equivariant",
        "channels_first",
        "channels_last",
        *FIELDS,
        "tokens(PREFIX+DxHxW)",
    )
    input_words = ("volume", *FIELDS)
    class_axis = 1
    length_unit = "mm"
    array_names = NAMES

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        return named(word)

    @classmethod
    def takes(cls, data: Any) -> bool:
        """Batches of five axes, and what says that it is volumes."""
        if isinstance(data, Mapping):
            return not NAMES.isdisjoint(data) or np.ndim(data.get("x", 0)) == _AXES
        values = data[0] if isinstance(data, tuple | list) and len(data) == 2 else data
        return (is_array(values) and np.ndim(values) == _AXES) or cls.claims(data)

    @classmethod
    def claims(cls, data: Any) -> bool:
        """Scans on disk, and archives with `volumes`."""
        return (isinstance(data, str | Path) and is_scan(data)) or super().claims(data)

    def informed(self, data: Any) -> "Volumes":
        """With the spacing of the voxels, which files of scans say."""
        if self.options.spacing is not None:
            return self
        return Volumes(replace(self.options, spacing=spacing_of(data)))

    def open(self, data: Any, model: LoadedModel, draw: Draw, group: Group | None = None) -> Samples:
        return open_volumes(data, draw)

    def check(self, data: str, model: str) -> None:
        check_data(data)

    def obvious_word(self, tensor: Tensor) -> str | None:
        """An input (N, C, D, H, W) is a volume."""
        return "volume" if tensor.ndim == _AXES else None

    def leaf(self, word: str, tensor: Tensor, model: LoadedModel) -> tuple[Tensor, Representation]:
        """A volume (N, C, D, H, W), or a field such as vectors (N, 3, D, H, W)."""
        rows = rows_of(tensor, f"input {word!r}") if word in self.input_words else tensor
        field = FieldWord.parse(word)
        if field is not None:
            return rows, input_field(field, rows, self.grid())
        return (rows, self.grid()) if word == "volume" else super().leaf(word, tensor, model)

    def bound(self, group: Group, rho: Representation, x: Tensor) -> Group:
        if not self.padded:
            check_frame(group, x.shape[2:], self.options.spacing)
        return super().bound(group, rho, x)

    def rho_in(self, model: LoadedModel, group: Group | None = None) -> Representation:
        margin = margin_of(group, 3)
        return Window(margin) if margin else self.grid()

    def act_by(self, action: str, y: Tensor) -> Representation:
        """How the symmetry acts on y: (B, K, D', H', W') or tokens where it moves, of any shape where it does not."""
        if action == "invariant":
            return Trivial()
        if is_tokens(action):
            return self.still(tokens_by(action, y, self.grid()), "tokens on a grid")
        field = FieldWord.parse(action)
        if field is not None:
            return self.still(field_of(field, y, self.grid(), 1), "a field on a grid")
        grid = self.grid(CHANNELS_LAST if action == CHANNELS_LAST else CHANNELS_FIRST)
        if y.ndim != _AXES:
            shape = ", ".join(["B", *map(str, y.shape[1:])])
            raise ValueError(f"it has shape ({shape}), and a grid of three axes has shape (B, K, D, H, W)")
        return self.still(grid, "an output on a grid")

    def is_action(self, word: str) -> bool:
        return super().is_action(word) or is_tokens(word) or FieldWord.parse(word) is not None

    def known_action(self, name: str, y: Tensor, model: Any) -> str:
        """Outputs (B, K, D', H', W') are taken to be values on a grid, which do not turn."""
        return CHANNELS_FIRST if y.ndim == _AXES else super().known_action(name, y, model)

    def remarks_on_inputs(self, x: Tensor, moved_by: Iterable[Generator | Element]) -> list[str]:
        """Whether voxels are taken as cubes and are perhaps none."""
        return [] if self.options.spacing else taken_as_cubes(x.shape[2:], moved_by)

    def remarks(
        self, name: str, y: Tensor, rho: Representation, moved_by: Iterable[Generator | Element]
    ) -> list[str]:
        """Whether three channels may be components of vectors."""
        if name == "softmax" or not isinstance(rho, Grid) or y.shape[rho.channel_axis] != 3:
            return []
        if not any(map(turns_space, moved_by)):
            return []
        return [
            f"the 3 channels of output {name!r} are taken as scalars that do not turn with the grid: write "
            f"{name}:vectors if they are components of vectors"
        ]

    def tracker(self, x: Tensor) -> Tracker:
        return AxisTracker(x, self.grid())

    def grid(self, layout: str = CHANNELS_FIRST) -> Grid:
        """How values on the grid move, in the layout of a tensor."""
        return Grid(self.interpolant, layout, padding=self.padding, axes=3, spacing=self.options.spacing)
