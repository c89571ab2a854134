"""`assert_equivariant`: passes what is symmetric, and says what is wrong with what is not."""

import pytest
import torch
from studies.steerable import discs, steerable
from tests.measuring.test_ground_truth import broken
from torch import nn

import symmeter

X = discs(2)


@pytest.mark.parametrize("group", ["C4", "D4"])
def test_steerable_layers_keep_their_promise(group):
    result = symmeter.assert_equivariant(steerable(group), X, group, f"2:regular({group})")
    assert result.rows[0].measure == "relative_error"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_tolerance_knows_the_dtype(dtype):
    net = steerable("C4").to(dtype)
    symmeter.assert_equivariant(net, X.to(dtype), "C4")
    with torch.no_grad():
        net[5].weight += 1e-9
    symmeter.assert_equivariant(net, X.to(dtype), "C4")
    almost = Almost(net, 1e-8).eval()
    if dtype == torch.float32:
        symmeter.assert_equivariant(almost, X.to(dtype), "C4")
    else:
        with pytest.raises(AssertionError):
            symmeter.assert_equivariant(almost, X.to(dtype), "C4")


class Almost(nn.Module):
    """A network and a little of what breaks its symmetry."""

    def __init__(self, net, share):
        super().__init__()
        self.net, self.share = net, share

    def forward(self, x):
        return self.net(x) + self.share * x[:, 0, :4, 12] + self.share * x[:, 0, 14:18, 10]


def test_the_message_names_element_floor_tolerance_and_causes():
    with pytest.raises(AssertionError) as caught:
        symmeter.assert_equivariant(broken(steerable("C4")), X, "C4", "2:regular(C4)")
    words = str(caught.value)
    for word in ("not symmetric under C4", "output 2", "worst element is 'rotate", "relative error of", "tolerance",
                 "floor", "sual causes"):  # fmt: skip
        assert word in words
    assert "\n" not in words


def test_a_tolerance_may_be_given():
    spoilt = broken(steerable("C4"))
    symmeter.assert_equivariant(spoilt, X, "C4", "2:regular(C4)", tolerance=2.0)
    with pytest.raises(AssertionError, match="as given"):
        symmeter.assert_equivariant(steerable("C8"), X, "C8", tolerance=1e-12)


def test_pytest_shows_the_callers_line_only():
    with pytest.raises(AssertionError) as caught:
        symmeter.assert_equivariant(nn.Flatten(), X, "hflip")
    frames = [entry for entry in caught.traceback if not entry.ishidden(caught)]
    assert frames[-1].path.name == "test_assertion.py"


def test_networks_that_are_not_finite_do_not_pass():
    class Nan(nn.Module):
        def forward(self, x):
            return x.mean((2, 3)) * torch.where(torch.arange(len(x)) == 0, torch.nan, 1.0)[:, None]

    with pytest.raises((AssertionError, symmeter.SymmeterError), match="NaN"):
        symmeter.assert_equivariant(Nan(), X, "C4")


def test_a_user_mistake_is_no_failed_assertion():
    with pytest.raises(symmeter.SymmeterError, match="square images"):
        symmeter.assert_equivariant(nn.Flatten(), torch.rand(2, 1, 4, 6), "C4")
