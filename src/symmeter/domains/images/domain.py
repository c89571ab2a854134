"""Images: what symmeter has to know of them, in one class."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from symmeter.classes import ClassOrder, order_of
from symmeter.corruption import Corruption, corruptions_in
from symmeter.domain import Symmetries
from symmeter.domains.grids.actions import (
    ACTIONS,
    input_field,
    is_action,
    is_heat_maps,
    known_action,
    representation_of,
    taken_as_scalars,
)
from symmeter.domains.grids.alternatives import alternatives
from symmeter.domains.grids.axes.tracker import AxisTracker
from symmeter.domains.grids.boosts import Boosts, boosts
from symmeter.domains.grids.carried import Carried
from symmeter.domains.grids.field_words import FIELDS, FieldWord
from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.gridded import Gridded
from symmeter.domains.grids.pixels import Pixels
from symmeter.domains.grids.shifts import margin_of
from symmeter.domains.grids.vectors import turns
from symmeter.domains.grids.window import Window
from symmeter.domains.images.corrupting import in_pixels
from symmeter.domains.images.data.arrays import pixels_to_input, rows_of, wanted_by
from symmeter.domains.images.data.files import check_decoder
from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.data.photos import from_builtin
from symmeter.domains.images.hubs.timm import Timm
from symmeter.domains.images.hubs.torchvision import Torchvision
from symmeter.domains.images.hubs.transformers import Transformers
from symmeter.domains.images.inputs import preprocessing_of
from symmeter.domains.images.mask_consistency import MaskConsistency
from symmeter.domains.images.names import GROUPS, named
from symmeter.domains.images.options import ImageOptions
from symmeter.domains.images.own_preprocessing import OwnPreprocessing
from symmeter.domains.images.placed.measures import ASSERTED, BOXES, USUAL
from symmeter.domains.images.placed.measures import MEASURES as PLACED
from symmeter.domains.images.placed.offsets import placed_offset
from symmeter.domains.images.placed.representation import Placed, re_boxed, unswapped
from symmeter.domains.images.placed.words import PlacedModel, PlacedWord, alone, placed_words
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.domains.images.psnr import EQR, EQT, EQTFractional
from symmeter.domains.images.transform_names import read_transform
from symmeter.domains.images.transform_probe import check_repeats
from symmeter.domains.images.wordnet import wordnet_order
from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.models.behind import as_module
from symmeter.models.hub import Hub
from symmeter.models.loaded import LoadedModel
from symmeter.optional import require
from symmeter.samples import Samples
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.displaced import Inputs, Replaced, Still, as_far, displaced
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.offset import Offset
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.symmetry.tracker import Tracker
from symmeter.trees import is_tree


class Images(Gridded):
    """Images (B, C, H, W), moved by affine maps and recoloured.

    >>> [g.name for g in Images.symmetry("translation")], Images().definition
    (['translation_x', 'translation_y'], 'bandlimited')
    """

    name = "images"
    item = "image"
    position = "pixel"
    finite: ClassVar = {"translation_x": "shift(4)", "translation_y": "shift(4)", "rotation": "SO2"}
    Options = ImageOptions
    symmetries = dict.fromkeys((*FAMILIES, *GENERATORS), "") | GROUPS
    actions = (*ACTIONS, BOXES, "keypoints(swap=A-B,...)")
    input_words = ("image", *FIELDS, "scalars", "invariant")
    corrupted_inputs = ("image",)
    where_order = (
        "say which class is which output with classes (--classes FILE): names in the order of the outputs, or "
        "{name: number}"
    )

    @classmethod
    def corruptions(cls) -> Mapping[str, Corruption]:
        return corruptions_in("symmeter.domains.images.corruptions")

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        return named(word)

    @classmethod
    def takes(cls, data: Any) -> bool:
        """Whatever is no array, and arrays of pictures; what is wrong with others is said when they are opened."""
        if isinstance(data, Mapping):
            known = set(data) & {"image", "images", "x"} or set(data) == {"pixel_values"}
            return bool(known) or not is_tree(data)
        values = data[0] if isinstance(data, tuple) and len(data) == 2 else data
        if isinstance(values, tuple | list) or not is_tree(values):
            return getattr(values, "ndim", 4) == 4
        return False

    def open(self, data: Any, model: LoadedModel, draw: Draw, group: Group | None = None) -> Samples:
        prepared = self.preprocessing(model).with_margin(margin_of(group))
        return open_data(data, prepared, samples=draw.count, seed=draw.seed, shuffled=draw.shuffled)

    def check(self, data: str, model: str) -> None:
        self._taking(Preprocessing.unknown()).override(**self.options.overrides | {"mean": None, "std": None})
        if self.options.classes is not None:
            order_of(self.options.classes)
        place = Path(data).expanduser()
        if data.startswith("builtin:"):
            from_builtin(data)
        elif not place.exists():
            raise SymmeterError(f"{data}: no such file or folder")
        if place.suffix.lower() not in (
            ".npz",
            ".npy",
        ):  # there is something to decode, and to resize where the size is known
            require("PIL.Image", "vision")
            check_decoder(place.suffix.lower())
            if self.options.img_size or model.partition(":")[0] in self.hubs():
                require("timm", "vision")

    def known_order(self, names: tuple[str, ...], outputs: int) -> ClassOrder | None:
        return wordnet_order(names, outputs)

    def described(self, model: LoadedModel) -> LoadedModel:
        """With its preprocessing, for which a network may have to be probed, or the one in its place."""
        used = self._taking(preprocessing_of(model))
        notes = check_repeats(used.transform) if isinstance(used, OwnPreprocessing) else ()
        return replace(model, preprocessing=used, notes=(*model.notes, *notes))

    def _taking(self, own: Preprocessing) -> Preprocessing | OwnPreprocessing:
        """The preprocessing that the options name, for a network with its `own`, or that."""
        given = self.options.preprocessing
        if given is None or isinstance(given, Preprocessing):
            return own if given is None else given
        return OwnPreprocessing.of(read_transform(given, self.hubs()), own)

    def preprocessing(self, model: LoadedModel) -> Preprocessing | OwnPreprocessing:
        """How images become inputs of a model that is described, with what the options override."""
        return preprocessing_of(model).override(**self.options.overrides)

    def corrupted(
        self, x: Tensor, raw: object, change: Callable[[Tensor], Tensor], model: LoadedModel
    ) -> Tensor:
        """One image (C, H, W), changed in pixels in [0, 1]."""
        said = self.options.mean is not None and self.options.std is not None
        return in_pixels(x, raw, change, self.preprocessing(model), said)

    def shown(self, model: LoadedModel, x: Tensor) -> Tensor:
        """Images (B, C, H, W) as pixel values in [0, 1]."""
        return self.preprocessing(model).denormalise(x).clamp(0, 1)

    def usual_measures(self, output: object) -> str:
        """Sets of boxes and keypoints have measures of their own."""
        return USUAL.get(_placed_kind(output), self.measure_over)

    def asserted_measures(self, output: object) -> str:
        return ASSERTED.get(_placed_kind(output), super().asserted_measures(output))

    def asked(self, model: LoadedModel, output: Any, data: Any) -> tuple[LoadedModel, Any]:
        """Where boxes or keypoints are asked for, the model that returns these as tensors."""
        words = placed_words(output)
        if not words:
            return model, output
        alone(words, output)
        least, most = self.options.min_score, self.options.max_boxes
        readers = {word.kind: word.reader(least, most) for word in words.values()}
        known = as_module(PlacedModel(model.model, readers))
        return replace(model, model=known), ",".join(word.output for word in words.values())

    def obvious_word(self, tensor: Tensor) -> str | None:
        """An input (N, C, H, W) is an image."""
        return "image" if tensor.ndim == 4 else None

    def leaf(self, word: str, tensor: Tensor, model: LoadedModel) -> tuple[Tensor, Representation]:
        """An image (N, C, H, W), pixels in uint8 or inputs in floating point; or a field by its word, at any shape."""
        field = FieldWord.parse(word)
        if field is not None:
            return tensor, input_field(field, tensor, self._grid, self.options.time_step)
        if word != "image":
            return super().leaf(word, tensor, model)
        prepared = self.preprocessing(model)
        rows = rows_of(tensor, wanted_by(prepared), f"input {word!r}")
        if not isinstance(rows, Tensor):
            rows = torch.stack([pixels_to_input(row, prepared) for row in rows])
        return rows, self.rho_in(model)

    def rho_in(self, model: LoadedModel, group: Group | None = None) -> Representation:
        margin = margin_of(group)
        if margin:
            return Window(margin)
        prepared = self.preprocessing(model)
        return Grid(
            self.interpolant, pixels=Pixels(*(prepared.constants or (None, None))), padding=self.padding
        )

    @property
    def _grid(self) -> Grid:
        return Grid(self.interpolant, padding=self.padding)

    def act_by(self, action: str, y: Tensor) -> Representation:
        placed = PlacedWord.of(action)
        if placed is not None:
            return Placed(placed.kind, placed.swap, self.options.min_iou)
        rho = representation_of(action, y, self.interpolant, self.padding, self.options.time_step)
        return self.still(rho, "an output on a grid")

    def known_action(self, name: str, y: Tensor, model: Any) -> str:
        action = known_action(name, y, model)
        if action is not None:
            return action
        choices = [f"{name}:{a}" for a in ACTIONS if a not in ("equivariant", "regular(GROUP)")]
        shape = ", ".join(["B", *map(str, y.shape[1:])])
        raise SymmeterError(
            f"output {name!r} has shape ({shape}) and its layout is not known; add one of {', '.join(choices)}"
        )

    def is_action(self, word: str) -> bool:
        return is_action(word) or PlacedWord.of(word) is not None

    def is_whole_action(self, word: str) -> bool:
        return super().is_whole_action(word) or is_heat_maps(word)

    def remarks(
        self, name: str, y: Tensor, rho: Representation, moved_by: Iterable[Generator | Element]
    ) -> list[str]:
        moved_by = list(moved_by)
        remark = taken_as_scalars(name, y, rho) if any(map(turns, moved_by)) else None
        boosted = not isinstance(rho, Carried | Trivial) and any(map(boosts, moved_by))
        unmoved = (
            f"boosts do not move output {name!r}: say what it is, such as {name}:vectors or {name}:depth"
        )
        return [*filter(None, [remark, re_boxed(rho, moved_by)]), *[unmoved] * boosted]

    def bound(self, group: Group, rho: Representation, x: Tensor) -> Group:
        """SymmeterError for boosts of what is no field."""
        found = super().bound(group, rho, x)
        if isinstance(found, Boosts) and isinstance(rho, Grid | Window):
            raise SymmeterError(f"{found.name} moves frames of velocities: say so with inputs='vectors'")
        return found

    def alternatives(self, rho: Representation, value: Tensor) -> Sequence[Alternative]:
        return [*alternatives(rho, value, self._grid), *unswapped(rho)]

    def offset(self, rho: Representation, y: Tensor, moved: Mapping[Element, Tensor]) -> Offset | None:
        """Of boxes and keypoints, as well: by how many pixels their coordinates are too large."""
        if not isinstance(rho, Placed):
            return super().offset(rho, y, moved)
        return placed_offset(self.turned(rho, y, moved))

    def displaced(
        self, rho: Representation, x: Tensor, other: Tensor, still: Still, replaced: Replaced
    ) -> Inputs:
        """g -> x (B, ...) moved as far as by g; for boosts, which move all alike, towards the other sample."""
        usual = super().displaced(rho, x, other, still, replaced)
        apart = still(other) - still(x)
        towards = displaced(rho, x, other, still, lambda g, step, displacement: apart, as_far)
        return lambda g: towards(g) if boosts(g) else usual(g)

    def tracker(self, x: Tensor) -> Tracker:
        return AxisTracker(x, self._grid)

    @classmethod
    def hubs(cls) -> Mapping[str, Hub]:
        return {"timm": Timm(), "torchvision": Torchvision(), "hf": Transformers()}

    @classmethod
    def measures(cls) -> Sequence[type]:
        return (EQT, EQTFractional, EQR, MaskConsistency, *PLACED)


def _placed_kind(output: object) -> str:
    """The kind of what has a place in an output, such as boxes; nothing where it is of values."""
    return next((word.kind for word in placed_words(output).values()), "")
