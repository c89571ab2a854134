"""Masks beside samples on a grid, one number for every position: what segmenters are trained on."""

from dataclasses import replace
from typing import Any

import numpy as np

from symmeter.source import Source, is_array

_WHOLE = ("int", "bool")  # in the names of types, of torch and of NumPy


def are_masks(samples: object, masks: object) -> bool:
    """Whether a second array is whole numbers (N, *sizes) for samples (N, C, *sizes), or with their channels last.

    >>> images = np.zeros((5, 3, 8, 6))
    >>> are_masks(images, np.zeros((5, 8, 6), int)), are_masks(images, np.zeros((5, 8, 6)))
    (True, False)
    """
    if not is_array(samples) or not is_array(masks):
        return False
    shape = tuple(samples.shape)
    fits = len(shape) > 3 and tuple(masks.shape) in ((shape[0], *shape[2:]), shape[:-1])
    return fits and any(kind in str(masks.dtype) for kind in _WHOLE)


def without(source: Source, masks: Any) -> Source:
    """The source of samples, which says that their masks (N, *sizes) are not used."""
    note = f"masks {tuple(np.shape(masks))} are not used: outputs are compared with each other"
    return replace(source, notes=(*source.notes, note))
