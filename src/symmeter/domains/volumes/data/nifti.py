"""NIfTI files: spacing and orientation are in the header."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from symmeter.domains.volumes.data.scan import EXTRA, Format, Scan, along_space, steps_of
from symmeter.domains.volumes.options import Spacing
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import check_unpacked


def read(path: Path) -> Scan:
    """The scan of a file, scaled as its header says."""
    image = _image(path)
    check_unpacked(path, math.prod(image.shape) * image.dataobj.dtype.itemsize)
    values = np.asarray(image.dataobj, dtype=np.float32)
    return along_space(values.reshape(image.shape[:3]), image.affine)


def steps(path: Path) -> Spacing:
    """The spacing along x, y, z of space, from the header alone."""
    return steps_of(_image(path).affine)


def _image(path: Path) -> Any:
    """The image whose voxels are still on disk; SymmeterError for a series in time."""
    image = require("nibabel", EXTRA).load(path)
    if len(image.shape) < 3 or 0 in image.shape:
        raise ValueError(f"an image of shape {image.shape} is no volume")
    if any(size > 1 for size in image.shape[3:]):
        shape = " x ".join(map(str, image.shape))
        raise SymmeterError(
            f"{path.name}: {shape} is a series of volumes: write one of them to a file of its own"
        )
    return image


NIFTI = Format(steps, read, ("nibabel",))
