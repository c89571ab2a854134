"""A library that is not there is missed in one line, with the words that bring it."""

import sys
from importlib import import_module

import pytest

from symmeter.errors import SymmeterError


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        ("torchmetrics", "torchmetrics", "torchmetrics"),
        ("lightning", "lightning.pytorch", "lightning"),
        ("transformers", "transformers", "hf"),
    ],
)
def test_the_extra_is_named(name, library, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"symmeter.integrations.{name}", raising=False)
    with pytest.raises(SymmeterError, match=rf"pip install 'symmeter\[{extra}\]'"):
        import_module(f"symmeter.integrations.{name}")
