"""Labelled images for studies: the user's own, MNIST where it is at hand, or the digits that scikit-learn ships."""

import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError

MOST = (10_000, 2_000)  # images that are read, to train on and to test on


@dataclass(frozen=True)
class Images:
    """Inputs (N, C, H, W) in [0, 1] and labels (N,), to train on and to test on."""

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: int

    @property
    def channels(self) -> int:
        """Of an image."""
        return self.train_x.shape[1]

    @property
    def side(self) -> int:
        """Of an image, in pixels."""
        return self.train_x.shape[-1]

    def first(self, train: int, test: int) -> "Images":
        """Fewer of them."""
        return replace(
            self, train_x=self.train_x[:train], train_y=self.train_y[:train],
            test_x=self.test_x[:test], test_y=self.test_y[:test],
        )  # fmt: skip

    def changed(self, change: Callable[[Tensor], Tensor]) -> "Images":
        """Other inputs with the same labels."""
        return replace(self, train_x=change(self.train_x), test_x=change(self.test_x))

    def of_classes(self, classes: Iterable[int]) -> "Images":
        """Those of some classes; labels stay what they are."""
        wanted = torch.tensor(list(classes))
        train, test = torch.isin(self.train_y, wanted), torch.isin(self.test_y, wanted)
        return replace(
            self, train_x=self.train_x[train], train_y=self.train_y[train],
            test_x=self.test_x[test], test_y=self.test_y[test],
        )  # fmt: skip


def digits(data: Path | None) -> Images:
    """MNIST's 10,000 test digits, 8,000 of them to train on; or 1,297 and 500 of scikit-learn's at 16 x 16."""
    if data is None:
        from symmeter.demo.networks import load_digits

        found = load_digits()
        return Images("digits", found.train_x, found.train_y, found.test_x, found.test_y, 10)
    folder = data / "images" / "mnist"
    x, y = (_idx(next(folder.glob(f"t10k-{kind}*"))) for kind in ("images", "labels"))
    images = torch.from_numpy(x.copy())[:, None].float() / 255
    labels = torch.from_numpy(y.astype(np.int64))
    return _split("MNIST", images, labels, 8000)


def labelled(path: Path, side: int, scale: int = 1) -> Images:
    """Colour images of `side` pixels, in an order drawn under seed 0.

    `path` has CIFAR-10 as it is distributed, or folders train and val (or test), each with a folder a class, or is
    anything that `open_data` takes, of which a fifth is held out. SymmeterError where there are no labels.
    """
    train, test = (scale * most for most in MOST)
    if (path / "cifar-10-batches-py").is_dir():
        from torchvision.datasets import CIFAR10

        parts: list[Any] = [CIFAR10(str(path), train=own) for own in (True, False)]
    else:
        held_out = next((path / name for name in ("val", "test") if (path / name).is_dir()), None)
        parts = [path / "train", held_out] if held_out and (path / "train").is_dir() else []
    if not parts:
        x, y = _read(path, path, side, train + test)
        return _split(path.name, x, y, 4 * len(x) // 5)
    (train_x, train_y), (test_x, test_y) = (
        _read(path, part, side, most) for part, most in zip(parts, (train, test), strict=True)
    )
    classes = int(max(train_y.max(), test_y.max())) + 1
    return Images(path.name, train_x, train_y, test_x, test_y, classes)


def _read(path: Path, part: Any, side: int, most: int) -> tuple[Tensor, Tensor]:
    """At most so many of the images, in random order."""
    crop = Preprocessing(size=(side, side), channels=3, source="--side")
    batches = list(open_data(part, crop, samples=most).batches(256))
    if any(batch.labels is None for batch in batches):
        raise SymmeterError(f"{path}: images without labels; give a folder for every class")
    x = torch.cat([batch.inputs for batch in batches])
    y = torch.cat([batch.labels for batch in batches if batch.labels is not None])
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return x[order], y[order]


def _split(name: str, x: Tensor, y: Tensor, train: int) -> Images:
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    x, y = x[order], y[order]
    return Images(name, x[:train], y[:train], x[train:], y[train:], int(y.max()) + 1)


def _idx(path: Path) -> np.ndarray:
    """An idx file: a magic number with the number of axes, their lengths, bytes."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    axes = content[3]
    shape = np.frombuffer(content, ">i4", axes, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
