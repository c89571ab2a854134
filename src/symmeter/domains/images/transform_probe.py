"""What a preprocessing does to pixel values, found by trying it: the mean and std in it, and whether it is random.

An unknown function from images to inputs can be asked. Where pictures of one colour p in [0, 1] become
x = (p - mean) / std channel by channel, and a picture of half the contrast an input half as far from that of black,
these are its mean and std, whatever library it comes from; elsewhere (gray from colours, histograms, another order of
channels) there are none.
"""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.images.preprocessing_values import Constants
from symmeter.domains.images.transforms import Transform
from symmeter.errors import SymmeterError
from symmeter.models.borrowed import borrowed
from symmeter.optional import require

if TYPE_CHECKING:
    from PIL import Image

_SIZE = (256, 320)  # height and width of the pictures that are tried
_GRAYS = ((0,) * 3, (255,) * 3, (51,) * 3, (128,) * 3)
_COLOURS = (*_GRAYS, (255, 0, 0), (0, 255, 0), (0, 0, 255), (51, 102, 204))
_CALLS = 16  # on one picture, where random numbers are drawn
_FLAT = 1e-4  # of the way from black to white: by how much an input of one colour may vary
_STEP = 0.5 / 255  # how exact an input of one colour is
_RESAMPLED = 2.0 / 255  # and one of many, which is rounded where it is resized


def constants_of(transform: Transform, gray: bool = False) -> Constants | None:
    """Mean and std of a transform, None where it does anything else; `gray`: it is given images of one channel.

    >>> from symmeter.domains.images.transforms import transform_of
    >>> half = lambda image: torch.from_numpy(np.array(image)).movedim(-1, 0) / 255 / 0.5 - 1
    >>> constants_of(transform_of(half))
    Constants(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    >>> constants_of(transform_of(lambda image: half(image.convert("L").convert("RGB")))) is None
    True
    """
    try:
        with borrowed(None):
            flat = [transform(_picture(np.broadcast_to(c, (*_SIZE, 3)), gray)) for c in _COLOURS]
            textured, halved = (transform(_picture(_texture() // k, gray)) for k in (1, 2))
    except Exception:  # it may not take such pictures
        return None
    channels = len(flat[0])
    several = channels > 1 and not gray
    colours = _COLOURS if several else _GRAYS
    if len({x.shape for x in (*flat, textured, halved)}) > 1 or channels not in (1, 3):
        return None
    found = _affine([x.double() for x in flat[: len(colours)]], colours)
    if found is None:
        return None
    middle = (textured.double() + flat[0].double()) / 2
    apart = (halved.double() - middle).abs().flatten(1).amax(1)
    straight = apart <= _RESAMPLED / torch.tensor(found.std)
    return found if bool(straight.all()) else None


def _affine(flat: Sequence[Tensor], colours: Sequence[tuple[int, ...]]) -> Constants | None:
    """The constants of inputs (C, H, W) of these colours, black and white the first; entries beside the image apart."""
    black, white = flat[:2]
    responding = (white - black).abs() > _FLAT
    found = []
    for c, mask in enumerate(responding):
        if not mask.any():
            return None
        values = torch.stack([x[c][mask] for x in flat])
        spread, values = (values.amax(1) - values.amin(1)).max(), values.mean(1)
        contrast = values[1] - values[0]
        if contrast <= 0 or spread > _FLAT * contrast:
            return None
        std = 1 / float(contrast)
        mean = -float(values[0]) * std
        wanted = (torch.tensor([colour[c] for colour in colours]) / 255.0 - mean) / std
        if float((values - wanted).abs().max()) * std > _STEP:
            return None
        found.append((round(mean, 6) + 0.0, round(std, 6)))
    mean, std = zip(*found, strict=True)
    return Constants(mean, std)


def check_repeats(transform: Transform) -> tuple[str, ...]:
    """SymmeterError where two calls on one image differ; else what is to be said of random numbers that it draws."""
    try:
        with borrowed(None):
            image = _picture(_texture(), gray=False)
            before = _states()
            first = transform(image)
            drawn = not _equal(_states(), before)
            same = all(torch.equal(first, transform(image)) for _ in range(_CALLS if drawn else 2))
    except SymmeterError:
        raise
    except Exception:  # it may not take such pictures
        return ()
    steps = ", ".join(transform.steps_of_chance())
    named = f" ({steps})" if steps else ""
    if not same:
        raise SymmeterError(
            f"preprocessing {transform.name} is random: two calls on one image differ{named}; "
            "give the one of evaluation"
        )
    words = (
        f"preprocessing {transform.name} draws random numbers{named}: if inputs depend on them, so do values"
    )
    return (words,) if drawn else ()


def _states() -> tuple[Any, ...]:
    """Where the random numbers of Python, NumPy and torch are."""
    numpy = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return random.getstate(), (numpy["pos"], tuple(numpy["key"])), torch.random.get_rng_state()


def _equal(states: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    return states[:2] == others[:2] and torch.equal(states[2], others[2])


def _picture(pixels: np.ndarray, gray: bool) -> "Image.Image":
    """A picture of pixels (H, W, 3)."""
    image = require("PIL.Image", "vision").fromarray(np.ascontiguousarray(pixels, np.uint8))
    return image.convert("L") if gray else image


def _texture() -> np.ndarray:
    """Smooth even pixel values (H, W, 3) from 40 to 200, so that resizing overshoots nothing, of no symmetry."""
    rows, columns = (np.linspace(0, 2 * np.pi, n) for n in _SIZE)
    waves = [np.sin(k * rows + 0.4)[:, None] * np.cos((4 - k) * 0.8 * columns) for k in (1, 2, 3)]
    return (60 + 40 * np.stack(waves, -1)).round().astype(np.uint8) * 2
