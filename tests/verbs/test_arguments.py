"""Every argument of every public function: a wrong value is one line that names it, whatever is wrong with it."""

import inspect
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import symmeter
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.errors import SymmeterError
from symmeter.sweeps.executors.executor import Executor, Limits, Outcome
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.verbs.arguments import Kind, shown, whole
from symmeter.verbs.verb import verb

pytestmark = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")

with torch.random.fork_rng():  # other tests draw while they are collected
    NET = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)).eval()
    IMAGES, SQUARE = torch.rand(3, 3, 8, 8), torch.rand(2, 2)


def pooled(x):
    """Exactly symmetric under hflip, whatever the order of sums."""
    return x.amax((2, 3))


class Unspeakable:
    """What cannot even be shown."""

    def __repr__(self):
        raise RuntimeError("no words")


class Idle(Executor):
    """An executor that refuses everything."""

    name = "idle"
    width = 1

    def run(self, tasks, started):
        for task in tasks:
            yield Outcome(task, failure="refused", reason="idle")


VALUES = (
    None, "", "  ", "no such thing", "two\nlines", 0, -1, 2.5, float("nan"), float("inf"), True, b"bytes", [], [None],
    [[1]], {"a": 1}, object(), Unspeakable(), torch.tensor(3.5), SQUARE, np.array([1.5, 2.0]), nn.Linear,
    2**70, -(2**70), ("x", 3), {1, 2}, 1j, torch.float32, Path("nowhere"),
)  # fmt: skip

# What is no mistake, by function and parameter; all other values of the pool are refused.
USUAL = {
    "measure": [None], "samples": [None, 2**70], "batch_size": [None], "device": [None], "seed": [0],
    "progress": [None, True], "control": [True], "elements": [None], "preprocessing": [None], "labels": [None], "domain": [None],
    "inputs": [None], "average": [None], "precision": [None, 2.5, torch.tensor(3.5), 2**70],
    "layouts": [None], "probes": [0, 2**70], "tolerance": [None, 0, 2.5, torch.tensor(3.5), 2**70], "layers": [[]],
    "model_kwargs": [None, {"a": 1}], "weights": [None], "untrained": [True], "limits": [None], "address": [None, "no such thing", "two\nlines"],
    "jobs": [None], "retry_errors": [True], "tangents": [None], "strategy": [None],
}  # fmt: skip
SWEEP = {
    "models": ["no such thing", "two\nlines", Path("nowhere")],
    "store": ["no such thing", "two\nlines", Path("nowhere")],
    "symmetry": [None],
    "output": ["no such thing", "two\nlines", None],  # another model may have it: a cell says so
    "control": [None, True],
    "preset": [None],
    "weights_from": [
        None,
        "no such thing",
        "two\nlines",
        Path("nowhere"),
    ],  # the stores of before are folders by then
    "dry_run": [True],
    "device": [None, "no such thing", "", "  ", "two\nlines", 0],  # an executor's own business
    "layers": [True],
    "seeds": [{1, 2}],
    "allow_code": [[]],  # no pattern, as usual
}
SAVE = {"path": ["no such thing", "two\nlines", Path("nowhere")]}


ONE = {"model": NET, "data": IMAGES, "progress": False}
RESULT = symmeter.Result(rows=(), header={"status": "complete"})
LIE = {
    "f": NET,
    "x": IMAGES,
    "generators": [GENERATORS["rotation"]],
    "rho_in": Grid(Periodic()),
    "rho_out": Trivial(),
}
SWEPT = {
    "models": "net.py:build",
    "data": "d.npz",
    "store": "st",
    "symmetry": "rotation",
    "progress": False,
    "executor": Idle(),
}

