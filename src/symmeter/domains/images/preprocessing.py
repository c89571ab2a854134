"""How an image becomes a network's input: size, crop, interpolation, normalisation, and their source."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.images.decoding import decode
from symmeter.domains.images.resizing import resizer
from symmeter.errors import SymmeterError
from symmeter.optional import require

if TYPE_CHECKING:
    from PIL import Image

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
CROP_MODES = ("center", "squash", "border")
_PIL_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}


@dataclass(frozen=True)
class Preprocessing:
    """The way from an image file to a network's input of shape (channels, H, W).

    `size` is (H, W); None keeps each image's own size. `crop_pct` is the share of the resized image that
    the crop keeps, `margin` the rows and columns that are kept on either side beyond that. `mean` and `std` belong to
    pixels in [0, 1], with one value a channel or one for all. `channels` None: as many as the images have, three of
    image files. `axes`: those of the grid that the network takes, 2 for images, 1 for signals, 3 for volumes.
    Raises SymmeterError when the values contradict each other.

    >>> gray = Preprocessing(size=(28, 28), channels=1, mean=(0.5,), std=(0.25,))
    >>> gray.normalise(torch.ones(1, 1, 2, 2)).unique().item()
    2.0
    """

    size: tuple[int, int] | None = None
    channels: int | None = 3
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    crop_pct: float = 1.0
    crop_mode: str = "center"
    interpolation: str = "bilinear"
    source: str = "given in code"
    margin: tuple[int, int] = (0, 0)
    axes: int = 2

    def __post_init__(self):
        channels = self.channels
        if channels is not None and (
            isinstance(channels, bool) or not isinstance(channels, int) or channels < 1
        ):
            raise SymmeterError(f"channels {channels!r}: give a positive whole number")
        if channels is None:  # as many as means or deviations that were given
            given = max((len(v) for v in (self.mean, self.std) if isinstance(v, list | tuple)), default=1)
            channels = given if given > 1 else None
            object.__setattr__(self, "channels", channels)
        for name in ("mean", "std"):
            object.__setattr__(self, name, _per_channel(name, getattr(self, name), channels))
        if not all(s > 0 for s in self.std):
            raise SymmeterError(f"std {_words(self.std)}: every value must be greater than 0")
        if self.size is not None:
            object.__setattr__(self, "size", _pair(self.size))
        if not 0 < self.crop_pct <= 1:
            raise SymmeterError(f"crop-pct {self.crop_pct}: give a share greater than 0 and at most 1")
        if self.interpolation not in INTERPOLATIONS:
            known = ", ".join(INTERPOLATIONS)
            raise SymmeterError(f"unknown interpolation {self.interpolation!r}: choose from {known}")
        if self.crop_mode not in CROP_MODES:
            raise SymmeterError(f"unknown crop mode {self.crop_mode!r}: choose from {', '.join(CROP_MODES)}")

    @property
    def shape(self) -> tuple[int, int] | None:
        """(H, W) of what comes out, the margin included; None where each image keeps its own size."""
        if self.size is None:
            return None
        return self.size[0] + 2 * self.margin[0], self.size[1] + 2 * self.margin[1]

    def __call__(self, image: "Image.Image") -> Tensor:
        """One PIL image of any mode -> normalised float32 (channels, H, W).

        16-bit and float images keep their precision; transparency is dropped, unless the network takes it as a
        channel of its own. Raises SymmeterError when the network wants channels that the image does not have,
        ValueError for pixels of no known range or colours that PIL cannot convert.
        """
        wanted = 3 if self.channels is None else self.channels
        image = decode(image, wanted)
        bands = [image] if image.mode in ("L", "F") else list(image.split())
        return self._prepared(bands, wanted)

    def planes(self, pixels: Tensor) -> Tensor:
        """uint8 pixels (C, H, W) of any number of channels -> normalised float32 (C, H, W).

        Resized channel by channel as files are, and only where the size is another.
        """
        if self.shape in (None, tuple(pixels.shape[1:])):
            return self.normalise(pixels / 255.0)
        pil = require("PIL.Image", "vision")
        return self._prepared([pil.fromarray(plane.contiguous().numpy()) for plane in pixels], len(pixels))

    def _prepared(self, bands: Sequence["Image.Image"], channels: int) -> Tensor:
        """Bands of one channel each, resized, cropped and normalised; a single one fills all channels."""
        if self.size is not None:
            bands = [self._resized(band, fill) for band, fill in zip(bands, self._fills(bands), strict=True)]
        pixels = torch.from_numpy(np.stack([np.array(band, dtype=np.float32) for band in bands]))
        pixels = pixels.div_(255.0).clamp_(0.0, 1.0).expand(channels, -1, -1)
        return self.normalise(pixels).contiguous()

    def _fills(self, bands: Sequence["Image.Image"]) -> Sequence[float]:
        """What lies beyond the border of each band, where there is one: the mean."""
        if self.crop_mode != "border":
            return [0.0] * len(bands)
        return self.mean if len(self.mean) == len(bands) else [sum(self.mean) / len(self.mean)] * len(bands)

    def _resized(self, band: "Image.Image", fill: float) -> "Image.Image":
        assert self.size is not None
        return resizer(self.size, self.margin, self.crop_pct, self.crop_mode, self.interpolation, fill)(band)

    def normalise(self, images01: Tensor) -> Tensor:
        """Pixels in [0, 1], (..., C, H, W), to network input. SymmeterError on another channel count."""
        mean, std = self._constants(images01)
        return (images01 - mean) / std

    def denormalise(self, inputs: Tensor) -> Tensor:
        """Network input, shape (..., C, H, W), back to pixels in [0, 1]: the inverse of `normalise`."""
        mean, std = self._constants(inputs)
        return inputs * std + mean

    def _constants(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if images.ndim < 3 or (self.channels is not None and images.shape[-3] != self.channels):
            wanted = f"(N, {self.channels or 'C'}, H, W)"
            raise SymmeterError(f"images of shape {tuple(images.shape)}: the preprocessing wants {wanted}")
        mean = torch.tensor(self.mean, dtype=images.dtype, device=images.device).view(-1, 1, 1)
        return mean, torch.tensor(self.std, dtype=images.dtype, device=images.device).view(-1, 1, 1)

    def override(
        self,
        img_size: int | Sequence[int] | None = None,
        crop_pct: float | None = None,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        interpolation: str | None = None,
    ) -> "Preprocessing":
        """A copy with what is given changed; None leaves a value. Raises SymmeterError on one out of range.

        >>> Preprocessing.unknown().override(img_size=32, mean=0.5).size
        (32, 32)
        """
        given = {"size": img_size, "crop_pct": crop_pct, "mean": mean, "std": std}
        given |= {"interpolation": interpolation}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if not changes:
            return self
        words = ", ".join("img_size" if name == "size" else name for name in changes)
        return dataclasses.replace(self, **changes, source=f"{self.source}; {words} given by hand")

    def with_margin(self, margin: tuple[int, int] | None) -> "Preprocessing":
        """The same view with `margin` (rows, columns) more on either side, from the same resized image where possible.

        >>> Preprocessing(size=(224, 224), crop_pct=0.875).with_margin((0, 8)).shape
        (224, 240)
        """
        return dataclasses.replace(self, margin=margin) if margin else self

    def for_inputs(self, channels: int | None, axes: int = 2) -> "Preprocessing":
        """For a network that takes another number of channels: each gets the average of mean and std, and it is said.

        >>> Preprocessing(mean=(0.25, 0.5, 0.75)).for_inputs(4).mean
        (0.5, 0.5, 0.5, 0.5)
        """
        if channels is None or channels == self.channels:
            return dataclasses.replace(self, axes=axes)
        known = len(set(self.mean)) > 1 or len(set(self.std)) > 1
        note = f"; averages of mean and std in each of {channels} channels" if known else ""
        mean, std = (_recount(values, channels) for values in (self.mean, self.std))
        source = self.source + note
        return dataclasses.replace(self, channels=channels, axes=axes, mean=mean, std=std, source=source)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}

    @classmethod
    def unknown(cls, channels: int | None = 3, axes: int = 2) -> "Preprocessing":
        """Nothing is known: pixels in [0, 1], each image at its own size."""
        return cls(channels=channels, axes=axes, source="none known: pixels in [0, 1]")

    @classmethod
    def from_timm(cls, config: Any) -> "Preprocessing":
        """From a timm model or its pretrained_cfg dict, as timm resolves it."""
        timm = require("timm", "vision")
        model = None if isinstance(config, Mapping) else config
        config = dict(config if model is None else model.pretrained_cfg) or {"source": "timm"}
        found = timm.data.resolve_data_config(pretrained_cfg=config)
        channels, *size = found["input_size"]
        channels = getattr(model, "in_chans", None) or channels
        size = getattr(getattr(model, "patch_embed", None), "img_size", None) or size
        name = ".".join(filter(None, (config.get("architecture"), config.get("tag"))))
        return cls(
            size=_pair(size),
            channels=channels,
            mean=_recount(found["mean"], channels),
            std=_recount(found["std"], channels),
            crop_pct=found["crop_pct"],
            crop_mode=found["crop_mode"],
            interpolation=found["interpolation"],
            source=f"timm {name}".strip(),
        )

    @classmethod
    def from_torchvision(cls, name: str, weights: str = "DEFAULT") -> "Preprocessing":
        """From the preset that belongs to torchvision's weights for model `name`; nothing is downloaded."""
        torchvision = require("torchvision", "vision")
        try:
            known = torchvision.models.get_model_weights(name)[weights]
            preset = known.transforms()
            crop, resize = preset.crop_size[0], preset.resize_size[0]
        except (KeyError, ValueError, AttributeError, TypeError) as error:
            raise SymmeterError(f"torchvision:{name}: no image preset for weights {weights!r}") from error
        return cls(
            size=(crop, crop),
            mean=tuple(preset.mean),
            std=tuple(preset.std),
            crop_pct=_crop_pct(crop, resize),
            interpolation=preset.interpolation.value,
            source=f"torchvision {known}",
        )

    @classmethod
    def from_hf(cls, name: str | Path) -> "Preprocessing":
        """From a transformers image processor, by folder or model name; `unknown()` where it has none."""
        folder = Path(name)
        transformers = require("transformers", "hf")
        try:
            config = transformers.AutoImageProcessor.from_pretrained(
                str(name), trust_remote_code=False
            ).to_dict()
        except Exception as error:  # it raises many kinds; a network without an image processor is no mistake
            file = folder / "preprocessor_config.json"
            try:
                if (
                    isinstance(error, ImportError) and not folder.is_dir()
                ):  # no Pillow: the file is there all the same
                    file = Path(transformers.utils.cached_file(str(name), file.name))
                config = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, TypeError):
                return cls.unknown()
        return _from_hf_config(config, folder.name if folder.is_dir() else str(name))


