"""What a check of a test session says is what `assert_equivariant` went by."""

import math

import pytest
import torch
from torch import nn

import symmeter
from symmeter.errors import SymmeterError
from symmeter.integrations.checks import Check, recording


@pytest.fixture
def images():
    return torch.rand(9, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def flat():
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 3)).eval()


def pooled(x):
    return x.mean((2, 3))


def checked(*words, **options):
    """What was recorded, and the error."""
    found = []
    try:
        recording(found.append)(*words, **options)
    except AssertionError as error:
        return found, error
    return found, None


def test_of_a_group_it_is_the_worst_element(images):
    (check,), error = checked(pooled, images, "D4")
    result = symmeter.assert_equivariant(pooled, images, "D4")
    assert error is None and check.passed and check.message == ""
    assert check.value == max(element.value for element in result.elements)
    assert (check.symmetry, check.quantity) == ("D4", "relative_error")


def test_a_tolerance_is_the_bound(images):
    (check,), error = checked(flat(), images, "rotation", "logits", 1e-3)
    row = symmeter.measure(flat(), images, "rotation", output="logits").rows[0]
    assert (check.value, check.low, check.high) == (row.value, row.interval_low, row.interval_high)
    assert check.bound == 1e-3 and not check.passed and check.message == str(error)
    assert error.result.rows[0].value == row.value
    (held,), error = checked(flat(), images, "rotation", "logits", tolerance=100.0)
    assert error is None and held.passed and held.bound == 100.0 and held.value == check.value


def test_of_a_ratio_the_upper_end_counts(images):
    found, error = checked(flat(), images, "rotation", "logits", max_stability=0.01, max_specificity=99)
    assert [check.quantity for check in found] == ["stability", "specificity"]
    assert [check.passed for check in found] == [False, True]
    assert [check.message for check in found] == [str(error), ""]
    both, _ = checked(flat(), images, "rotation", "logits", max_stability=99, tolerance=0.0)
    assert [(check.quantity, check.passed) for check in both] == [("lee", False), ("stability", True)]


def test_what_fails_for_another_reason_has_passed_nothing(images):
    noisy = nn.Sequential(nn.Flatten(), nn.Linear(192, 3), _Noise()).eval()
    found, error = checked(noisy, images, "hflip", tolerance=1e9)
    assert "is random" in str(error)
    assert [(check.passed, check.message) for check in found] == [(False, str(error))]


class _Noise(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = torch.Generator().manual_seed(0)

    def forward(self, x):
        self.calls = getattr(self, "calls", 0) + 1
        return x + torch.empty_like(x).normal_()


def test_a_mistake_is_no_check(images):
    with pytest.raises(SymmeterError, match="unknown symmetry"):
        checked(pooled, images, "D5x")
    with pytest.raises(TypeError, match="missing"):
        checked()


def test_it_goes_from_process_to_process_as_it_is():
    check = Check(
        "net", "C4", "", "lee", 0.5, None, None, None, "stable", False, 'said "<b>"', "test_a.py::test"
    )
    assert Check.from_json(check.to_json()) == check
    with pytest.raises(ValueError, match="not JSON compliant"):
        Check("net", "C4", "", "lee", math.nan, None, None, None, "stable", False).to_json()
