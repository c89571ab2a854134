"""NIfTI files: voxels along the axes of space, whichever way the file has them."""

from pathlib import Path

import numpy as np
import pytest
from tests.helpers import check_refused

pytest.importorskip("nibabel", reason="reads scans: pip install 'symmeter[volumes]'")
from tests.domains.volumes.scans import SPACING, VOXELS, write_nifti

from symmeter.domains.volumes.data.nifti import read, steps

EXPECTED = VOXELS.transpose(2, 1, 0)[None]  # (C, D, H, W): z, y, x


@pytest.mark.parametrize("codes", ["RAS", "LPS", "AIR", "SPL", "PRI"])
def test_voxels_lie_along_space_whatever_the_file_does(tmp_path: Path, codes: str):
    scan = read(write_nifti(tmp_path / "scan.nii.gz", codes))
    assert np.array_equal(scan.voxels.numpy(), EXPECTED)
    assert scan.spacing == pytest.approx(SPACING)
    assert steps(tmp_path / "scan.nii.gz") == pytest.approx(SPACING)


def test_an_axis_of_one_volume_is_no_time_and_a_longer_one_is(tmp_path: Path):
    one = write_nifti(tmp_path / "one.nii", voxels=VOXELS[..., None])
    assert np.array_equal(read(one).voxels.numpy(), EXPECTED)
    series = write_nifti(tmp_path / "series.nii", voxels=np.stack([VOXELS, VOXELS], -1))
    check_refused("series.nii: 6 x 5 x 4 x 2 is a series of volumes", read, series)


def test_a_plane_is_no_volume(tmp_path: Path):
    import nibabel

    nibabel.save(nibabel.Nifti1Image(VOXELS[..., 0], np.eye(4)), tmp_path / "plane.nii")
    with pytest.raises(ValueError, match="is no volume"):
        read(tmp_path / "plane.nii")
