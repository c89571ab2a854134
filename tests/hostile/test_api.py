"""The Python API: every wrong type, of every argument of every verb, is one SymmeterError that names it."""

import inspect
import math
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.hostile.lines import line_of
from torch import nn
from torch.utils.data import DataLoader, Dataset

import symmeter
from symmeter.report.figures import save_figure
from symmeter.report.store.page import report
from symmeter.symmetry.representations.trivial import Trivial


class Odd:
    """An object of no use, which says nothing of itself."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


WRONG: dict[str, Any] = {
    "none": None,
    "truth": True,
    "zero": 0,
    "minus one": -1,
    "huge": 10**400,
    "half": 0.5,
    "nan": math.nan,
    "infinite": -math.inf,
    "complex": 1j,
    "nothing": "",
    "spaces": "  ",
    "NUL": "a\0b",
    "unknown": "no such thing",
    "long": "x" * 100_000,
    "lines": "a\nb",
    "bytes": b"abc",
    "empty list": [],
    "list of None": [None],
    "nested": [[["a"]]],
    "dictionary": {1: 2},
    "named": {"no such key": Odd()},
    "set": {"a"},
    "odd": Odd(),
    "class": Odd,
    "function": lambda *args: None,
    "module": types,
    "array": np.zeros((2, 0)),
    "words": np.array(["a", "b"]),
    "objects": np.array([None, Odd()], dtype=object),
    "scalar": np.float64("nan"),
    "tensor": torch.zeros(3),
    "meta": torch.zeros(2, 3, 4, 4, device="meta"),
    "sparse": torch.zeros(2, 3, 4, 4).to_sparse(),
    "generator": None,  # made anew for each call
    "path": Path("no/such/place"),
    "range": range(10**12),
    "slice": slice(None),
    "ellipsis": ...,
    "exception": ValueError("a"),
}


@cache
def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(32, 2)).eval()


@cache
def result() -> Any:
    return symmeter.measure(net(), images(), "C4", output="logits:invariant", progress=False)


@cache
def cure() -> Any:
    return symmeter.cure(net(), images(), "translation_x", output="logits", remedies="blur", progress=False)


def images() -> torch.Tensor:
    return torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))


USUAL = {"model": net, "data": images, "x": images, "reference": net}
# Verbs, with arguments that are right.
VERBS: dict[str, tuple[Callable, dict[str, Callable[[], Any]]]] = {
    "measure": (symmeter.measure, {"symmetry": lambda: "C4", "output": lambda: "logits:invariant"}),
    "assert_equivariant": (symmeter.assert_equivariant, {"symmetry": lambda: "C4"}),
    "assert_more_equivariant": (symmeter.assert_more_equivariant, {"symmetry": lambda: "translation_x"}),
    "attribute": (symmeter.attribute, {"symmetry": lambda: "translation_x"}),
    "aliasing": (symmeter.aliasing, {"symmetry": lambda: "translation_x"}),
    "robustness": (symmeter.robustness, {"symmetry": lambda: "hue", "corruptions": lambda: "contrast"}),
    "bands": (symmeter.bands, {"output": lambda: "0"}),
    "maps": (symmeter.maps, {"layers": lambda: ["0"]}),
    "prediction_range": (symmeter.prediction_range, {"symmetry": lambda: "rotation"}),
    "round_trip_error": (symmeter.round_trip_error, {"symmetry": lambda: "C4"}),
    "load": (symmeter.load, {"path": lambda: "no/such/result"}),
    "load_model": (symmeter.load_model, {"spec": lambda: "torch.nn:ReLU"}),
    "parse_group": (symmeter.parse_group, {"text": lambda: "C4"}),
    "sweep": (
        symmeter.sweep,
        {
            "models": lambda: "timm:no_such_net",
            "data": lambda: "no/such/data",
            "store": lambda: "/dev/null/store",
        },
    ),
    "lie_derivative": (
        symmeter.lie_derivative,
        {
            "f": net,
            "generators": lambda: [symmeter.GENERATORS["hue"]],
            "rho_in": Trivial,
            "rho_out": Trivial,
        },
    ),
    "report": (report, {"store": lambda: "no/such/store", "out": lambda: "/dev/null/report.html"}),
    "plot": (symmeter.plot, {"results": lambda: "no/such/result"}),
    "cite": (lambda result: symmeter.cite(result), {"result": result}),
    "save_figure": (save_figure, {"what": lambda: None, "path": lambda: "/dev/null/a.png"}),
    "Result.to_json": (lambda path: result().to_json(path), {"path": lambda: "/dev/null/a.json"}),
    "Result.save": (lambda path: result().save(path), {"path": lambda: "/dev/null/a"}),
    "Result.compare": (lambda other: result().compare(other), {"other": result}),
    "penalty": (symmeter.penalty, {"symmetry": lambda: "hue", "output": lambda: "logits:invariant"}),
    "Averaged": (symmeter.Averaged, {"group": lambda: "C4"}),
    "cure": (symmeter.cure, {"symmetry": lambda: "translation_x", "remedies": lambda: "blur"}),
    "remedied": (symmeter.remedied, {"cure": lambda: "no/such/cure"}),
    "Cure.to_json": (lambda path: cure().to_json(path), {"path": lambda: "/dev/null/a.json"}),
    "Cure.save": (lambda path: cure().save(path), {"path": lambda: "/dev/null/a"}),
    "Rollout": (symmeter.Rollout, {"model": net, "steps": lambda: 2}),
    "Symmetry": (symmeter.Symmetry, {"name": lambda: "C4"}),
}


def kinds_of(function: Callable) -> dict[str, Any]:
    """What a verb says that its arguments may be."""
    return inspect.getclosurevars(function).nonlocals["kinds"]


PUBLIC = [
    *[
        getattr(symmeter, name)
        for name in symmeter.__all__
        if hasattr(getattr(symmeter, name), "__wrapped__")
    ],
    symmeter.Averaged.__init__,
    symmeter.Rollout.__init__,
    symmeter.Symmetry.__init__,
    symmeter.Result.to_json,
    symmeter.Result.save,
    symmeter.Result.compare,
    symmeter.Comparison.to_json,
    symmeter.Cure.to_json,
    symmeter.Cure.save,
    report,
    save_figure,
]


@pytest.mark.parametrize("function", PUBLIC, ids=lambda function: function.__qualname__)
def test_every_argument_is_of_a_kind_that_refuses_by_name(function):
    kinds = kinds_of(function)
    for name in inspect.signature(function).parameters.keys() - {"self"}:
        refusals = 0
        for value in WRONG.values():
            line = line_of(kinds[name].check, name, value)
            refusals += bool(line)
            assert len(line) < 2000
        assert refusals or kinds[name].words.startswith("anything")


def test_all_public_functions_check_their_arguments():
    functions = [
        getattr(symmeter, name) for name in symmeter.__all__ if inspect.isfunction(getattr(symmeter, name))
    ]
    assert len(functions) > 12
    assert all(hasattr(function, "__wrapped__") for function in functions)


class Endless(Dataset):
    """10^12 images, which are made when they are asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __len__(self) -> int:
        return 10**12

    def __getitem__(self, i: int) -> torch.Tensor:
        self.asked += 1
        return torch.full((3, 4, 4), i % 7 / 7)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", [lambda data: data, lambda data: DataLoader(data, batch_size=2)])
