"""In every source of images: how many there are, how many were used, how many could not be read."""

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import UNKNOWN, Things, pixels, write
from torch.utils.data import ConcatDataset, DataLoader, IterableDataset, Subset, TensorDataset

from symmeter.domains.images.data.open import open_data

SEEN = pixels(6)
X = torch.from_numpy(SEEN).movedim(-1, 1) / 255
PICTURES = [Image.fromarray(one) for one in SEEN]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(PICTURES)


def folder(place, bad=0):
    for i in range(6):
        write(place, f"{i}.png", i)
    for i in range(bad):
        (place / f"bad{i}.png").write_text("no image")
    return place


def table(place, missing=0, bad=True):
    folder(place, 1)
    names = [*(f"{i}.png" for i in range(5)), *["bad0.png"] * bad, *(f"none{i}.png" for i in range(missing))]
    (place / "labels.csv").write_text("\n".join(["file,label", *(f"{name},1" for name in names)]))
    return place


def classes(place):
    for name in ("a", "b"):
        for i in range(3):
            write(place, f"{name}/{i}.png", i)
    (place / "a" / "x.png").write_text("no image")
    return place


def saved(place, **arrays):
    place.mkdir()
    if arrays:
        np.savez(place / "a.npz", **arrays)
        return place / "a.npz"
    np.save(place / "a.npy", SEEN)
    return place / "a.npy"


BROKEN = ValueError("broken")
HUGGING = datasets.Dataset.from_dict(
    {"image": PICTURES}, features=datasets.Features({"image": datasets.Image()})
)

# what is read, samples=, then total (None where it cannot be known), used, skipped
TABLE = {
    "a tensor": (lambda _: X, None, (6, 6, 0)),
    "a part of a tensor": (lambda _: X, 4, (4, 4, 0)),
    "more than there are": (lambda _: X, 9, (6, 6, 0)),
    "pixels with labels": (lambda _: (SEEN, range(6)), None, (6, 6, 0)),
    "a dictionary": (lambda _: {"images": SEEN}, 4, (4, 4, 0)),
    "a folder": (folder, None, (6, 6, 0)),
    "a folder with damaged files": (lambda p: folder(p, 2), None, (8, 6, 2)),
    "a part of a folder": (lambda p: folder(p), 4, (4, 4, 0)),
    "class folders": (classes, None, (7, 6, 1)),
    "a table": (table, None, (6, 5, 1)),
    "a table with missing files": (lambda p: table(p, 2), None, (8, 5, 3)),
    "a part of a table with missing files": (lambda p: table(p, 2, bad=False), 3, (3, 3, 0)),
    "one file": (lambda p: folder(p) / "0.png", None, (1, 1, 0)),
    "paths": (lambda p: [folder(p, 1) / name for name in ("0.png", "bad0.png", "1.png")], None, (3, 2, 1)),
    "an archive": (lambda p: saved(p, images=SEEN), None, (6, 6, 0)),
    "a part of an archive": (lambda p: saved(p, images=SEEN, labels=np.arange(6)), 4, (4, 4, 0)),
    "an array in a file": (saved, 4, (4, 4, 0)),
    "a data set": (lambda _: Things([*PICTURES, BROKEN]), None, (7, 6, 1)),
    "a part of a data set": (lambda _: Things(PICTURES), 4, (4, 4, 0)),
    "a subset": (lambda _: Subset(TensorDataset(X), [0, 2]), None, (2, 2, 0)),
    "several data sets": (lambda _: ConcatDataset([TensorDataset(X)] * 2), None, (12, 12, 0)),
    "a list of pictures": (lambda _: PICTURES, 4, (4, 4, 0)),
    "a loader": (lambda _: DataLoader(TensorDataset(X), batch_size=4), None, (6, 6, 0)),
    "a part of a loader": (lambda _: DataLoader(TensorDataset(X), batch_size=4, shuffle=True), 5, (5, 5, 0)),
    "a loader that drops": (
        lambda _: DataLoader(TensorDataset(X), batch_size=4, drop_last=True),
        None,
        (4, 4, 0),
    ),
    "a loader of a stream": (lambda _: DataLoader(Stream(), batch_size=None), None, (None, 6, 0)),
    "batches": (lambda _: [X[:4], X[4:]], None, (6, 6, 0)),
    "a part of batches": (lambda _: [X[:4], X[4:]], 3, (3, 3, 0)),
    "an iterator": (lambda _: iter([X[:4], X[4:]]), None, (None, 6, 0)),
    "a part of an iterator": (lambda _: iter([X[:4], X[4:]]), 3, (None, 3, 0)),
    "a stream": (lambda _: Stream(), None, (None, 6, 0)),
    "a part of a stream": (lambda _: Stream(), 4, (None, 4, 0)),
    "a table of Hugging Face's": (lambda _: HUGGING, 4, (4, 4, 0)),
    "a stream of Hugging Face's": (lambda _: HUGGING.to_iterable_dataset(), 4, (None, 4, 0)),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_numbers_add_up(name, tmp_path):
    make, samples, (total, used, skipped) = TABLE[name]
    data = open_data(make(tmp_path / "data"), UNKNOWN, samples=samples)
    assert data.total == total  # before anything is read
    assert sum(len(batch.names) for batch in data.batches(4)) == used
    found = data.summary()
    assert (found["total"], found["used"], found["skipped"]) == (total, used, skipped)
    assert total in (None, used + skipped)
