"""Windows of larger grids under definitions and paddings that close grids to circles, where outputs would go around."""

from functools import partial

import pytest
import torch
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.measuring.measure import measure


class Squares(nn.Module):
    """The square of every value, which no shift can break."""

    def forward(self, x: Tensor) -> Tensor:
        return x.square()


def asked(symmetry: str, axes: int = 2, **options):
    """The call, for a grid of so many axes."""
    x = torch.rand(4, 1, *[8] * axes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    kind = {1: "signals", 2: "images", 3: "volumes"}[axes]
    measures = {
        "measure": "relative_error",
        "output": "logits:channels_first",
        "control": False,
        "elements": 5,
    }
    return partial(measure, Squares().eval(), x, symmetry, domain=kind, progress=False, **measures, **options)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"definition": "periodic"}, "which definition 'periodic' closes to a circle: take 'bandlimited'"),
        ({"padding": "circular"}, "which padding 'circular' closes to a circle: take 'reflect'"),
        ({"padding": "x=circular"}, "which padding 'x=circular' closes to a circle: take 'reflect'"),
    ],
)
def test_a_window_does_not_go_around(axes: int, options: dict, words: str):
    check_refused(
        rf"shift\(2,crop\) shows a part of a larger .*{words}", asked("shift(2,crop)", axes, **options)
    )
    assert asked("shift(2,crop)", axes)().rows[0].value == 0
    assert asked("shift(2)", axes, **options)().rows[0].value == 0


def test_it_may_move_along_an_axis_that_is_not_closed():
    closed = "x=circular"
    check_refused("closes to a circle", asked("shift(2,crop,x)", padding=closed))
    check_refused("closes to a circle", asked("hflip*shift(2,crop,x)", padding=closed))
    for symmetry, axes in (("shift(2,crop,y)", 2), ("shift(2,crop,z)", 3)):
        assert asked(symmetry, axes, padding=closed)().rows[0].value == 0
