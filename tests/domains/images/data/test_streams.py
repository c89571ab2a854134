"""Datasets, loaders and iterables of every form give the same images and labels."""

import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import UNKNOWN, Things, check_refused, images_of, pixels
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from symmeter.domains.images.data.open import open_data
from symmeter.errors import SymmeterError


class Endless(IterableDataset):
    def __iter__(self):
        for i in range(7):
            yield torch.full((3, 4, 4), float(i)), i


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x, y: (x, y),
        lambda x, y: (x,),
        lambda x, y: x,
        lambda x, y: {"image": x, "label": y},
        lambda x, y: {"pixel_values": x, "labels": torch.tensor(y), "other": "text"},
        lambda x, y: {"x": x, "y": np.int64(y)},
        lambda x, y: (x, y, "name"),
    ],
)
@pytest.mark.parametrize("kind", ["tensor", "PIL", "array", "gray"])
def test_datasets_of_every_form(wrap, kind):
    values = pixels()
    make = {
        "tensor": lambda v: torch.from_numpy(v).permute(2, 0, 1) / 255,
        "PIL": Image.fromarray,
        "array": np.asarray,
        "gray": lambda v: torch.from_numpy(v[..., 0]),
    }[kind]
    data = Things([wrap(make(v), i) for i, v in enumerate(values)])
    images, labels, _ = images_of(data)
    expected = values if kind != "gray" else values[..., :1].repeat(3, -1)
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), expected / 255, atol=1e-6)
    has_labels = not isinstance(wrap(0, 0), int) and len(wrap(0, 0)) > 1
    assert labels == (list(range(5)) if has_labels else None)


@pytest.mark.parametrize("loader_batch", [1, 3, 5])
@pytest.mark.parametrize("samples", [None, 4])
def test_loaders_are_rechunked_and_sampled(loader_batch, samples):
    x = torch.rand(10, 3, 4, 4)
    loader = DataLoader(TensorDataset(x, torch.arange(10)), batch_size=loader_batch)
    images, labels, names = images_of(loader, batch_size=2, samples=samples)
    assert labels is not None
    assert torch.equal(images, x[labels])
    assert names == [f"image[{i}]" for i in labels]
    assert labels == (list(range(10)) if samples is None else sorted(labels))
    assert len(labels) == (samples or 10)
    assert open_data(loader, UNKNOWN, samples=samples).total == (samples or 10)
    assert samples is None or images_of(loader, samples=samples)[1] == labels != [0, 1, 2, 3]


def test_loaders_with_an_order_of_their_own_give_it():
    x = torch.arange(10.0).view(10, 1, 1, 1)
    own = DataLoader(TensorDataset(x), sampler=[7, 3, 5, 1], batch_size=3)
    assert images_of(own)[0].flatten().tolist() == [7, 3, 5, 1]
    assert images_of(own, samples=3)[0].flatten().tolist() == [7, 3, 5]
    assert open_data(own, UNKNOWN).total is None
    assert open_data(DataLoader(TensorDataset(x), batch_size=4, drop_last=True), UNKNOWN).total == 8
    assert images_of(DataLoader(TensorDataset(x), batch_size=4, drop_last=True))[0].shape[0] == 8
    alone = DataLoader(TensorDataset(x), batch_size=None)
    assert images_of(alone)[0].flatten().tolist() == list(range(10))


def test_loaders_of_dictionaries_and_of_pil_images():
    rows = Things([{"pixel_values": torch.full((3, 2, 2), float(i)), "labels": i} for i in range(5)])
    assert images_of(DataLoader(rows, batch_size=2))[1] == list(range(5))
    photos = Things([(Image.fromarray(v), i) for i, v in enumerate(pixels())])
    loader = DataLoader(photos, batch_size=2, collate_fn=lambda items: tuple(zip(*items, strict=True)))
    images, labels, _ = images_of(loader)
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), pixels() / 255, atol=1e-6)
    assert labels == list(range(5))


def test_iterables_of_batches():
    x = torch.rand(7, 3, 4, 4)
    batches = [x[:3], x[3:4], x[4:]]
    assert torch.equal(images_of(batches)[0], x)
    assert torch.equal(images_of(iter(batches), samples=2)[0], x[:2])
    assert open_data(batches, UNKNOWN).total == 7
    assert open_data(iter(batches), UNKNOWN).total is None
    labelled = [(x[:3], [0, 1, 2]), (x[3:], ["a"] * 4)]
    labels = images_of(labelled)[1]
    assert labels == [0, 1, 2, -1, -1, -1, -1]
    sampled, _, names = images_of(batches, samples=3, seed=1)
    assert torch.equal(sampled, x[[int(name[6:-1]) for name in names]])
    assert images_of(Endless(), samples=3)[1] == [0, 1, 2]
    assert images_of(DataLoader(Endless(), batch_size=4))[1] == list(range(7))


def test_an_iterator_can_be_read_once():
    data = open_data(iter([torch.rand(3, 3, 4, 4)]), UNKNOWN)
    assert len(list(data.batches(2))) == 2
    with pytest.raises(SymmeterError, match="can be read once only"):
        list(data.batches(2))


def test_a_batch_that_fails_gives_one_line():
    def broken():
        yield torch.rand(1, 3, 4, 4)
        raise RuntimeError("the disk\nis gone")

    check_refused("reading a batch failed: RuntimeError: the disk", images_of, broken())
