"""Volumes from tensors, datasets, loaders and archives."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers import Things, check_refused
from torch.utils.data import DataLoader

from symmeter.domains.volumes.data.open import check_data, open_volumes, spacing_of
from symmeter.draw import Draw

VOLUMES = torch.randn(7, 2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
LABELS = [0, 1, 2, 3, 4, 5, 6]
PAIRS = [(volume, label) for volume, label in zip(VOLUMES, LABELS, strict=True)]


def read(data, draw: Draw | None = None):
    """All volumes, and all labels."""
    batches = list(open_volumes(data, draw or Draw()).batches(3))
    known = [batch.labels for batch in batches if batch.labels is not None]
    labels = torch.cat(known).tolist() if known else None
    return torch.cat([batch.inputs for batch in batches]), labels


def test_all_forms_give_the_same(tmp_path: Path):
    np.savez(tmp_path / "volumes.npz", volumes=VOLUMES.numpy(), labels=np.array(LABELS))
    forms = (
        (VOLUMES, LABELS), [VOLUMES.numpy(), np.array(LABELS)], {"volumes": VOLUMES, "labels": LABELS}, Things(PAIRS),
        DataLoader(Things(PAIRS), batch_size=2), [(VOLUMES[:3], LABELS[:3]), (VOLUMES[3:], LABELS[3:])],
        tmp_path / "volumes.npz", str(tmp_path / "volumes.npz"),
    )  # fmt: skip
    for data in forms:
        volumes, labels = read(data)
        assert torch.equal(volumes, VOLUMES) and labels == LABELS
        drawn, of_drawn = read(data, Draw(3, 1))
        assert len(drawn) == 3 and torch.equal(drawn, VOLUMES[of_drawn])
    assert torch.equal(read(VOLUMES)[0], VOLUMES) and read(VOLUMES)[1] is None
    np.save(tmp_path / "volumes.npy", VOLUMES.numpy())
    assert torch.equal(read(tmp_path / "volumes.npy")[0], VOLUMES)


def test_items_may_come_with_masks():
    masks = torch.zeros(7, 3, 4, 5, dtype=torch.long)
    volumes, labels = read(Things(list(zip(VOLUMES, masks, strict=True))))
    assert torch.equal(volumes, VOLUMES) and labels is None


def test_spacing_is_what_the_data_says(tmp_path: Path):
    np.savez(tmp_path / "volumes.npz", volumes=VOLUMES.numpy(), spacing=np.array([1.0, 2.0, 3.0]))
    np.savez(tmp_path / "silent.npz", volumes=VOLUMES.numpy())
    assert spacing_of(str(tmp_path / "volumes.npz")) == (1.0, 2.0, 3.0)
    assert spacing_of({"volumes": VOLUMES, "spacing": [2.0]}) == (2.0, 2.0, 2.0)
    assert spacing_of(str(tmp_path / "silent.npz")) is None
    assert spacing_of(VOLUMES) is None


def test_masks_beside_volumes_are_not_used_and_this_is_said():
    masks = torch.zeros(7, 3, 4, 5, dtype=torch.long)
    for given in (masks, masks.byte(), masks.bool(), masks.numpy()):
        samples = open_volumes((VOLUMES, given), Draw())
        assert samples.notes == ("masks (7, 3, 4, 5) are not used: outputs are compared with each other",)
        volumes, labels = read((VOLUMES, given))
        assert torch.equal(volumes, VOLUMES) and labels is None
    assert open_volumes(VOLUMES, Draw()).notes == ()


def test_what_is_no_batch_of_volumes_is_refused_in_one_line(tmp_path: Path):
    np.savez(tmp_path / "other.npz", pictures=VOLUMES.numpy())
    (tmp_path / "torn.npz").write_bytes(b"no archive")
    (tmp_path / "torn.npy").write_bytes(b"no array")
    check_refused(r"x\[None\] for one volume of 2 channels", read, VOLUMES[0])
    check_refused("int64 of shape", read, VOLUMES.long())
    check_refused("give floating point volumes", read, VOLUMES[0, 0])
    check_refused("cannot come from int", read, 3)
    check_refused("7 volumes", read, (VOLUMES, [0]))
    check_refused(r"second array of shape \(7, 3, 4, 5\)", read, (VOLUMES, VOLUMES[:, 0]))
    check_refused("nor a mask of whole numbers", read, (VOLUMES, VOLUMES[:6, 0].long()))
    check_refused("no volume in a dictionary with pictures", read, str(tmp_path / "other.npz"))
    check_refused("not a readable .npz", read, str(tmp_path / "torn.npz"))
    check_refused("none of the 1 volumes could be read: torn.npy", read, str(tmp_path / "torn.npy"))
    check_refused("no such file", check_data, str(tmp_path / "gone.npz"))
    check_refused("differ in size", read, Things([torch.rand(1, 4, 4, 4), torch.rand(1, 4, 4, 5)]))
    check_refused("differ in their channels", read, Things([torch.rand(1, 4, 4, 4), torch.rand(2, 4, 4, 4)]))


@pytest.mark.parametrize("steps", [[1.0, 2.0], [[1.0, 2.0, 3.0, 4.0]]])
def test_a_spacing_of_another_number_of_axes_is_refused(steps):
    check_refused("spacing", spacing_of, {"volumes": VOLUMES, "spacing": steps})
