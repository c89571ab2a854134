"""Numbers that must stay what they are, so that cells of stores stay what they are.

When a test here fails, the tool prints another number for the same call. If that is a mistake, mend it. If it is meant,
raise NUMBERS in src/symmeter/sweeps/keys.py by one, so that every cell is measured anew, and store the new values:

    python -m tests.sweeps.test_numbers
"""

import pytest
import torch
from torch import nn

import symmeter
from symmeter.sweeps.keys import NUMBERS

# By run, of every row: value, control of stability, and control of specificity.
STORED = {
    "along": [
        [0.007137377405884236, 0.012799363189866244, 0.006850618230372782],
        [0.14494730644281514, 0.2984606661679516, 0.15122822046811005],
        [0.005576505341194232, 0.0810004576866626, 0.04104584701052614],
        [0.015451813529006963, 0.035626776124191135, 0.008483230586196036],
    ],
    "over": [
        [-0.8966303161444166, -0.7628592520099311],
        [1.5531951057395794, 1.6702977027714612],
        [0.36111111111111105, 0.5],
        [-0.5462718277742731, -0.7768966694501579],
        [1.8493115409875898, 1.7879102009307994],
        [0.3022222222222223, 0.46833333333333327],
    ],
    "layers": [
        [0.005576505341194232, 0.0810004576866626, 0.04104584701052614],
        [0.010005011289952398],
        [-0.0011534356306702649],
        [0.0007307078023419828],
        [-0.0005123581889896388],
        [-0.0034703775241324147],
        [0.0],
        [-2.3042407307824947e-05],
        [0.0],
    ],
    "periodic": [
        [8.92139121066414],
    ],
}


def waves(*shape, pace):
    """Numbers of the order of 1 that hang on no random generator."""
    count = torch.Size(shape).numel()
    return torch.sin(pace * torch.arange(1, count + 1, dtype=torch.float64)).reshape(shape)


def network():
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Tanh(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 5),
    ).double().eval()  # fmt: skip
    with torch.no_grad():
        for i, parameter in enumerate(net.parameters()):
            parameter.copy_(waves(*parameter.shape, pace=1.3 + i))
    return net


def images():
    return (waves(6, 3, 12, 12, pace=0.37) + 1) / 2


def along():
    return symmeter.measure(network(), images(), "translation,rotation,hue", progress=False)


def over():
    return symmeter.measure(
        network(), images(), "C4,shift(2)", "geed,relative_error,consistency", output="logits", progress=False
    )


def layers():
    return symmeter.attribute(network(), images(), "rotation", probes=0, progress=False)


def periodic():
    return symmeter.measure(
        network(), images(), "scale", output="3", definition="periodic", control=False, progress=False
    )


RUNS = {"along": along, "over": over, "layers": layers, "periodic": periodic}


def values(run):
    """Values and controls, row by row, where there are any; contributions of layers are values."""
    numbers = [(row.value, row.control, row.specificity_control) for row in RUNS[run]().rows]
    return [[x for x in row if x is not None] for row in numbers]


@pytest.mark.parametrize("run", RUNS)
def test_numbers_are_those_that_were_stored(run):
    found, stored = values(run), STORED[run]
    assert len(found) == len(stored)
    for new, old in zip(found, stored, strict=True):
        assert new == pytest.approx(old, rel=1e-10, abs=1e-13), f"raise NUMBERS, now {NUMBERS}: see above"


if __name__ == "__main__":
    for run in RUNS:
        print(f"    {run!r}: {values(run)},")
