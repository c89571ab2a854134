"""Which axes of an array are its channels, and what a shape that is no batch of images may have been meant as."""

import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from symmeter.errors import SymmeterError

SIGNALS = "signals (N, C, L), and these are measured as images (N, C, H, W): say domain='signals'"
VOLUMES = (
    "volumes or video (N, C, D, H, W), and symmeter takes images (N, C, H, W): give x.flatten(1, 2), "
    "and a network that takes it apart again, x.unflatten(1, (C, D))"
)
_COLOURS = (1, 3, 4)  # channels of gray and colour pixels, with transparency or without


class Wanted(NamedTuple):
    """What the network takes: channels, None where that is not known, and the number of axes of its grid."""

    channels: int | None = 3
    axes: int = 2

    def count(self, n: int) -> bool:
        """Whether n can be the number of channels."""
        return n in _COLOURS if self.channels is None else n == self.channels


def check_inputs(shape: Sequence[int], wanted: Wanted, name: str) -> None:
    """SymmeterError for floating point inputs that are no batch of images (N, C, H, W)."""
    if len(shape) != 4 or 0 in shape:
        raise misread(shape, wanted, name)
    taken = {1: SIGNALS, 3: VOLUMES}.get(wanted.axes)
    if taken:
        raise SymmeterError(
            f"{name}: shape {tuple(shape)} is a batch of images, and the network takes {taken}"
        )
    if wanted.channels is None:
        last = shape[-1] == 3 and shape[1] == shape[2] > 4
    else:
        last = shape[-1] == wanted.channels != shape[1] and min(shape[1:3]) > 1
    if last:
        raise SymmeterError(f"{name}: shape {tuple(shape)} has its channels last; give (N, C, H, W)")


def misread(shape: Sequence[int], wanted: Wanted, name: str) -> SymmeterError:
    """The error for what is no batch of images: what it seems to be, and the way around."""
    said = f"{name}: shape {tuple(shape)}"
    axes = 0 if 0 in shape else len(shape)
    if axes == 5:
        return SymmeterError(f"{said} is a batch of {VOLUMES}")
    if axes != 3:
        return SymmeterError(f"{name}: images of shape {tuple(shape)}; give (N, C, H, W)")
    image = "is one image; add a batch axis: images[None]"
    if wanted.axes == 1:
        return SymmeterError(f"{said} is a batch of {SIGNALS}")
    if wanted.axes == 3:
        return SymmeterError(f"{said} is neither a batch of images nor of {VOLUMES}")
    first, second, last = shape
    as_image = (wanted.count(first) and second > 1) or (wanted.count(last) and not wanted.count(second))
    as_signals = wanted.count(second) and last > second
    if as_image:
        both = as_signals and wanted.channels is None and last > 4 * second
        other = f"; or it is a batch of {SIGNALS}" if both else ""
        return SymmeterError(f"{said} {image}{other}")
    if as_signals:
        return SymmeterError(f"{said} is a batch of {SIGNALS}")
    many = "C" if wanted.channels is None else wanted.channels
    return SymmeterError(
        f"{said} has no axis of channels: give images (N, {many}, H, W), such as images[:, None] for gray ones, "
        "or images[None] if it is one image"
    )


def channels_first(pixels: Tensor, wanted: Wanted, name: str, last: bool = False) -> Tensor:
    """Pixels (..., H, W, C) or (..., C, H, W) as (..., C, H, W).

    The axis of channels is the one that has as many as the network wants; else the one that has as many as gray or
    coloured pixels have; else the one that is smaller than the others. Where both would do, `last` decides.

    >>> import torch
    >>> channels_first(torch.zeros(5, 32, 40, 13), Wanted(13), "pixels").shape
    torch.Size([5, 13, 32, 40])
    """
    first, middle, final = pixels.shape[-3:]
    counts = [(first == wanted.channels, final == wanted.channels), (first in _COLOURS, final in _COLOURS)]
    if wanted.channels is None:
        counts.append((first < min(middle, final), final < min(first, middle)))
    found = next(filter(any, counts), None)
    if found is None:
        some = "" if wanted.channels is None else f", and the network wants {wanted.channels} channels"
        raise SymmeterError(
            f"{name}: pixels of shape {tuple(pixels.shape)}{some}: give (N, H, W, C) or (N, C, H, W)"
        )
    at_last = {(True, False): False, (False, True): True, (True, True): last}
    return pixels.movedim(-1, -3) if at_last[found] else pixels


def fitted(pixels: Tensor, wanted: Wanted) -> Tensor:
    """uint8 (C, H, W) with the channels that the network takes: without transparency, gray in all three of colour.

    SymmeterError, with both numbers, where they do not fit.
    """
    count = len(pixels)
    if wanted.channels in (None, count):
        return pixels
    fitting = _FITTING.get((count, wanted.channels))
    if fitting is None:
        raise SymmeterError(f"the network wants {wanted.channels} channels, and the images have {count}")
    return fitting(pixels)


_colour_of = operator.itemgetter(slice(3))  # made gray where the pixels become inputs, if need be
# (channels of the images, channels of the network): what becomes of pixels (C, H, W)
_FITTING: dict[tuple[int, int | None], Callable[[Tensor], Tensor]] = {
    (4, 3): _colour_of,
    (4, 1): _colour_of,
    (3, 1): _colour_of,
    (1, 3): operator.methodcaller("expand", 3, -1, -1),
}
