"""A preprocessing of the user's own, as a function from a PIL image to a network's input, checked at every call."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.verbs.arguments import shown

if TYPE_CHECKING:
    from PIL import Image

_LONGEST = 200  # characters of a name
_CHANCE = ("Random", "Jitter", "Augment", "Erasing", "Noise", "Dropout", "Mix")  # in the names of classes


@dataclass(frozen=True)
class Transform:
    """What makes a network's input (C, H, W) of one PIL image; `name` is what messages and results call it."""

    call: Callable[[Any], Any]
    name: str

    def __call__(self, image: "Image.Image") -> Tensor:
        """A float input (C, H, W). SymmeterError for what is none, ValueError where it has NaN or infinity."""
        found, said = self.call(image), f"preprocessing {self.name}"
        made = _as_tensor(found)
        if made is None:
            raise SymmeterError(f"{said} gives {shown(found)}, and no tensor: end it with ToTensor()")
        if made.ndim == 4 and len(made) == 1:
            made = made[0]
        if made.ndim != 3:
            raise SymmeterError(f"{said} gives shape {tuple(made.shape)}; it must give one image (C, H, W)")
        if not made.is_floating_point():
            kind = str(made.dtype).removeprefix("torch.")
            raise SymmeterError(
                f"{said} leaves {kind}; end it with ToTensor(), or ToDtype(torch.float32, scale=True)"
            )
        if not made.isfinite().all():
            raise ValueError("its preprocessing gives NaN or infinity")
        return made

    def steps_of_chance(self) -> list[str]:
        """The names of its steps that are random, as far as their classes say so."""
        names = (type(step).__name__ for step in _steps(self.call))
        return [name for name in dict.fromkeys(names) if any(word in name for word in _CHANCE)]


def transform_of(given: object, name: str = "") -> Transform:
    """A transform of torchvision or timm, an image processor of transformers or what holds one, or any callable.

    >>> transform_of(len).name
    'len'
    """
    if not callable(given) or isinstance(given, type):
        raise SymmeterError(
            f"preprocessing is {shown(given)}; give a callable from a PIL image to a tensor (C, H, W), an image "
            "processor, or a dictionary such as {'img_size': 224}"
        )
    processor = getattr(given, "image_processor", given)
    if any(kind.__name__ == "ImageProcessingMixin" for kind in type(processor).__mro__):
        call = lambda image: processor(images=image, return_tensors="pt")
        return Transform(call, name or type(processor).__name__)
    return Transform(processor, name or _name_of(given))


def _name_of(given: Any) -> str:
    """The repr on one line; the name where that is an address."""
    words = " ".join(repr(given).split())
    if " at 0x" in words:
        words = getattr(given, "__qualname__", type(given).__name__)
    words = getattr(given, "__name__", words) if words.startswith("<") else words
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]} ..."


def _as_tensor(made: object) -> Tensor | None:
    """A tensor of any shape from what a transform gave; None where it holds none."""
    if isinstance(made, Mapping):
        made = made.get("pixel_values")
    if isinstance(made, list | tuple) and len(made) == 1:  # a batch of one
        made = made[0]
    if isinstance(made, np.ndarray) and made.dtype.kind in "fiub":
        made = torch.from_numpy(np.require(made, requirements=["C", "W"]))
    return made.detach().cpu().as_subclass(Tensor) if isinstance(made, Tensor) else None


def _steps(transform: Any) -> Iterator[Any]:
    """A transform, and the steps of which it is made."""
    yield transform
    inner = getattr(transform, "transforms", ())
    for step in inner if isinstance(inner, list | tuple) else ():
        yield from _steps(step)
