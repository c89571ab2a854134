"""What motions bring in from outside, by one word or by one for each axis."""

import pytest
import torch
from tests.helpers import check_refused
from torch import nn
from torch.nn import functional as F

import symmeter
from symmeter.domains.grids.options import PADDING
from symmeter.domains.grids.padding import padding_along, read_padding


@pytest.mark.parametrize(("given", "written"), [
    ("zeros", "zeros"), (" y = zeros, x=circular", "x=circular,y=zeros"), ({"z": "circular"}, "z=circular"),
    ({"y": "reflect", "x": "circular"}, "x=circular,y=reflect"),
])  # fmt: skip
def test_every_way_of_writing_it_is_read_and_printed_back(given, written):
    assert read_padding(given) == written == read_padding(written)
    assert PADDING.check("padding", given) == written and PADDING.check("padding", None) is None


def test_axes_that_are_not_named_are_reflected():
    assert padding_along("y=circular", 3) == ("reflect", "circular", "reflect")
    assert padding_along("zeros", 1) == ("zeros",)


@pytest.mark.parametrize(("given", "words"), [
    ("wrap", "unknown padding 'wrap'; choose from reflect, zeros, circular"),
    ("x=wrap", "unknown padding 'wrap'"), ("w=zeros", "unknown axis of padding 'w'; choose from x, y, z"),
    ("x=zeros,x=circular", "names an axis twice"), (3, "padding is 3; give reflect"), ({}, "unknown padding ''"),
])  # fmt: skip
def test_other_words_are_refused_in_one_line(given, words):
    check_refused(words, PADDING.check, "padding", given)


class Panorama(nn.Module):
    """A convolution that is periodic along x, with edges repeated above and below."""

    def __init__(self, bend=nn.Identity):
        super().__init__()
        self.weights, self.bend = nn.Conv2d(2, 3, 3), bend()

    def forward(self, x):
        around = F.pad(F.pad(x, (1, 1, 0, 0), mode="circular"), (0, 0, 1, 1), mode="replicate")
        return self.bend(self.weights(around))


@pytest.mark.parametrize(("symmetry", "measure"), [
    ("shift(3,x)", "relative_error"), ("T1(0.2,x)", "relative_error"), ("translation_x", "lee"),
])  # fmt: skip
@pytest.mark.parametrize("padding", ["x=circular", {"x": "circular", "y": "zeros"}])
def test_a_panorama_turns_about_its_axis_exactly(symmetry, measure, padding):
    """By fractions too, where there is nothing but convolutions; what bends makes aliases of those alone."""
    x = torch.rand(3, 2, 8, 12, dtype=torch.float64)
    plain, bent = (Panorama(bend).double().eval() for bend in (nn.Identity, nn.Tanh))
    given = {"output": "logits", "progress": False, "control": False}
    error = lambda net, padding: max(
        row.value for row in symmeter.measure(net, x, symmetry, measure, padding=padding, **given).rows
    )
    whole = symmetry.startswith("shift")
    assert error(plain, padding) < 1e-12
    assert (error(bent, padding) < 1e-12) == whole
    assert (error(plain, "reflect") < 1e-12) == whole  # shift(3,x) goes around whatever the padding is
