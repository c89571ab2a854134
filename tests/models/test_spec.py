"""Keyword arguments as they are typed."""

import pytest

from symmeter.errors import SymmeterError
from symmeter.models.spec import parse_model_kwargs


def test_parse_model_kwargs():
    items = [
        "a=1",
        "b=0.5",
        "c=True",
        "d=NONE",
        "e=avg",
        "f=(1, 2)",
        "g=[1,",
        "h=",
        "i=x=y",
        "j='1'",
        "k=false",
    ]
    expected = {
        "a": 1,
        "b": 0.5,
        "c": True,
        "d": None,
        "e": "avg",
        "f": (1, 2),
        "g": "[1,",
        "h": "",
        "i": "x=y",
    }
    assert parse_model_kwargs(items) == expected | {"j": "1", "k": False}
    assert parse_model_kwargs(None) == {}


@pytest.mark.parametrize("items", [["width"], ["=3"], ["a b=3"], ["a=1", "a=2"]])
def test_malformed_model_kwargs_give_one_line(items):
    with pytest.raises(SymmeterError, match=r"^--model-kwargs .*(write key=value|given twice)"):
        parse_model_kwargs(items)
