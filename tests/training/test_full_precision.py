"""Autocast ends at the door, and begins again where a model is called."""

import torch

from symmeter.training.full_precision import full_precision


def test_autocast_is_off_inside_and_on_in_what_is_called_as_given():
    x = torch.ones(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with full_precision(x) as as_given:
            assert not torch.is_autocast_enabled("cpu") and (x @ x).dtype == torch.float32
            assert as_given(lambda a: a @ a)(x).dtype == torch.bfloat16
        assert torch.is_autocast_enabled("cpu")


def test_without_autocast_nothing_changes():
    x = torch.ones(2, 2)
    with full_precision(x) as as_given:
        assert as_given(lambda a: a @ a)(x).dtype == torch.float32
    assert not torch.is_autocast_enabled("cpu")
