"""Series of DICOM slices: one folder is one volume, its slices in the order of their places in space."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from symmeter.domains.volumes.data.scan import EXTRA, Format, Scan, along_space, steps_of
from symmeter.domains.volumes.options import Spacing
from symmeter.errors import SymmeterError, shortened
from symmeter.optional import require
from symmeter.source import check_unpacked, files_in

EXTENSION = ".dcm"
_TO_RIGHT_FRONT = np.diag([-1.0, -1.0, 1.0])  # DICOM counts to the left and to the back
_EVEN = 0.01  # of a step: how far slices may be out of line


def read(folder: Path) -> Scan:
    """The scan of the slices in a folder, in the units of the modality."""
    slices, affine = _series(folder)
    for one in slices:
        size = (
            int(one.Rows)
            * int(one.Columns)
            * int(one.get("NumberOfFrames") or 1)
            * int(one.BitsAllocated)
            // 8
        )
        check_unpacked(Path(one.filename), size)
    planes = [
        one.pixel_array * _number(one, "RescaleSlope", 1) + _number(one, "RescaleIntercept", 0)
        for one in slices
    ]
    return along_space(np.stack(planes, -1).swapaxes(0, 1).astype(np.float32), affine)


def steps(folder: Path) -> Spacing:
    """The spacing along x, y, z of space, from the tags alone."""
    _, affine = _series(folder, stop_before_pixels=True)
    return steps_of(affine)


def _series(folder: Path, **how: bool) -> tuple[list[Any], np.ndarray]:
    """The slices in order, and the affine map (4, 4) from (column, row, slice) to space."""
    load: Callable = require("pydicom", EXTRA).dcmread
    slices = [load(file, **how) for file in files_in(folder, (EXTENSION,))]
    found = {str(one.SeriesInstanceUID): str(getattr(one, "SeriesDescription", "")) for one in slices}
    if len(found) > 1:
        names = shortened([description or uid for uid, description in found.items()])
        raise SymmeterError(
            f"{folder.name}: {len(found)} series in one folder ({names}): give a folder to each"
        )
    across, down = np.array(slices[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    normal = np.cross(across, down)
    slices.sort(key=lambda one: float(normal @ _place(one)))
    steps = np.array([one.PixelSpacing for one in slices], dtype=float)
    if not (steps > 0).all() or np.ptp(steps, 0).max() > 1e-6 * steps.max():
        raise SymmeterError(
            f"{folder.name}: its slices have PixelSpacing {steps.min():g} to {steps.max():g} mm"
        )
    row_step, column_step = steps[0]
    affine = np.eye(4)
    columns = [column_step * across, row_step * down, _between(slices, normal, folder)]
    affine[:3, :3] = _TO_RIGHT_FRONT @ np.stack(columns, -1)
    return slices, affine


def _between(slices: list[Any], normal: np.ndarray, folder: Path) -> np.ndarray:
    """The step (3,) from slice to slice; SymmeterError where one is missing."""
    if len(slices) < 2:
        raise SymmeterError(f"{folder.name}: one slice is no volume")
    gaps = np.diff([normal @ _place(one) for one in slices])
    step = float(np.median(gaps))
    if step <= 0 or np.abs(gaps - step).max() > _EVEN * step:
        raise SymmeterError(
            f"{folder.name}: slices are {gaps.min():.4g} to {gaps.max():.4g} mm apart: some are missing, or lie twice"
        )
    return step * normal


def _place(one: Any) -> np.ndarray:
    """Where a slice begins, (3,)."""
    return np.array(one.ImagePositionPatient, dtype=float)


def _number(one: Any, tag: str, default: float) -> float:
    return float(getattr(one, tag, default))


DICOM = Format(steps, read, ("pydicom", "nibabel"))