def _from_hf_config(config: Mapping[str, Any], name: str) -> Preprocessing:
    """transformers rescales, offsets, then normalises; for pixels in [0, 1] that is one mean and one std."""
    known = bool(config.get("do_normalize", True)) and config.get("image_mean") and config.get("image_std")
    means, stds = (config["image_mean"], config["image_std"]) if known else ([0.0], [1.0])
    factor = 255.0 * (config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0)
    offset = 1.0 if config.get("rescale_offset") else 0.0
    values: dict[str, Any] = {
        "mean": tuple((m + offset) / factor for m in means),
        "std": tuple(s / factor for s in stds),
        "interpolation": _PIL_RESAMPLE.get(config.get("resample", 2), "bilinear"),
        "source": f"transformers {config.get('image_processor_type') or 'image processor'} of {name}",
    }
    size, crop = _hf_size(config.get("size")), _hf_size(config.get("crop_size"))
    keeps_ratio = isinstance(config.get("size"), int) or "shortest_edge" in (config.get("size") or {})
    if not config.get("do_resize", True):
        size = None
    if config.get("do_center_crop") and crop:
        if size:
            values |= {"crop_pct": _crop_pct(min(crop), max(min(size), min(crop)))}
        values |= {"size": crop, "crop_mode": "center" if keeps_ratio else "squash"}
    elif size:
        # ConvNeXt has a crop_pct and uses it below 384 only
        squash = not keeps_ratio or ("crop_pct" in config and min(size) >= 384)
        pct = 1.0 if squash else config.get("crop_pct") or 1.0
        values |= {"size": size, "crop_pct": pct, "crop_mode": "squash" if squash else "center"}
    return Preprocessing(**values)


