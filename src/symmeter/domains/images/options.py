"""The options of images, as a person gives them. Nothing here imports torch: the command line shows them at once."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symmeter.classes import order_of
from symmeter.domains.grids.options import DEFINITION, PADDING
from symmeter.options import option
from symmeter.verbs.arguments import Given, Kind, number, passing, path, several, whole, word

_OWN = "for the model's own"
_LENGTH = whole(1, 14)  # of one side in pixels: more fits in no memory


def _numbers(value: Given) -> float | tuple[float, ...]:
    """One number, or several."""
    kind = several("numbers", number()) if hasattr(value, "__len__") else number()
    return kind.read(value)


def _sizes(value: Given) -> int | tuple[int, ...]:
    """One length, or two: height and width."""
    if not hasattr(value, "__len__"):
        return _LENGTH.read(value)
    sizes = several("sizes", _LENGTH).read(value)
    if len(sizes) > 2:
        raise ValueError
    return sizes


_SIZE = Kind(f"{_LENGTH.words}, or two: height and width", _sizes).or_none(_OWN)
_SHARE = number(0.0).or_none(_OWN)
_PER_CHANNEL = Kind("a number, or one a channel", _numbers).or_none(_OWN)
_NAME = word.or_none(_OWN)
_TRANSFORM = passing(
    "a callable from a PIL image to a tensor (C, H, W), an image processor, or its name",
    lambda value: word.read(value) if isinstance(value, str) else callable(value),
)
_ORDER = "a list of names in the order of the outputs, {name: number}, or a file with these"


def _classes(value: Given) -> Given:
    """How classes are in order: a path as it is, objects as plain lists and mappings."""
    if isinstance(value, str | os.PathLike):
        return path.read(value)
    given = value if isinstance(value, Mapping | list | tuple) else list(value)
    order_of(given)
    return dict(given) if isinstance(given, Mapping) else list(given)


@dataclass(frozen=True)
class ImageOptions:
    """How images are moved: `definition`, `padding`; and how they become inputs: the rest, None for the model's own."""

    definition: Given = option("bandlimited", DEFINITION, "of the derivative (default: bandlimited)", "D")
    padding: str | None = option(
        None, PADDING, "what motions bring in: reflect, zeros or circular", "P", needs="motions"
    )
    classes: Any = option(
        None,
        Kind(_ORDER, _classes).or_none("for the order that is known"),
        "which class is which output, where folders are classes: a file with a name a line, or JSON",
        "FILE",
        file=True,
    )
    preprocessing: Any = option(
        None,
        _TRANSFORM.or_none(_OWN),
        "a transform in place of the model's: FILE.py:callable, or that of hf:NAME, timm:NAME, torchvision:NAME",
        "T",
        code=True,
    )
    img_size: int | Sequence[int] | None = option(
        None, _SIZE, "size of the input, or height and width", "N", type="positive", many=True
    )
    crop_pct: float | None = option(
        None, _SHARE, "share of the resized image that the crop keeps", "F", type="number"
    )
    mean: float | Sequence[float] | None = option(
        None, _PER_CHANNEL, "of pixels in [0, 1]: one a channel, or one", "F", type="number", many=True
    )
    std: float | Sequence[float] | None = option(
        None, _PER_CHANNEL, "standard deviation, likewise", "F", type="number", many=True
    )
    interpolation: str | None = option(
        None, _NAME, "nearest, bilinear, bicubic, box, hamming or lanczos", "I"
    )
    min_score: float = option(
        0.5, number(0.0), "score from which a box counts (default: 0.5)", "F", type="number", needs="placed"
    )
    min_iou: float = option(
        0.5,
        number(0.0),
        "IoU from which two boxes are a pair (default: 0.5)",
        "F",
        type="number",
        needs="boxes",
    )
    max_boxes: int = option(
        300,
        whole(1),
        "most boxes that one image may have (default: 300)",
        "N",
        type="positive",
        needs="placed",
    )

    time_step: float = option(
        1.0,
        number(),
        "pixels that a velocity of 1 crosses from frame to frame, for boosts",
        "DT",
        type="number",
        needs="fields",
    )

    @property
    def overrides(self) -> dict[str, Any]:
        """What overrides the model's own preprocessing, or that in its place."""
        return {name: getattr(self, name) for name in _OVERRIDES}


_OVERRIDES = ("img_size", "crop_pct", "mean", "std", "interpolation")
PREPROCESSING = ("preprocessing", *_OVERRIDES)  # how images become inputs
