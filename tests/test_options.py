"""An option of a kind of data is written once, as a field: flag, column, key and spec follow from that."""

import json
from dataclasses import dataclass, fields

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter
import symmeter.domain
from symmeter.cli.app import main
from symmeter.domains.images.options import ImageOptions
from symmeter.domains.points.data import open_points
from symmeter.domains.points.domain import Points
from symmeter.domains.points.options import PointOptions
from symmeter.options import as_written, from_text, option
from symmeter.sweeps.cell import measured_cell
from symmeter.sweeps.model_list import read_models
from symmeter.sweeps.plan import Spec, plan
from symmeter.verbs.arguments import number, several

NET = """
import torch
from torch import nn

def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 2))
"""


@dataclass(frozen=True)
class ToyOptions:
    gain: float = option(1.0, number(0.0), "what sets are multiplied by", "G", type="number")
    shift: tuple = option((), several("numbers", number(), 0), "what is added", "S", type="number", many=True)


class ToySets(Points):
    """Sets with two options."""

    name = "toys"
    item = "toy"
    Options = ToyOptions

    def open(self, data, model, draw, group=None):
        points = np.load(data)["points"] * np.float32(self.options.gain)
        return open_points(points, PointOptions(), draw)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The toy domain is known, and there are a network and some sets for it."""
    known = {**symmeter.kinds_of_data.domains(), "toys": ToySets}
    monkeypatch.setattr(symmeter.kinds_of_data, "domains", lambda: known)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    np.savez("toys.npz", points=torch.rand(4, 3, 2, generator=torch.Generator().manual_seed(0)).numpy())
    return tmp_path


@pytest.mark.parametrize("command", ["measure", "layers", "sweep"])
@pytest.mark.parametrize("domain", [["--domain", "toys"], ["--domain=toys"]])
def test_it_is_a_flag_of_every_command_that_measures(place, command, domain, capsys):
    assert main([command, *domain, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--gain G" in shown and "what sets are multiplied by" in shown and "--shift S [S ...]" in shown
    assert "number of toys" in shown and "--img-size" not in shown
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--gain" not in shown
    assert all("--" + field.name.replace("_", "-") in shown for field in fields(ImageOptions))


def test_the_flag_reaches_the_data_and_the_spec_of_the_result(place, capsys):
    words = [
        "measure",
        "net.py:build",
        "toys.npz",
        "--symmetry",
        "S3",
        "--output",
        "logits",
        "--json",
        "-",
        "--domain",
        "toys",
    ]
    points = torch.from_numpy(np.load("toys.npz")["points"])
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 2)).eval()
    for gain in (1.0, 2.0):
        assert main([*words, "--gain", str(gain), "--shift", "1", "2"]) == 0
        content = json.loads(capsys.readouterr().out)
        assert content["spec"]["options"] == {"gain": gain, "shift": [1.0, 2.0]}
        expected = symmeter.measure(
            net, points * gain, "S3", output="logits", domain="points", progress=False
        )
        assert content["rows"][0]["value"] == pytest.approx(expected.rows[0].value, rel=1e-5)
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["spec"]["options"] == {"gain": 1.0, "shift": []}


@pytest.mark.parametrize(("words", "said"), [
    (["--gain", "a"], "--gain: 'a' is not a number"),
    (["--gain", "-1"], "gain is -1.0; give a number"),
    (["--gian", "1"], "unknown option '--gian'; did you mean '--gain'?"),
    (["--img-size", "8"], "unknown option '--img-size'"),
])  # fmt: skip
def test_what_is_wrong_with_it_is_one_line(place, words, said, capsys):
    command = ["measure", "net.py:build", "toys.npz", "--symmetry", "S3", "--domain", "toys"]
    assert main([*command, *words]) == 2
    assert said in capsys.readouterr().err


def test_it_is_a_column_of_lists_of_models(place):
    (place / "m.csv").write_text("model,gain,shift,other\nnet.py:build,2,1 2,x\n")
    (entry,) = read_models("m.csv", domain="toys")
    assert entry.options == {"gain": 2.0, "shift": (1.0, 2.0)} and entry.tags == {"other": "x"}
    (entry,) = read_models("m.csv")
    assert entry.options == {} and entry.tags == {"gain": "2", "shift": "1 2", "other": "x"}
    (entry,) = read_models({"model": "net.py:build", "domain": "toys", "gain": 3})
    assert (entry.domain, entry.options) == ("toys", {"gain": 3.0})
    check_refused(
        "models: gain: 'x' is not a number", read_models, {"model": "m", "gain": "x"}, domain="toys"
    )


def test_it_is_a_part_of_what_a_cell_is_found_by(place):
    def key(column=None, **said):
        row = {"model": "net.py:build"} | ({} if column is None else {"gain": column})
        spec = Spec("S3", output="logits", domain="toys", options=said)
        return plan(read_models(row, domain="toys"), "toys.npz", spec)[0].key

    assert key() == key(gain=1.0) == key("1") == key(shift=())
    assert key(gain=2.0) == key("2") == key("2", gain=3.0)  # what is said of the model goes first
    assert len({key(), key("2"), key("3"), key("2", shift=[1.0])}) == 4
    check_refused("net.py:build: gain is -1.0; give a number", key, "-1")
    check_refused("toys have no option 'gian'; did you mean 'gain'?", key, gian=1.0)


def test_a_cell_is_measured_with_it(place):
    entries = read_models({"model": "net.py:build", "gain": 2})
    assert entries[0].tags == {"gain": 2}
    entries = read_models({"model": "net.py:build", "gain": 2}, domain="toys")
    (cell,) = plan(entries, "toys.npz", Spec("S3", output="logits", domain="toys", options={"shift": [1.0]}))
    header = json.loads(measured_cell(cell.task())["header"])
    assert header["spec"]["options"] == {"gain": 2.0, "shift": [1.0]} and header["spec"]["domain"] == "toys"
    assert header["cell"]["spec"]["options"] == {"gain": 2.0, "shift": [1.0]}


def test_options_are_read_and_written():
    gain, shift = fields(ToyOptions)
    assert (
        from_text(gain, "2") == 2.0
        and from_text(shift, [1, 2]) == (1.0, 2.0)
        and from_text(shift, "3") == 3.0
    )
    assert as_written(ToyOptions(2.0)) == {"gain": 2.0, "shift": []}
    assert as_written(ToyOptions(2.0), everything=False) == {"gain": 2.0}
