"""The penalty put to use: does it lower the error of a small CNN on digits, and what does it cost in accuracy.

Three ways to train the same network, and two baselines to hold them against: as it is, with the penalty of rotation
added to the loss, and on images that are turned at random. LEE of rotation and accuracy, upright and on turned images.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

import symmeter
from symmeter.demo.networks import turn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from common import Study, Verdict, main, yes
from images import Images
from intervals import chosen, difference, over_seeds, ratio
from training import Augment, Loss, accuracy, classified, same, trained

SYMMETRY, OUTPUT = "rotation", "softmax"
WEIGHTS = (0.1, 1.0)  # of the penalty in the loss
SMALL = 15  # degrees


def penalised(weight: float) -> Loss:
    """The loss of a classifier, and the penalty on the same pass."""

    def loss(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        term, scores = symmeter.penalty(network, x, SYMMETRY, output=OUTPUT, return_output=True)
        return functional.cross_entropy(scores, y) + weight * term

    return loss


KINDS: dict[str, tuple[Augment, Loss]] = {
    "plain": (same, classified),
    **{f"penalty {weight:g}": (same, penalised(weight)) for weight in WEIGHTS},
    "turned in training": (turn, classified),
}
