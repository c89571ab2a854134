"""Trained networks that others have published, and images to measure them on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import symmeter
from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing


@dataclass(frozen=True)
class Published:
    """A network of `models.py`, the images that it was trained for, and how it takes them."""

    name: str
    images: str
    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def load(self, data: Path) -> nn.Module:
        """The network with its weights."""
        weights = str(data / "weights" / f"{self.name}.pth")
        return symmeter.load_model(f"{data / 'models.py'}:{self.name}", weights=weights).model

    def place(self, data: Path) -> Path:
        """Where its own images are."""
        return data / "images" / self.images

    def preprocessing(self) -> dict[str, Any]:
        """For `symmeter.measure`."""
        return {"img_size": self.side, "mean": self.mean, "std": self.std}

    def pixels(self, place: Path, samples: int | None = None, seed: int = 0) -> Tensor:
        """Images (N, C, H, W) in [0, 1] of its size."""
        size = Preprocessing(size=(self.side, self.side), channels=3, source="the network")
        batches = open_data(place, size, samples=samples, seed=seed).batches(256)
        return torch.cat([batch.inputs for batch in batches])

    def normalised(self, pixels: Tensor) -> Tensor:
        """Its inputs."""
        return Preprocessing(channels=3, mean=self.mean, std=self.std).normalise(pixels)


_CIFAR = ("cifar10/test.npz", 32, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
RESNET20 = Published("cifar10_resnet20", *_CIFAR)
RESNET56 = Published("cifar10_resnet56", *_CIFAR)
MOBILENET = Published("mobilenetv2_100", "photos", 224, (0.5,) * 3, (0.5,) * 3)
MOBILENETV1 = Published("mobilenetv1_050", "photos", 160, (0.5,) * 3, (0.5,) * 3)
