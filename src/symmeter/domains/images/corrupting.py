"""Where corruptions act on images: on pixels in [0, 1], before a network's normalisation."""

from collections.abc import Callable

from torch import Tensor

from symmeter.domains.images.own_preprocessing import OwnPreprocessing
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError
from symmeter.source import is_array

_BEYOND = 1e-3  # of [0, 1], for round-off


def in_pixels(
    x: Tensor,
    raw: object,
    change: Callable[[Tensor], Tensor],
    prepared: Preprocessing | OwnPreprocessing,
    said: bool,
) -> Tensor:
    """One network input x (C, H, W), with its pixels in [0, 1] as `change` makes them.

    What was pixels (`raw` in uint8, or a file) is an input by mean and std of the preprocessing, which are then known.
    Floating point inputs may be normalised or not, so that mean and std must have been `said` by the user.
    SymmeterError where they were not, or where they cannot be those of these inputs.
    """
    constants = prepared.constants
    given = is_array(raw) and "float" in str(raw.dtype)
    if given and not said:
        raise SymmeterError(
            "corruptions act on pixels in [0, 1], and images in floating point may be normalised already: give uint8 "
            "pixels or files, or the mean and std that they were normalised by (mean=0, std=1 where they were not)"
        )
    if isinstance(prepared, OwnPreprocessing) and constants is None:
        raise SymmeterError(
            f"corruptions act on pixels in [0, 1], and how preprocessing {prepared.transform.name} normalises them is "
            "not seen: give its mean and std"
        )
    assert constants is not None
    scale = Preprocessing(None, prepared.channels, *constants)
    pixels = scale.denormalise(x)
    low, high = float(pixels.min()), float(pixels.max())
    if given and not -_BEYOND <= low <= high <= 1 + _BEYOND:
        raise SymmeterError(
            f"with this mean and std the pixels of an image run from {low:.3g} to {high:.3g}, and corruptions act on "
            "pixels in [0, 1]: give the mean and std by which the images were normalised"
        )
    return scale.normalise(change(pixels.clamp(0, 1)))