# The function, arguments that are right, and values of others that are right for it alone.
FUNCTIONS = {
    "measure": (symmeter.measure, {**ONE, "symmetry": "rotation"}, {}),
    "measure over a group": (symmeter.measure, {**ONE, "symmetry": "C4"}, {}),
    "prediction_range": (symmeter.prediction_range, {**ONE, "symmetry": "rotation"}, {"t": [VALUES[20], {1, 2}]}),
    "robustness": (symmeter.robustness, {**ONE, "symmetry": "rotation", "mean": 0.0, "std": 1.0,
                                         "corruptions": "contrast", "strengths": 1},
                   {"corruptions": [None], "strengths": [None, {1, 2}]}),
    "attribute": (symmeter.attribute, {**ONE, "symmetry": "rotation", "probes": 0}, {}),
    "aliasing": (symmeter.aliasing, {**ONE, "symmetry": "translation_x"}, {}),
    "maps": (symmeter.maps, {"model": NET, "data": IMAGES}, {}),
    "assert_equivariant": (symmeter.assert_equivariant, {"model": pooled, "x": IMAGES, "symmetry": "hflip"},
                           {"max_stability": [None], "max_specificity": [None], "layers": [None]}),
    "round_trip_error": (symmeter.round_trip_error, {"x": IMAGES, "symmetry": "C4"}, {"padding": []}),
    "lie_derivative": (symmeter.lie_derivative, LIE, {}),
    "load": (symmeter.load, {}, {}),
    "load_model": (symmeter.load_model, {"spec": "torch.nn:Identity"}, {}),
    "parse_group": (symmeter.parse_group, {}, {}),
    "save": (RESULT.save, {}, SAVE),
    "to_json": (RESULT.to_json, {}, SAVE),
    "sweep": (symmeter.sweep, SWEPT, SWEEP),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "def build(): return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 5))\n"
    )
    np.savez("d.npz", images=np.zeros((3, 8, 8, 3), np.uint8))
    return tmp_path


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_wrong_value_is_one_line(name, folder, capsys):
    function, right, fine = FUNCTIONS[name]
    raw, taken, unsaid = [], [], []
    for parameter in inspect.signature(function).parameters:
        allowed = fine.get(parameter, USUAL.get(parameter, []))
        for value in VALUES:
            where = f"{parameter}={shown(value)}"
            try:
                function(**{**right, parameter: value})
            except SymmeterError as error:
                if "\n" in str(error) or len(str(error)) > 400 or _among(value, allowed):
                    unsaid.append(f"{where}: {error}")
            except (RuntimeError, TypeError) as error:
                if not (name == "lie_derivative" and _is_tensor(value)):  # f's own word of another shape
                    raw.append(f"{where}: {type(error).__name__}: {error}")
            except Exception as error:
                raw.append(f"{where}: {type(error).__name__}: {error}")
            else:
                if not _among(value, allowed):
                    taken.append(where)
    assert not raw
    assert not taken
    assert not unsaid


def _is_tensor(value):
    return isinstance(value, torch.Tensor)


def _among(value, allowed):
    return any(type(value) is type(one) and (value is one or repr(value) == repr(one)) for one in allowed)


