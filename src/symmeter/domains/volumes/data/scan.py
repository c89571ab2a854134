"""One scan as it was read: its voxels along the axes of space, and how far apart they are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.volumes.options import Spacing
from symmeter.optional import require

EXTRA = "volumes"  # what brings nibabel and pydicom


@dataclass(frozen=True)
class Scan:
    """Voxels (C, D, H, W), with x along the last axis, and their steps along x, y, z; None where nothing says them."""

    voxels: Tensor
    spacing: Spacing | None


@dataclass(frozen=True)
class Format:
    """A kind of file, or folder, that holds one scan: `steps` reads the spacing alone, `read` everything.

    `packages` are those that read it.
    """

    steps: Callable[[Path], Spacing | None]
    read: Callable[[Path], Scan]
    packages: tuple[str, ...] = ()


def along_space(values: np.ndarray, affine: np.ndarray) -> Scan:
    """The scan of values (I, J, K) whose voxel (i, j, k) lies at `affine` (4, 4) times (i, j, k, 1) in space.

    Axes are exchanged and turned round so that they point along x, y, z as closely as whole axes can: to the right, to
    the front and up, where the places in space do, as those of NIfTI.
    """
    nibabel = require("nibabel", EXTRA)
    image = nibabel.as_closest_canonical(nibabel.Nifti1Image(values, affine))
    voxels = np.asarray(image.dataobj, dtype=np.float32).transpose(2, 1, 0)
    return Scan(torch.from_numpy(np.ascontiguousarray(voxels))[None], steps_of(image.affine))


def steps_of(affine: np.ndarray) -> Spacing:
    """How far apart voxels are along x, y, z of space, for an affine map (4, 4) as in `along_space`.

    ValueError where they are no distances.

    >>> steps_of(np.array([[0.0, 2.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 1.0]]))
    (2.0, 1.0, 3.0)
    """
    order = require("nibabel", EXTRA).io_orientation(affine)[:, 0].argsort()
    x, y, z = np.linalg.norm(affine[:3, :3], axis=0)[order].tolist()
    if not (0 < x < np.inf and 0 < y < np.inf and 0 < z < np.inf):
        raise ValueError(f"its voxels measure {x:g} x {y:g} x {z:g}")
    return x, y, z
