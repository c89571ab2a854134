"""`symmeter robustness`: the tables, files and picture, exit codes, and one line for every mistake."""

import json

import numpy as np
import pytest
import torch

import symmeter
from symmeter.cli.app import main

MODELS = """
from torch import nn

def build(classes=3):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, classes)).eval()
"""


@pytest.fixture
def words(tmp_path, monkeypatch):
    """A network with its weights and pixels with labels, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(MODELS)
    space = {}
    exec(MODELS, space)
    torch.manual_seed(0)
    torch.save(space["build"]().state_dict(), "w.pt")
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)
    np.savez("x.npz", images=images, labels=np.arange(9) % 3)
    return ["robustness", "net.py:build", "x.npz", "--weights", "w.pt", "--symmetry", "hue,C4", "--quiet"]


def fails(capsys, *words):
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("symmeter: error: ") and err.count("\n") == 1
    return err


def test_tables_files_and_a_picture(words, tmp_path, capsys):
    pytest.importorskip("pyarrow", exc_type=ImportError)
    pytest.importorskip("matplotlib")
    more = ["--corruptions", "contrast,pixelate", "--strengths", "1,5", "--out", "r", "--json", "r.json"]
    assert main([*words, *more, "--plot", "r.png"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and max(map(len, out.splitlines())) <= 80
    for word in ("corrupted", "accuracy", "pixelate", "/ clean", "contrast, hue, lee, softmax: "):
        assert word in out
    found = symmeter.load("r")
    assert str(found) in out or found.sentences()[0][:40] in out
    assert len(json.loads((tmp_path / "r.json").read_text())["rows"]) == 10
    assert (tmp_path / "r.png").stat().st_size > 5000
    assert main(["plot", "r", "--kind", "strength", "--out", "again.png"]) == 0


def test_json_in_the_place_of_the_tables(words, capsys):
    assert main([*words, "--corruptions", "fog", "--strengths", "2", "--no-control", "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["corruption"], row["strength"]) for row in rows] == [("clean", 0)] * 2 + [("fog", 2)] * 2
    assert all(row["stability"] is None for row in rows)


def test_mistakes_are_one_line(words, capsys):
    assert "unknown corruption 'fogg'; did you mean 'fog'" in fails(capsys, *words, "--corruptions", "fogg")
    assert "strength 8: gaussian_blur has" in fails(capsys, *words, "--strengths", "8")
    assert "--strengths is 'much'" in fails(capsys, *words, "--strengths", "much")
    assert "--kind has no effect without --plot" in fails(capsys, *words, "--kind", "strength")
    assert "--padding zeros has no effect" in fails(capsys, *words[:-2], "hue", "--padding", "zeros")
    assert "takes no --domain" in fails(capsys, "list", "measures", "--domain", "points")


def test_floating_point_is_not_guessed(words, capsys):
    np.save("x.npy", np.random.default_rng(0).random((4, 3, 8, 8), dtype=np.float32))
    words[2] = "x.npy"
    more = ["--corruptions", "fog", "--strengths", "1"]
    assert "mean=0, std=1 where they were not" in fails(capsys, *words, *more)
    assert main([*words, *more, "--mean", "0", "--std", "1"]) == 0


def test_corruptions_are_listed(capsys):
    assert main(["list", "corruptions", "--domain", "points"]) == 0
    assert capsys.readouterr().out.startswith("points:\n  jitter ")
    assert main(["list", "corruptions"]) == 0
    assert "[blur]" in capsys.readouterr().out