@pytest.mark.parametrize(("given", "words"), [
    ({"preprocessing": {"imgsize": 32}}, "images have no option 'imgsize'; did you mean 'img_size'?"),
    ({"preprocessing": {"img_size": "32"}}, "img_size is '32'; give a whole number"),
    ({"preprocessing": {"img_size": (8, 8, 8)}}, "img_size is (8, 8, 8); give"),
    ({"preprocessing": {"crop_pct": True}}, "crop_pct is True; give a number"),
    ({"preprocessing": {"crop_pct": float("nan")}}, "crop_pct is nan; give a number"),
    ({"preprocessing": {"mean": ["a", "b", "c"]}}, "mean is ['a', 'b', 'c']; give a number, or one a channel"),
    ({"preprocessing": {"std": [0.5, None, 0.5]}}, "std is [0.5, None, 0.5]; give a number"),
    ({"preprocessing": {"interpolation": 3}}, "interpolation is 3; give a name"),
    ({"preprocessing": {3: 3}}, "preprocessing is {3: 3}; give a dictionary such as"),
    ({"symmetry": ["rotation", 3]}, "symmetry is ['rotation', 3]; give names such as 'rotation,C4'"),
    ({"symmetry": {"rotation": 1}}, "symmetry is {'rotation': 1}; give names"),
    ({"measure": ["lee", None]}, "measure is ['lee', None]; give names such as 'lee'"),
    ({"model": nn.Linear}, "a model is an nn.Module, another callable or a name, not the class Linear"),
    ({"device": "meta"}, "device is 'meta'; give a device such as 'cpu'"),
    ({"device": torch.device("meta")}, "device is device(type='meta'); give a device such as 'cpu'"),
    ({"seed": 2**63}, "seed is 9223372036854775808; give a whole number from 0 to 2^63 - 1"),
    ({"control": "best"}, "unknown control 'best'; choose from both"),
    ({"control": 1}, "control is 1; give True, False, or one of"),
    ({"definition": ["bandlimited"]}, "definition is ['bandlimited']; give a name such as 'bandlimited'"),
])  # fmt: skip
def test_the_line_says_what_would_do(given, words):
    with pytest.raises(SymmeterError) as caught:
        symmeter.measure(**{"model": NET, "data": IMAGES, "progress": False, **given})
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("layouts", [{"0": 3}, {0: "channels_first"}, {"0": None}, "channels_first"])
def test_layouts_are_words(layouts):
    with pytest.raises(SymmeterError, match=r"layouts (has|is) "):
        symmeter.attribute(NET, IMAGES, "rotation", layouts=layouts, progress=False)


@pytest.mark.parametrize(
    "wrong", [{"seconds": "1"}, {"seconds": 0}, {"gigabytes": -1}, {"gigabytes": float("nan")}]
)
def test_limits_are_numbers_above_zero(wrong):
    with pytest.raises(SymmeterError, match=r"limit of (seconds|gigabytes) is .*; give a number above 0"):
        Limits(**wrong)


def test_what_means_the_same_gives_the_same(folder):
    plain = symmeter.measure(NET, IMAGES, "rotation", samples=2, seed=3, batch_size=1, progress=False)
    other = symmeter.measure(
        NET, IMAGES, ["rotation"], measure=["lee"], samples=np.int64(2), seed=np.uint8(3), batch_size=torch.tensor(1),
        device=torch.device("cpu"), definition=symmeter.domains.grids.interpolants.parse_interpolant("bandlimited"),
        control=np.bool_(True), progress=np.bool_(False), preprocessing={"mean": None},
    )  # fmt: skip
    assert other.rows[0].value == plain.rows[0].value and other.rows[0].control == plain.rows[0].control
    place = other.save(folder / "saved")
    assert symmeter.load(Path(place)).rows == symmeter.load(str(place)).rows
    assert other.to_dict()["spec"]["samples"] == 2  # plain, as JSON wants it


def test_a_parameter_without_a_kind_is_a_mistake_of_ours():
    with pytest.raises(TypeError, match="has parameters without a kind: b"):

        @verb(a=whole(0))
        def function(a, b):
            pass


def test_a_fault_in_a_kind_is_not_taken_for_a_wrong_value():
    with pytest.raises(ZeroDivisionError):
        Kind("anything", lambda value: 1 / 0).check("n", 3)


@pytest.mark.parametrize("code", [0, None, 1, "no more"])
def test_leaving_the_process_is_an_error_of_what_was_called(code):
    class Leaving(torch.utils.data.Dataset):
        def __len__(self):
            raise SystemExit(code)

        def __getitem__(self, i):
            return IMAGES[i]

    with pytest.raises(
        SymmeterError, match=r"SystemExit at test_arguments.py:\d+.*wanted to end the program"
    ):
        symmeter.measure(NET, Leaving(), "rotation", progress=False)
