"""A detector of faces: MTCNN of facenet-pytorch, with the weights in its wheel."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Faces:
    """MTCNN: boxes (n, 6) and landmarks (B, 5, 2) of faces in images (B, 3, H, W) with values in [0, 1]."""

    def __init__(self) -> None:
        package: Any = importlib.import_module("facenet_pytorch")
        self._network = package.MTCNN(keep_all=True).eval()

    def _found(self, images: Tensor) -> Any:
        return self._network.detect((255 * images).permute(0, 2, 3, 1), landmarks=True)

    def boxes(self, images: Tensor) -> list[np.ndarray | None]:
        """Of each image x1, y1, x2, y2, score, class of every face; None where there is none."""
        boxes, scores, _ = self._found(images)
        return [
            None if own is None else np.column_stack([own, score, 0 * score]).astype(np.float32)
            for own, score in zip(boxes, scores, strict=True)
        ]

    def landmarks(self, images: Tensor) -> Tensor:
        """Eyes, nose and corners of the mouth of the first face of each image, in pixels."""
        _, _, points = self._found(images)
        return torch.tensor(np.stack([own[0] for own in points]).astype(np.float32))


def boxes() -> Callable[[Tensor], list[np.ndarray | None]]:
    """A function from images to the boxes of faces."""
    faces = Faces()

    def found(images: Tensor) -> list[np.ndarray | None]:
        return faces.boxes(images)

    return found