def _hf_size(size: Any) -> tuple[int, int] | None:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping):
        edge = size.get("shortest_edge") or size.get("longest_edge")
        height, width = size.get("height") or edge, size.get("width") or edge
        return (int(height), int(width)) if height and width else None
    return None


def _crop_pct(crop: int, resize: int) -> float:
    """The share that gives back exactly `resize` from floor(crop / share), as timm computes it.

    >>> all(math.floor(c / _crop_pct(c, r)) == r for c in range(1, 60) for r in range(c, 90))
    True
    """
    share = crop / resize
    while math.floor(crop / share) < resize:
        share = math.nextafter(share, 0.0)
    return share


def _recount(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """timm's means are for colour; a network of another channel count gets their average in each channel."""
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels


def _per_channel(name: str, value: Any, channels: int | None) -> tuple[float, ...]:
    """One value a channel; a single one where the number of channels is not known."""
    way_out = f"give one number, or one for each of {channels or 'the'} channel(s)"
    several = hasattr(value, "__iter__") and not isinstance(value, str)
    try:
        values = tuple(float(v) for v in (value if several else (value,)))
    except (TypeError, ValueError) as error:
        raise SymmeterError(f"{name} {value!r}: {way_out}") from error
    if len(values) not in (1, channels or 1) or not all(map(math.isfinite, values)):
        raise SymmeterError(f"{name} {_words(values)}: {way_out}")
    return values * (channels or 1) if len(values) == 1 else values


def _pair(size: Any) -> tuple[int, int]:
    """One or two positive whole numbers -> (H, W)."""
    sizes: tuple[Any, ...] = tuple(size) if isinstance(size, list | tuple) else (size,)
    whole = all(isinstance(s, int) and not isinstance(s, bool) and s > 0 for s in sizes)
    if len(sizes) not in (1, 2) or not whole:
        raise SymmeterError(
            f"img-size {_words(sizes)}: give a positive whole number, or two for height and width"
        )
    return sizes[0], sizes[-1]


def _words(values: Sequence[Any]) -> str:
    return " ".join(str(v) for v in values)
