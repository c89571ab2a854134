"""Scans on disk: what a path is of, and the spacing that they share."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers import check_refused

pytest.importorskip("nibabel", reason="reads scans: pip install 'symmeter[volumes]'")
pytest.importorskip("pydicom", reason="reads scans: pip install 'symmeter[volumes]'")
from tests.domains.volumes.scans import SPACING, VOXELS, write_nifti, write_series

from symmeter.domains.volumes.data.files import check_path, from_path, is_scan, spacing_at
from symmeter.domains.volumes.data.open import open_volumes
from symmeter.draw import Draw

EXPECTED = torch.from_numpy(VOXELS.transpose(2, 1, 0).copy())[None]


def read(path: Path) -> tuple[list[str], torch.Tensor, torch.Tensor | None]:
    """Names, volumes and labels."""
    batches = list(open_volumes(str(path), Draw()).batches(8))
    names = [name for batch in batches for name in batch.names]
    return names, torch.cat([batch.inputs for batch in batches]), batches[0].labels


def test_folders_of_files_of_classes_and_of_series(tmp_path: Path):
    for name in ("b", "a"):
        (tmp_path / "classes" / name).mkdir(parents=True)
        write_nifti(tmp_path / "classes" / name / "scan.nii.gz", "LPS")
        write_series(tmp_path / "patients" / name)
    names, volumes, labels = read(tmp_path / "classes")
    assert names == ["a/scan.nii.gz", "b/scan.nii.gz"] and labels is not None and labels.tolist() == [0, 1]
    assert torch.equal(volumes, EXPECTED.expand(2, -1, -1, -1, -1))
    names, volumes, labels = read(tmp_path / "patients")
    assert names == ["a", "b"] and labels is None
    assert torch.equal(volumes[0], EXPECTED * 0.5 - 10)
    assert torch.equal(read(tmp_path / "patients" / "a")[1], volumes[:1])
    assert all(spacing_at(str(tmp_path / name)) == pytest.approx(SPACING) for name in ("classes", "patients"))


def test_a_damaged_file_is_skipped_and_named(tmp_path: Path):
    write_nifti(tmp_path / "a.nii")
    (tmp_path / "torn.nii").write_bytes((tmp_path / "a.nii").read_bytes()[:400])
    (tmp_path / "z.nii.gz").write_bytes(b"no scan")
    samples = open_volumes(str(tmp_path), Draw())
    assert [batch.names for batch in samples.batches(4)] == [("a.nii",)]
    assert [name for name, _ in samples.skipped] == ["torn.nii", "z.nii.gz"]
    assert spacing_at(str(tmp_path)) == pytest.approx(SPACING)


def test_spacings_must_agree_and_the_error_names_two_files(tmp_path: Path):
    write_nifti(tmp_path / "a.nii")
    write_nifti(tmp_path / "b.nii", spacing=(1.0, 1.0, 1.0))
    check_refused(
        r"a.nii has voxels of 1 x 1.5 x 2.5 mm and b.nii of 1 x 1 x 1 mm.*say spacing=",
        spacing_at,
        str(tmp_path),
    )


def test_arrays_on_disk(tmp_path: Path):
    np.save(tmp_path / "one.npy", EXPECTED[0].numpy())
    np.save(tmp_path / "two.npy", EXPECTED.numpy())
    names, volumes, _ = read(tmp_path)
    assert names == ["one.npy", "two.npy"] and torch.equal(volumes[0], volumes[1])
    assert spacing_at(str(tmp_path)) is None
    np.save(tmp_path / "counts.npy", EXPECTED.int().numpy())
    check_refused("counts.npy: int32 of shape", read, tmp_path / "counts.npy")


def test_paths_of_no_scans_are_refused(tmp_path: Path):
    (tmp_path / "photo.png").touch()
    check_refused("no such file or folder", check_path, str(tmp_path / "gone.nii"))
    check_refused("volumes are read from", check_path, str(tmp_path / "photo.png"))
    check_refused("no volumes in this folder", from_path, str(tmp_path))
    assert not is_scan(tmp_path) and is_scan(write_nifti(tmp_path / "scan.nii"))
    assert is_scan(tmp_path)


def test_a_missing_package_is_named_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_series(tmp_path / "series")
    for package in ("pydicom", "nibabel"):
        monkeypatch.setitem(sys.modules, package, None)
    for name in ("series", "scan.nii"):
        (tmp_path / "scan.nii").touch()
        check_refused(r"pip install 'symmeter\[volumes\]'", check_path, str(tmp_path / name))
    np.save(tmp_path / "plain.npy", EXPECTED.numpy())
    check_path(str(tmp_path / "plain.npy"))
