"""Data sets of Hugging Face, and iterables of single items: images and labels under whatever names."""

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import UNKNOWN, check_refused, images_of, pixels
from torch.utils.data import DataLoader, Subset

from symmeter.domains.images.data.columns import columns_of
from symmeter.domains.images.data.open import open_data

SEEN = pixels(4)
PICTURES = [Image.fromarray(one) for one in SEEN]
EXPECTED = torch.from_numpy(SEEN).movedim(-1, 1) / 255
KINDS = datasets.ClassLabel(names=["cat", "dog"])


def of(label="kind", image="picture", **more):
    """A data set with an image and a class under these names."""
    features = datasets.Features(
        {"id": datasets.Value("string"), image: datasets.Image(), label: KINDS, **more}
    )
    rows = {"id": list("abcd"), image: PICTURES, label: [0, 1, 1, 0], **dict.fromkeys(more, PICTURES)}
    return datasets.Dataset.from_dict(rows, features=features)


@pytest.mark.parametrize(("label", "image"), [("kind", "picture"), ("label", "image"), ("fine_label", "img")])
def test_columns_are_found_by_their_features(label, image):
    data = of(label, image)
    for form, total in {
        data: 4, data.with_format("torch"): 4, data.with_format("numpy"): 4, data.to_iterable_dataset(): None,
        Subset(data, range(4)): 4, DataLoader(data, batch_size=None): 4,
    }.items():  # fmt: skip
        images, labels, _ = images_of(form)
        torch.testing.assert_close(images, EXPECTED)
        assert labels == [0, 1, 1, 0] and open_data(form, UNKNOWN).total == total
        assert open_data(form, UNKNOWN).classes.names == {0: "cat", 1: "dog"}
    images, labels, _ = images_of(data, samples=2)
    assert len(images) == 2 and images_of(data.select([1]))[1] == [1]


def test_of_several_images_the_usual_name_counts():
    assert columns_of(of(image="image", thumbnail=datasets.Image())).images[0] == "image"
    check_refused("several columns are images .picture, mask.", columns_of, of(mask=datasets.Image()))
    assert columns_of([1]) == columns_of(None) == columns_of(object())


def test_iterables_of_single_items():
    made = {
        "pictures": lambda: ((picture, i) for i, picture in enumerate(PICTURES)),
        "dictionaries": lambda: ({"__key__": "k", "jpg": p, "cls": i} for i, p in enumerate(PICTURES)),
        "pixels": lambda: ((one, np.int64(i)) for i, one in enumerate(SEEN)),
        "inputs": lambda: ((one, torch.tensor(i)) for i, one in enumerate(EXPECTED)),
        "alone": lambda: iter(PICTURES),
    }
    for name, make in made.items():
        images, labels, _ = images_of(make())
        torch.testing.assert_close(images, EXPECTED)
        assert labels == (None if name == "alone" else [0, 1, 2, 3]), name
        assert torch.equal(images_of(list(make()))[0], images)
        assert torch.equal(images_of(make(), samples=2)[0], images[:2])


def test_items_may_be_paths(tmp_path):
    for i, picture in enumerate(PICTURES):
        picture.save(tmp_path / f"{i}.png")
    pairs = [(str(tmp_path / f"{i}.png"), i) for i in range(4)]
    for data in (pairs, iter(pairs)):
        images, labels, _ = images_of(data)
        assert labels == [0, 1, 2, 3]
        torch.testing.assert_close(images, EXPECTED)
    (tmp_path / "2.png").write_text("no image")
    data = open_data(pairs, UNKNOWN)
    assert sum(len(batch.names) for batch in data.batches(2)) == 3 and data.skipped[0][0] == "image[2]"
