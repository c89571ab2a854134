"""How the configurations of timm, torchvision and transformers say that images are prepared."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypedDict

from symmeter.domains.images.preprocessing_values import in_each_channel, pair
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import reason

Configuration = Mapping[str, Any]  # as a library keeps it: of any value by name

_PIL_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}


class TimmModel(Protocol):
    """A network that timm has built."""

    pretrained_cfg: Configuration


class Fields(TypedDict, total=False):
    """What a configuration says of the fields of a Preprocessing."""

    size: tuple[int, int]
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop_pct: float
    crop_mode: str
    interpolation: str
    source: str


def timm_fields(config: TimmModel | Configuration) -> Fields:
    """From a timm model or its pretrained_cfg dict, as timm resolves it."""
    timm = require("timm", "vision")
    known = dict(config if isinstance(config, Mapping) else config.pretrained_cfg) or {"source": "timm"}
    found = timm.data.resolve_data_config(pretrained_cfg=known)
    channels, *size = found["input_size"]
    channels = getattr(config, "in_chans", None) or channels
    size = getattr(getattr(config, "patch_embed", None), "img_size", None) or size
    name = ".".join(filter(None, (known.get("architecture"), known.get("tag"))))
    return Fields(
        size=pair(size),
        channels=channels,
        mean=in_each_channel(found["mean"], channels),
        std=in_each_channel(found["std"], channels),
        crop_pct=found["crop_pct"],
        crop_mode=found["crop_mode"],
        interpolation=found["interpolation"],
        source=f"timm {name}".strip(),
    )


def torchvision_fields(name: str, weights: str) -> Fields:
    """From the preset that belongs to torchvision's weights for model `name`; nothing is downloaded."""
    torchvision = require("torchvision", "vision")
    try:
        known = torchvision.models.get_model_weights(name)[weights]
        preset = known.transforms()
        crop, resize = preset.crop_size[0], preset.resize_size[0]
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise SymmeterError(f"torchvision:{name}: no image preset for weights {weights!r}") from error
    return Fields(
        size=(crop, crop),
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        crop_pct=_crop_pct(crop, resize),
        interpolation=preset.interpolation.value,
        source=f"torchvision {known}",
    )


def transformers_fields(name: str | Path) -> Fields | None:
    """From a transformers image processor, by folder or model name; None where it has none."""
    folder = Path(name)
    transformers = require("transformers", "hf")
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(str(name), trust_remote_code=False)
        config = processor.to_dict()
    except Exception as error:  # it raises many kinds; a network without an image processor is no mistake
        file = folder / "preprocessor_config.json"
        try:
            if (
                isinstance(error, ImportError) and not folder.is_dir()
            ):  # no Pillow: the file is there all the same
                file = Path(transformers.utils.cached_file(str(name), file.name))
            config = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return None
    shown = folder.name if folder.is_dir() else str(name)
    try:
        return _of_processor(config, shown)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:  # of values of other types
        raise SymmeterError(
            f"{shown}: the file of its image processor is damaged: {reason(error)}"
        ) from error


def _of_processor(config: Configuration, name: str) -> Fields:
    """From what a transformers image processor keeps of itself."""
    kind = config.get("image_processor_type") or "image processor"
    mean, std = _mean_and_std(config)
    fields = Fields(
        mean=mean,
        std=std,
        interpolation=_PIL_RESAMPLE.get(config.get("resample", 2), "bilinear"),
        source=f"transformers {kind} of {name}",
    )
    size = _height_and_width(config.get("size")) if config.get("do_resize", True) else None
    crop = _height_and_width(config.get("crop_size")) if config.get("do_center_crop") else None
    if crop:
        fields["size"] = crop
        fields["crop_mode"] = "center" if _keeps_ratio(config) else "squash"
        if size:
            fields["crop_pct"] = _crop_pct(min(crop), max(min(size), min(crop)))
    elif size:
        # ConvNeXt has a crop_pct and uses it below 384 only
        squash = not _keeps_ratio(config) or ("crop_pct" in config and min(size) >= 384)
        fields["size"] = size
        fields["crop_mode"] = "squash" if squash else "center"
        fields["crop_pct"] = 1.0 if squash else config.get("crop_pct") or 1.0
    return fields


def _mean_and_std(config: Configuration) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """transformers rescales, offsets, then normalises; for pixels in [0, 1] that is one mean and one std."""
    given = config.get("image_mean", ()), config.get("image_std", ())
    means, stds = given if all((config.get("do_normalize", True), *given)) else ([0.0], [1.0])
    rescale = config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0
    factor = 255.0 * rescale
    offset = float(bool(config.get("rescale_offset")))
    return tuple((mean + offset) / factor for mean in means), tuple(std / factor for std in stds)


def _keeps_ratio(config: Configuration) -> bool:
    """Whether the size is that of the shorter edge."""
    size = config.get("size")
    return isinstance(size, int) or "shortest_edge" in (size or {})


def _height_and_width(size: object) -> tuple[int, int] | None:
    """A size as transformers writes it, an edge or a dictionary, as (H, W); None for what is none."""
    if isinstance(size, int):
        return size, size
    if not isinstance(size, Mapping):
        return None
    edge = size.get("shortest_edge") or size.get("longest_edge")
    height = size.get("height") or edge
    width = size.get("width") or edge
    return (int(height), int(width)) if height and width else None


def _crop_pct(crop: int, resize: int) -> float:
    """The share that gives back exactly `resize` from floor(crop / share), as timm computes it.

    >>> all(math.floor(c / _crop_pct(c, r)) == r for c in range(1, 60) for r in range(c, 90))
    True
    """
    share = crop / resize
    while math.floor(crop / share) < resize:
        share = math.nextafter(share, 0.0)
    return share