def test_of_very_many_items_those_that_are_drawn_are_read(how):
    data = Endless()
    found = symmeter.measure(
        net(), how(data), "C4", output="logits:invariant", samples=3, control=False, progress=False
    )
    assert found.header["data"]["used"] == 3
    assert data.asked < 50


@pytest.mark.parametrize("count", [2**24 + 1, 10**11])
def test_more_samples_than_can_be_kept_are_refused(count):
    line = line_of(symmeter.measure, net(), Endless(), "C4", samples=count, progress=False)
    assert f"samples {count}: of {10**12} items no more than {2**24} can be drawn" in line


def test_of_very_many_items_of_which_none_can_be_read_the_first_are_tried():
    line = line_of(symmeter.measure, net(), range(10**12), "C4", progress=False)
    assert "none of the 10000 images could be read" in line


def parameters() -> list[Any]:
    """All arguments of all verbs."""
    return [
        pytest.param(verb, name, id=f"{verb} {name}")
        for verb, (function, _) in VERBS.items()
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "name"), parameters())
def test_every_wrong_value_of_an_argument_is_refused_in_a_line(verb, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function, given = VERBS[verb]
    known = inspect.signature(function).parameters
    right = {key: make() for key, make in {**USUAL, **given}.items() if key in known}
    for kind, value in WRONG.items():
        wrong = (n for n in (None, Odd())) if kind == "generator" else value
        try:
            words = line_of(function, **{**right, name: wrong})
        except Exception as error:
            if isinstance(error, AssertionError) and verb.startswith("assert_"):
                continue  # that is its answer
            if isinstance(error, RuntimeError) and verb == "lie_derivative" and name in ("f", "x"):
                continue  # what a function in plain mathematics raises is its own
            raise AssertionError(f"{verb}({name}={kind}) raises {type(error).__name__}: {error}") from error
        assert len(words) < 2000, f"{verb}({name}={kind}): {words[:200]}"
