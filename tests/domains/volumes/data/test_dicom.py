"""Series of DICOM slices: in the order of space, scaled, and one to a folder."""

from pathlib import Path

import numpy as np
import pytest
from tests.helpers import check_refused

pytest.importorskip("pydicom", reason="reads scans: pip install 'symmeter[volumes]'")
pytest.importorskip("nibabel", reason="reads scans: pip install 'symmeter[volumes]'")
from tests.domains.volumes.scans import SPACING, VOXELS, write_series

from symmeter.domains.volumes.data.dicom import read, steps


def test_slices_come_in_the_order_of_space_with_their_scale(tmp_path: Path):
    scan = read(write_series(tmp_path / "series"))
    assert np.array_equal(scan.voxels.numpy(), VOXELS.transpose(2, 1, 0)[None] * 0.5 - 10)
    assert scan.spacing == pytest.approx(SPACING)
    assert steps(tmp_path / "series") == pytest.approx(SPACING)


def test_a_folder_of_two_series_or_with_a_gap_is_refused(tmp_path: Path):
    both = write_series(tmp_path / "both")
    write_series(both, prefix="other")
    check_refused("both: 2 series in one folder", read, both)
    torn = write_series(tmp_path / "torn")
    (torn / "slice06.dcm").rename(tmp_path / "inner.dcm")  # the third of four
    check_refused("torn: slices are 2.5 to 5 mm apart", steps, torn)


def test_one_slice_is_no_volume(tmp_path: Path):
    single = write_series(tmp_path / "single", VOXELS[:, :, :1])
    check_refused("one slice is no volume", read, single)
