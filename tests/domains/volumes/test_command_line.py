"""Scans on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nibabel", reason="reads scans: pip install 'symmeter[volumes]'")
from tests.domains.volumes.scans import write_nifti

from symmeter.cli.app import main

CODE = """
from torch import nn

def unet():
    return nn.Sequential(nn.Conv3d(1, 2, 3, padding=1), nn.GELU(), nn.Conv3d(2, 2, 3, padding=1)).eval()
"""


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`net.py:unet` in the current folder, with cubes in `cubes` and a slab in `slab.nii.gz`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(CODE)
    (tmp_path / "cubes").mkdir()
    random = np.random.default_rng(0)
    for i in range(6):
        voxels = random.random((6, 6, 6), dtype=np.float32)
        write_nifti(tmp_path / "cubes" / f"{i}.nii.gz", "LPS", voxels, spacing=(1.0, 1.0, 1.0))
    write_nifti(tmp_path / "slab.nii.gz", voxels=voxels, spacing=(1.0, 1.0, 3.0))


@pytest.mark.usefixtures("scans")
def test_scans_are_measured_and_their_spacing_counts(capsys: pytest.CaptureFixture[str]):
    words = ["--symmetry", "octahedral,translation_z", "--output", "logits", "--no-control"]
    assert main(["measure", "net.py:unet", "cubes", *words]) == 0
    said = capsys.readouterr().out
    assert "octahedral" in said and "6 volumes" in said and "grid, channels first" in said
    assert main(["measure", "net.py:unet", "slab.nii.gz", *words]) == 2
    assert "exchanges axes of a volume of 6 x 6 x 18 mm" in capsys.readouterr().err
    assert main(["measure", "net.py:unet", "gone.nii.gz", *words]) == 2
    assert "gone.nii.gz: no such file" in capsys.readouterr().err


@pytest.mark.usefixtures("scans")
def test_the_error_by_frequency_along_three_axes(capsys: pytest.CaptureFixture[str]):
    words = ["--symmetry", "translation_z", "--output", "logits", "--no-control", "--bands", "--json", "-"]
    assert main(["measure", "net.py:unet", "slab.nii.gz", *words, "--definition", "periodic"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bands"]["sizes"] == {"x": 6, "y": 6, "z": 6}
    for axis in "xyz":
        total = sum(found["bands"]["power"]["translation_z"][axis])
        assert total == pytest.approx(found["rows"][0]["value"], rel=1e-6), axis
