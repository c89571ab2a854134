"""The way in: what is recognised, what it is called, and one line for what cannot be used."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers import UNKNOWN, Things, check_refused, images_of, pixels, write
from torch.utils.data import Subset, TensorDataset

from symmeter.domains.images.data.open import open_data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"pictures": 1}, "no image in a dictionary with pictures"),
        (3, "images cannot come from int"),
        (None, "images cannot come from NoneType"),
        ([], "no images"),
        (Things([]), "no images"),
        (iter([]), "none of the 0 images could be read"),
        ("builtin:photo", "unknown data 'builtin:photo'; did you mean 'builtin:photos'"),
        ("no/such/place", "no/such/place: no such file or folder"),
    ],
)
def test_wrong_data_give_one_line(data, words):
    check_refused(words, images_of, data)


@pytest.mark.parametrize("samples", [0, -1, 2.5, True])
def test_samples_must_be_a_positive_whole_number(samples):
    check_refused("give a positive whole number", images_of, torch.zeros(2, 3, 4, 4), samples=samples)


def test_subsets_and_shared_photographs(shared_data):
    photos = shared_data / "images" / "photos"
    data = open_data(photos, UNKNOWN.override(img_size=32), samples=6)
    (batch,) = data.batches(6)
    assert (data.total, data.summary()["labelled"], data.skipped) == (6, True, [])
    assert batch.inputs.shape == (6, 3, 32, 32)
    assert data.name == "photos"
    with np.load(shared_data / "images" / "cifar10" / "test.npz") as archive:
        rows = Subset(TensorDataset(torch.from_numpy(archive["images"][:50])), range(0, 50, 10))
        expected = archive["images"][:50:10]
    images, _, _ = images_of(rows)
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), expected / 255, atol=1e-6)


def test_paths_are_shown_by_their_last_part_and_kept_as_typed(tmp_path, monkeypatch):
    write(tmp_path, "photos/a.png")
    np.savez(tmp_path / "test.npz", images=pixels())
    typed = {
        f"{tmp_path}/photos/": "photos",
        f"{tmp_path}/photos/a.png": "a.png",
        f"{tmp_path}/test.npz": "test.npz",
    }
    monkeypatch.chdir(tmp_path / "photos")
    monkeypatch.setenv("HOME", str(tmp_path))
    typed |= {
        ".": "photos",
        "..": tmp_path.name,
        "../photos": "photos",
        "~/photos": "photos",
        "a.png": "a.png",
    }
    for path, name in typed.items():
        data = open_data(path, UNKNOWN)
        assert data.name == data.summary()["name"] == name
        assert data.summary()["path"] == path
    assert open_data(Path("a.png"), UNKNOWN).summary()["path"] == "a.png"
    os.symlink(tmp_path / "photos", tmp_path / "link")
    assert open_data(tmp_path / "link", UNKNOWN).name == "link"


def test_mistakes_name_the_whole_path(tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_text("no image")
    check_refused(f"^{tmp_path}/bad: none of the 1 images", images_of, tmp_path / "bad")
    np.savez(tmp_path / "bad.npz", images=pixels(), labels=[1])
    check_refused(f"^{tmp_path}/bad.npz: 1 labels for 5 images", images_of, tmp_path / "bad.npz")


def test_data_without_a_place_have_no_path(tmp_path):
    write(tmp_path, "a.png")
    for data in (torch.zeros(2, 3, 4, 4), [tmp_path / "a.png"], Things([torch.zeros(3, 4, 4)])):
        assert open_data(data, UNKNOWN).summary()["path"] is None
