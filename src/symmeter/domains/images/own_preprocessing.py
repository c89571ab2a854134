"""The user's own preprocessing in the place of symmeter's: a transform, and what is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from symmeter.domains.images.decoding import decode
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.domains.images.preprocessing_values import Constants, per_channel, words
from symmeter.domains.images.transform_probe import constants_of
from symmeter.domains.images.transforms import Transform
from symmeter.errors import SymmeterError
from symmeter.optional import require

if TYPE_CHECKING:
    from PIL import Image

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class OwnPreprocessing:
    """The way from an image to a network's input (channels, H, W) by a `transform` of the user's own.

    `channels` and `axes` are those that the network takes, as of `Preprocessing`. `constants` are None where it is not
    seen how inputs come from pixels: then colours cannot be changed.
    """

    transform: Transform
    channels: int | None = 3
    axes: int = 2
    constants: Constants | None = None
    by_hand: bool = False

    @property
    def way_out(self) -> str:
        """What to do about images of several sizes."""
        return f"preprocessing {self.transform.name} must give one size; end it with Resize((H, W)) or CenterCrop"

    @classmethod
    def of(cls, transform: Transform, model: "Preprocessing | OwnPreprocessing") -> "OwnPreprocessing":
        """For a network that takes inputs as `model` says, with the mean and std that are found by trying."""
        return cls(transform, model.channels, model.axes, constants_of(transform, model.channels == 1))

    def __call__(self, image: "Image.Image") -> Tensor:
        """One PIL image of any mode -> float (channels, H, W).

        The transform is given RGB, gray ("L") where the network takes one channel, both of 8 bits, as the loaders of
        torchvision and timm do it. SymmeterError where it makes another number of channels than the network takes.
        """
        x = self.transform(_of_8_bits(decode(image, self.channels or 3), self.channels))
        if self.channels not in (None, len(x)):
            raise SymmeterError(
                f"preprocessing {self.transform.name} makes {len(x)} channels, and the network wants {self.channels}"
            )
        return x

    def planes(self, pixels: Tensor) -> Tensor:
        """uint8 pixels (C, H, W) -> float (C, H, W); the transform is given a picture of them."""
        if len(pixels) not in _MODES:
            raise SymmeterError(
                f"preprocessing {self.transform.name} takes pictures, and pixels of {len(pixels)} channels are none: "
                "give floating point inputs, or mean and std in its place"
            )
        pil = require("PIL.Image", "vision")
        last = pixels.squeeze(0) if len(pixels) == 1 else pixels.movedim(0, -1)
        return self(pil.fromarray(np.ascontiguousarray(last.numpy())))

    def denormalise(self, inputs: Tensor) -> Tensor:
        """Network input (..., C, H, W) back to pixels in [0, 1], the darkest to the brightest where that is unknown."""
        if self.constants is None:
            low, high = inputs.amin((-3, -2, -1), keepdim=True), inputs.amax((-3, -2, -1), keepdim=True)
            return (inputs - low) / (high - low).clamp(min=1e-12)
        return Preprocessing(None, self.channels, *self.constants).denormalise(inputs)

    def override(
        self,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        **others: object,
    ) -> "OwnPreprocessing":
        """With mean and std as they are said; SymmeterError for what the transform decides itself."""
        given = [name for name, value in others.items() if value is not None]
        if given:
            raise SymmeterError(
                f"{given[0]} has no effect beside preprocessing {self.transform.name}; leave one of them out"
            )
        if mean is None and std is None:
            return self
        if mean is None or std is None:
            raise SymmeterError("mean and std of a preprocessing go together: give both")
        channels = self.channels or 3
        found = Constants(per_channel("mean", mean, channels), per_channel("std", std, channels))
        if min(found.std) <= 0:
            raise SymmeterError(f"std {words(found.std)}: every value must be greater than 0")
        return replace(self, constants=found, by_hand=True)

    def with_margin(self, margin: tuple[int, ...] | None) -> "OwnPreprocessing":
        """Itself; SymmeterError where more of an image is wanted than it shows."""
        if margin:
            raise SymmeterError(
                f"shifts of the crop need more of each image than preprocessing {self.transform.name} gives: "
                "leave ',crop' out, or say img_size, crop_pct, mean and std in its place"
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """What is known of it, ready for JSON."""
        mean, std = self.constants or (None, None)
        found = "given by hand" if self.by_hand else "found by trying"
        return {
            "transform": self.transform.name,
            "channels": self.channels,
            "mean": mean and list(mean),
            "std": std and list(std),
            "source": self.transform.name
            + (f"; mean and std {found}" if mean else "; mean and std not seen"),
        }


def _of_8_bits(image: "Image.Image", channels: int | None) -> "Image.Image":
    """An image of more bits as one of 8, in colours unless one channel is wanted."""
    if image.mode != "F":
        return image
    gray = require("PIL.Image", "vision").fromarray(np.asarray(image).round().clip(0, 255).astype(np.uint8))
    return gray if channels == 1 else gray.convert("RGB")
