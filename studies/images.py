"""Labelled images for studies: MNIST where its files are at hand, else the digits that scikit-learn ships."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Images:
    """Inputs (N, C, H, W) in [0, 1] and labels (N,), to train on and to test on."""

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor

    def first(self, train: int, test: int) -> "Images":
        """Fewer of them."""
        return Images(
            self.name, self.train_x[:train], self.train_y[:train], self.test_x[:test], self.test_y[:test]
        )


def digits(data: Path | None) -> Images:
    """MNIST's 10,000 test digits, 8,000 of them to train on; or 1,297 and 500 of scikit-learn's at 16 x 16."""
    if data is None:
        from symmeter.demo.networks import load_digits

        found = load_digits()
        return Images("digits", found.train_x, found.train_y, found.test_x, found.test_y)
    folder = data / "images" / "mnist"
    x, y = (_idx(next(folder.glob(f"t10k-{kind}*"))) for kind in ("images", "labels"))
    images = torch.from_numpy(x.copy())[:, None].float() / 255
    labels = torch.from_numpy(y.astype(np.int64))
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    train, test = order[:8000], order[8000:]
    return Images("MNIST", images[train], labels[train], images[test], labels[test])


def _idx(path: Path) -> np.ndarray:
    """An idx file: a magic number with the number of axes, their lengths, bytes."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    axes = content[3]
    shape = np.frombuffer(content, ">i4", axes, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
