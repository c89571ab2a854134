"""A user's own code: run in its place, forgotten afterwards, and its mistakes are told with their line."""

import sys
import textwrap
from pathlib import Path

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

from symmeter.domains.images.inputs import preprocessing_of
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterWarning
from symmeter.models.load import load_model

NETS = """
    import torch
    from torch import nn
    from helpers import WIDTH

    def build(width=WIDTH, train=True):
        return nn.Sequential(nn.Flatten(), nn.Linear(12, width), nn.Dropout()).train(train)

    ready = nn.Linear(2, 2)

    def fails():
        raise KeyError("no such thing\\nand more")

    def number():
        return 3

    def leaves():
        raise SystemExit(2)

    SIZE = 3
"""


@pytest.fixture
def nets(tmp_path):
    (tmp_path / "nets.py").write_text(textwrap.dedent(NETS))
    (tmp_path / "helpers.py").write_text("WIDTH = 5")
    return str(tmp_path / "nets.py")


def test_a_callable_from_a_file(nets):
    before, path = torch.get_rng_state(), list(sys.path)
    loaded = load_model(f"{nets}:build", model_kwargs={"width": 6})
    assert torch.equal(before, torch.get_rng_state())
    assert sys.path[: len(path)] == path
    assert loaded.model[1].weight.shape == (6, 12)
    assert loaded.model.training
    assert preprocessing_of(loaded) == Preprocessing.unknown(None)
    assert loaded.info["family"] == "callable"
    assert loaded.info["weights"] == "as built"
    assert loaded.name == loaded.info["name"] == "nets.py:build"
    assert loaded.info["spec"] == f"{nets}:build"
    again = load_model(f"{nets}:build", model_kwargs={"width": 6})
    assert torch.equal(loaded.model[1].weight, again.model[1].weight)
    assert not load_model(f"{nets}:build", model_kwargs={"train": False}).model.training


def test_a_relative_file_a_ready_network_and_a_package(nets, monkeypatch):
    monkeypatch.chdir(Path(nets).parent)
    assert isinstance(load_model("nets.py:ready").model, nn.Linear)
    assert isinstance(
        load_model("torch.nn:Linear", model_kwargs={"in_features": 2, "out_features": 3}).model, nn.Linear
    )
    Path("mine").mkdir()
    Path("mine/nets.py").write_text("from torch import nn\ndef tiny():\n    return nn.Identity()\n")
    loaded = load_model("mine.nets:tiny")
    assert isinstance(loaded.model, nn.Identity)
    assert loaded.name == loaded.info["spec"] == "mine.nets:tiny"


def test_two_files_may_have_helpers_of_the_same_name(nets, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "nets.py").write_text(textwrap.dedent(NETS))
    (other / "helpers.py").write_text("WIDTH = 9")
    assert load_model(f"{nets}:build").model[1].out_features == 5
    assert load_model(f"{other}/nets.py:build").model[1].out_features == 9
    assert load_model(f"{nets}:build").model[1].out_features == 5


def test_a_changed_file_is_read_anew(tmp_path):
    path = tmp_path / "net.py"
    for width in (3, 4):
        path.write_text(f"from torch import nn\ndef build():\n    return nn.Linear(2, {width})\n")
        assert load_model(f"{path}:build").model.out_features == width


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (":bild", "no 'bild' in .*nets.py; it has build, fails, number, leaves"),
        ("", "write .*nets.py:CALLABLE; it has build"),
        (":", "write .*nets.py:CALLABLE; it has build"),
        (":fails", r"KeyError at nets.py:\d+: 'no such thing"),
        (":leaves", r"SystemExit at nets.py:\d+: 2"),
        (":number", "it must return an nn.Module, a function or a calculator, not int"),
        (":SIZE", "TypeError"),
    ],
)
def test_wrong_callables_give_one_line(nets, name, words):
    check_refused(words, load_model, nets + name)


def test_a_ready_network_takes_no_arguments(nets):
    check_refused("it is a network already", load_model, f"{nets}:ready", model_kwargs={"width": 3})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def build(:", "SyntaxError"),
        (
            "import nothing_of_the_kind",
            "ModuleNotFoundError at net.py:1: No module named 'nothing_of_the_kind'",
        ),
        ("raise ValueError('deep')", "ValueError at net.py:1: deep"),
    ],
)
def test_files_that_do_not_import_give_one_line(tmp_path, text, words):
    (tmp_path / "net.py").write_text(text)
    check_refused(words, load_model, f"{tmp_path}/net.py:build")


def test_weights_for_a_callable(nets, tmp_path):
    path = tmp_path / "w.pth"
    weights = load_model(f"{nets}:build", seed=5).model.state_dict()
    torch.save(weights, path)
    loaded = load_model(f"{nets}:build", weights=str(path))
    assert torch.equal(loaded.model[1].weight, weights["1.weight"])
    assert loaded.model.training
    weights["1.bias"][0] = float("nan")
    torch.save(weights, path)
    with pytest.warns(SymmeterWarning, match="NaN or infinite"):
        load_model(f"{nets}:build", weights=str(path))
    check_refused(
        "do not fit Sequential", load_model, f"{nets}:build", weights=str(path), model_kwargs={"width": 8}
    )
