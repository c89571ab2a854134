"""What stands beside samples in datasets, loaders, dictionaries and folders is named, and changes nothing."""

import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import Things, check_refused, write
from torch.utils.data import DataLoader, TensorDataset

from symmeter.domains.images.data.open import open_data
from symmeter.domains.signals.data import open_signals
from symmeter.domains.signals.options import SignalOptions
from symmeter.domains.volumes.data.open import open_volumes
from symmeter.draw import Draw
from symmeter.measuring.measure import measure
from symmeter.verbs.warned import SymmeterWarning

IMAGES, MASKS = torch.rand(4, 3, 8, 6), torch.zeros(4, 8, 6, dtype=torch.long)
BOXES = {"boxes": torch.rand(2, 4), "labels": torch.tensor([1, 2]), "image_id": 7}
PICTURE = Image.fromarray(np.zeros((8, 6, 3), np.uint8))


def notes_of(samples):
    """The notes once all samples have been read, and the labels."""
    labels = [None if batch.labels is None else batch.labels.tolist() for batch in samples.batches(2)]
    return samples.notes, labels


def note(names, item="image"):
    return (f"beside {item}s and not used: {names} (outputs are compared with each other)",)


@pytest.mark.parametrize(
    ("item", "names", "label"),
    [
        ((IMAGES[0], MASKS[0]), "masks", None),
        ((IMAGES[0], MASKS[:1, :, :].float()), "masks", None),
        ((IMAGES[0], MASKS[0].numpy()), "masks", None),
        ((PICTURE, Image.fromarray(np.zeros((8, 6), np.uint8))), "masks", None),
        ((IMAGES[0], torch.rand(10)), "arrays (10,)", None),
        ((IMAGES[0], BOXES), "boxes, labels", None),
        ((PICTURE, [{"bbox": [1, 2, 3, 4], "category_id": 3}]), "bbox", None),
        ((IMAGES[0], 3, MASKS[0]), "masks", 3),
        ({"image": IMAGES[0], "mask": MASKS[0], "label": 3, "file": "a.png"}, "mask", 3),
        ({"image": IMAGES[0], "boxes": [[1, 2, 3, 4]], "depth": torch.rand(1, 8, 6)}, "boxes, depth", None),
    ],
)
def test_items_of_datasets_with_more_than_a_class_are_named(item, names, label):
    found, labels = notes_of(open_data(Things([item] * 4)))
    assert found == note(names)
    assert labels == [None if label is None else [label, label]] * 2


@pytest.mark.parametrize(
    "item", [(IMAGES[0], 3), (IMAGES[0], "a.png"), (IMAGES[0], []), IMAGES[0], {"x": IMAGES[0], "id": 3}]
)
def test_classes_numbers_and_texts_need_no_remark(item):
    assert notes_of(open_data(Things([item] * 4)))[0] == ()


@pytest.mark.parametrize(
    ("batches", "names"),
    [
        (DataLoader(TensorDataset(IMAGES, MASKS), batch_size=2), "masks"),
        (DataLoader(Things([{"image": IMAGES[0], "mask": MASKS[0], "id": 1}] * 4), batch_size=2), "mask"),
        (DataLoader(Things([(IMAGES[0], BOXES)] * 4), batch_size=2, collate_fn=lambda b: tuple(zip(*b, strict=True))), "boxes, labels"),
        ([[IMAGES[:2], MASKS[:2]], [IMAGES[2:], MASKS[2:]]], "masks"),
        ([(IMAGES[:2], [torch.rand(1, 4), torch.rand(3, 4)])] * 2, "arrays (1, 4)"),
        ({"images": IMAGES, "masks": MASKS, "ids": torch.arange(4)}, "masks"),
    ],
)  # fmt: skip
def test_batches_and_dictionaries_with_more_are_named(batches, names):
    found, labels = notes_of(open_data(batches))
    assert found == note(names)
    assert labels == [None, None]


def test_loaders_with_classes_need_no_remark():
    found, labels = notes_of(open_data(DataLoader(TensorDataset(IMAGES, torch.arange(4)), batch_size=2)))
    assert (found, labels) == ((), [[0, 1], [2, 3]])


def test_masks_beside_volumes_and_signals_are_named(tmp_path):
    volumes, masks = torch.rand(3, 1, 4, 5, 6), torch.zeros(3, 4, 5, 6, dtype=torch.long)
    assert notes_of(open_volumes(Things(list(zip(volumes, masks, strict=True))), Draw()))[0] == note(
        "masks", "volume"
    )
    arrays = {"volumes": volumes.numpy(), "segmentation": masks.numpy(), "spacing": np.ones(3)}
    np.savez(tmp_path / "v.npz", **arrays)
    assert notes_of(open_volumes(tmp_path / "v.npz", Draw()))[0] == note("segmentation", "volume")
    signals = Things([(torch.rand(1, 8), torch.zeros(8))] * 2)
    assert notes_of(open_signals(signals, SignalOptions(), Draw()))[0] == note("arrays (8,)", "signal")


def test_a_result_says_it_once_and_is_the_same_without():
    net = torch.nn.Conv2d(3, 2, 3, padding=1).eval()
    run = lambda data: measure(net, data, "shift(1)", "relative_error", "logits", elements=3, control=False)
    with pytest.warns(SymmeterWarning, match="beside images and not used: masks") as told:
        found = run(Things(list(zip(IMAGES, MASKS, strict=True))))
    assert len(told) == 1
    assert found.rows[0].value == run(IMAGES).rows[0].value


def test_what_outputs_are_compared_with_is_used():
    net = torch.nn.Conv2d(3, 4, 3, padding=1).eval()
    items = Things([(x, {"logits": torch.rand(4, 8, 6), "mask": MASKS[0]}) for x in IMAGES])
    with pytest.warns(SymmeterWarning, match="not used: mask "):
        found = measure(net, items, "hflip", "relative_error", "logits", control=False, average=(2,))
    assert [(one.output, one.n) for one in found.averages] == [("logits", len(IMAGES))]


def test_folders_of_masks_are_no_class(tmp_path):
    first = [write(tmp_path, f"Images/{name}.png", seed) for seed, name in enumerate("ab")]
    for name in "ab":
        write(tmp_path, f"masks/{name}.png")
    samples = open_data(tmp_path)
    assert samples.notes == ("sub-folders of masks left out (masks): outputs are compared with each other",)
    (batch,) = samples.batches(4)
    assert batch.names == ("Images/a.png", "Images/b.png")
    assert batch.labels is None
    torch.testing.assert_close(batch.inputs[1], first[1])


def test_folders_whose_names_only_sound_like_masks_are_classes(tmp_path):
    for name in ("mask", "no_mask"):
        write(tmp_path, f"{name}/a.png")
    assert notes_of(open_data(tmp_path)) == ((), [[0, 1]])


def test_files_of_masks_beside_images_are_left_out(tmp_path):
    for name in ("ant/a", "ant/a_mask", "ant/a_mask_1", "bee/a_mask", "bee/b-seg"):
        write(tmp_path, f"{name}.png")
    samples = open_data(tmp_path)
    assert samples.notes == ("2 files of masks left out, such as a_mask.png",)
    (batch,) = samples.batches(8)
    assert batch.names == ("ant/a.png", "bee/a_mask.png", "bee/b-seg.png")
    assert batch.labels is not None
    assert batch.labels.tolist() == [0, 1, 1]


def test_folders_of_masks_alone_give_one_line(tmp_path):
    (tmp_path / "images").mkdir()
    write(tmp_path, "masks/a.png")
    check_refused("no images in this folder", open_data, tmp_path)
