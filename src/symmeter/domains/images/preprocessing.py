"""How an image becomes a network's input: size, crop, interpolation, normalisation, and their source."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.images.configurations import (
    Configuration,
    TimmModel,
    timm_fields,
    torchvision_fields,
    transformers_fields,
)
from symmeter.domains.images.decoding import decode
from symmeter.domains.images.preprocessing_values import (
    Constants,
    in_each_channel,
    pair,
    per_channel,
    words,
)
from symmeter.domains.images.resizing import resizer
from symmeter.errors import SymmeterError
from symmeter.optional import require

if TYPE_CHECKING:
    from PIL import Image

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
CROP_MODES = ("center", "squash", "border")


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
    margin: tuple[int, ...] = (0, 0)
    axes: int = 2

    way_out: ClassVar[str] = "pass --img-size"  # of images of several sizes

    def __post_init__(self):
        channels = self._checked_channels()
        object.__setattr__(self, "channels", channels)
        object.__setattr__(self, "mean", per_channel("mean", self.mean, channels))
        object.__setattr__(self, "std", per_channel("std", self.std, channels))
        if not all(s > 0 for s in self.std):
            raise SymmeterError(f"std {words(self.std)}: every value must be greater than 0")
        if self.size is not None:
            object.__setattr__(self, "size", pair(self.size))
        if not 0 < self.crop_pct <= 1:
            raise SymmeterError(f"crop-pct {self.crop_pct}: give a share greater than 0 and at most 1")
        if self.interpolation not in INTERPOLATIONS:
            known = ", ".join(INTERPOLATIONS)
            raise SymmeterError(f"unknown interpolation {self.interpolation!r}: choose from {known}")
        if self.crop_mode not in CROP_MODES:
            raise SymmeterError(f"unknown crop mode {self.crop_mode!r}: choose from {', '.join(CROP_MODES)}")

    def _checked_channels(self) -> int | None:
        """The number of channels; where it was not given, that of the means or deviations, if they are several."""
        channels: object = self.channels
        if channels is None:
            given = [len(values) for values in (self.mean, self.std) if isinstance(values, list | tuple)]
            most = max(given, default=1)
            return most if most > 1 else None
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
            raise SymmeterError(f"channels {channels!r}: give a positive whole number")
        return channels

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
        """Bands of one channel each -> (channels, H, W), resized, cropped and normalised; a single one fills all."""
        if self.size is not None:
            fills = self._fills(len(bands))
            bands = [self._resized(band, fill) for band, fill in zip(bands, fills, strict=True)]
        arrays = [np.array(band, dtype=np.float32) for band in bands]
        pixels = torch.from_numpy(np.stack(arrays))
        pixels = pixels.div_(255.0).clamp_(0.0, 1.0).expand(channels, -1, -1)
        return self.normalise(pixels).contiguous()

    def _fills(self, bands: int) -> Sequence[float]:
        """What lies beyond the border of each band, where there is one: the mean."""
        if self.crop_mode != "border":
            return [0.0] * bands
        return in_each_channel(self.mean, bands)

    def _resized(self, band: "Image.Image", fill: float) -> "Image.Image":
        assert self.size is not None
        return resizer(self.size, self.margin, self.crop_pct, self.crop_mode, self.interpolation, fill)(band)

    @property
    def constants(self) -> Constants:
        """Mean and std: x = (p - mean) / std for pixels p in [0, 1]."""
        return Constants(self.mean, self.std)

    def normalise(self, images01: Tensor) -> Tensor:
        """Pixels in [0, 1], (..., C, H, W), to network input. SymmeterError on another channel count."""
        mean, std = self._constants(images01)
        return (images01 - mean) / std

    def denormalise(self, inputs: Tensor) -> Tensor:
        """Network input, shape (..., C, H, W), back to pixels in [0, 1]: the inverse of `normalise`."""
        mean, std = self._constants(inputs)
        return inputs * std + mean

    def _constants(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation, each (C, 1, 1), for images (..., C, H, W)."""
        if images.ndim < 3 or self.channels not in (None, images.shape[-3]):
            wanted = f"(N, {self.channels or 'C'}, H, W)"
            raise SymmeterError(f"images of shape {tuple(images.shape)}: the preprocessing wants {wanted}")
        mean = torch.tensor(self.mean, dtype=images.dtype, device=images.device)
        std = torch.tensor(self.std, dtype=images.dtype, device=images.device)
        return mean.view(-1, 1, 1), std.view(-1, 1, 1)

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
        names = ", ".join("img_size" if name == "size" else name for name in changes)
        return dataclasses.replace(self, **changes, source=f"{self.source}; {names} given by hand")

    def with_margin(self, margin: tuple[int, ...] | None) -> "Preprocessing":
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
        mean, std = (in_each_channel(values, channels) for values in (self.mean, self.std))
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
    def from_timm(cls, config: TimmModel | Configuration) -> "Preprocessing":
        """From a timm model or its pretrained_cfg dict, as timm resolves it."""
        return cls(**timm_fields(config))

    @classmethod
    def from_torchvision(cls, name: str, weights: str = "DEFAULT") -> "Preprocessing":
        """From the preset that belongs to torchvision's weights for model `name`; nothing is downloaded."""
        return cls(**torchvision_fields(name, weights))

    @classmethod
    def from_hf(cls, name: str | Path) -> "Preprocessing":
        """From a transformers image processor, by folder or model name; `unknown()` where it has none."""
        fields = transformers_fields(name)
        return cls.unknown() if fields is None else cls(**fields)
