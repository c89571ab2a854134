"""`symmeter compare`: tables, files and pictures, exit codes, and one line for every mistake."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from tests.results.compared import made_result, values_of

from symmeter.cli.app import main

pytest.importorskip("pyarrow", exc_type=ImportError)

MODELS = """
from torch import nn

def build(classes=3):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, classes)).eval()
"""


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """Two saved results, `before` and `after`, in the current folder: the second is twice the first."""
    monkeypatch.chdir(tmp_path)
    values = {"rotation": values_of(0), "rotation:control": values_of(1)}
    made_result(values).save("before")
    made_result({**values, "rotation": 2 * values_of(0)}).save("after")


@pytest.fixture
def model(tmp_path, monkeypatch):
    """`net.py:build` with two checkpoints, `0.pt` and `1.pt`, and images in `x.npz`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(MODELS)
    space = {}
    exec(MODELS, space)
    for i in (0, 1):
        torch.manual_seed(i)
        torch.save(space["build"]().state_dict(), f"{i}.pt")
    np.savez("x.npz", images=np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8))
    return ["net.py:build", "--data", "x.npz", "--mean", "0", "--std", "1", "--output", "logits", "--quiet"]


def fails(capsys, *words, code=2):
    assert main(["compare", *words]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("symmeter: error: ") and err.count("\n") == 1
    return err


def test_saved_results_make_a_table_a_file_and_a_picture(saved, tmp_path, capsys):
    assert main(["compare", "before", "after", "--json", "c.json", "--plot", "c.png"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and max(map(len, out.splitlines())) <= 80
    for word in (
        "net (after) against net (before)",
        "16 images",
        "2.00 [2.00 2.00]",
        "larger error",
        "stability",
    ):
        assert word in out
    content = json.loads((tmp_path / "c.json").read_text())
    assert [row["ratio"] for row in content["rows"]] == pytest.approx([2, 2])
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_json_to_standard_output_and_nothing_else(saved, capsys):
    assert main(["compare", "before", "after", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["models"] == ["net (before)", "net (after)"]


def test_checkpoints_of_one_model_are_measured_and_compared(model, capsys):
    words = [
        "compare",
        *model,
        "--weights",
        "0.pt",
        "1.pt",
        "--symmetry",
        "rotation",
        "--samples",
        "8",
        "--json",
        "-",
    ]
    assert main(words) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["models"] == ["net.py:build (0.pt)", "net.py:build (1.pt)"] and content["images"] == [8]
    assert {row["quantity"] for row in content["rows"]} == {"value", "stability", "specificity"}
    assert content["rows"][0]["output"] == "logits"


def test_mistakes_are_one_line(saved, model, capsys):
    assert "needs --data" in fails(capsys, "net.py:build", "net.py:build")
    assert "no result there" in fails(capsys, "before", ".")
    assert "give two or more" in fails(capsys, "before")
    assert "leave it out" in fails(capsys, "before", "after", "--data", "x.npz")
    assert "--weights has 3 files for 2 models" in fails(
        capsys, model[0], *model, "--weights", "0.pt", "1.pt", "0.pt"
    )
    assert "other samples" in fails(capsys, "before", *model, "--symmetry", "rotation")
    assert "unknown symmetry" in fails(capsys, *model, "--weights", "0.pt", "1.pt", "--symmetry", "rotatio")
    assert ".png" in fails(capsys, "before", "after", "--plot", "c.gif")
    assert "this is a folder" in fails(capsys, "before", "after", "--json", ".")
    assert "required" in fails(capsys)
    assert "unknown option '--jsn'" in fails(capsys, "before", "after", "--jsn", "x")


def test_layers_account_for_the_difference(model, tmp_path, capsys):
    net, *spec = model
    words = ["--symmetry", "rotation", "--layers", "--json", "d.json", "--plot", "d.png", "--top", "2"]
    assert main(["compare", net, *spec, "--weights", "0.pt", "1.pt", *words]) == 0
    out, err = capsys.readouterr()
    assert err == "" and max(map(len, out.splitlines())) <= 80
    for word in ("net.py:build (1.pt) less", "by module", "9 images of both", "2 more", "whole"):
        assert word in out
    content = json.loads((tmp_path / "d.json").read_text())
    lines = [row for row in content["rows"] if row["by"] == "module"]
    assert sum(row["difference"] for row in lines) == pytest.approx(content["rows"][0]["difference"])
    assert {row["layer"] for row in lines} >= {"0", "1", "3"}
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")


def test_layers_of_saved_profiles_in_several_views(model, capsys):
    net, _, data, *spec = model
    for number in "01":
        words = [
            "layers",
            net,
            data,
            *spec,
            "--symmetry",
            "rotation",
            "--probes",
            "0",
            "--weights",
            f"{number}.pt",
        ]
        assert main([*words, "--out", f"layers{number}"]) == 0
    capsys.readouterr()
    saved = ["compare", "layers0", "layers1", "--layers"]
    assert main([*saved, "--by", "kind,stage", "--json", "-"]) == 0
    assert {row["by"] for row in json.loads(capsys.readouterr().out)["rows"]} == {"all", "kind", "stage"}
    assert main([*saved, "--depth", "1"]) == 0
    assert "by module" in capsys.readouterr().out


def test_mistakes_about_layers_are_one_line(saved, model, capsys):
    models = [*model, "--weights", "0.pt", "1.pt"]
    for flags in (["--by", "kind"], ["--depth", "1"], ["--top", "3"]):
        assert f"{flags[0]} has no effect without --layers" in fails(capsys, *models, *flags)
    assert "--measure has no effect with --layers" in fails(capsys, *models, "--layers", "--measure", "lee")
    assert "--top has no effect where --json -" in fails(
        capsys, *models, "--layers", "--json", "-", "--top", "3"
    )
    assert "depth 2 is of parts by module" in fails(
        capsys, *models, "--layers", "--by", "kind", "--depth", "2"
    )
    assert "unknown view of layers 'knd'" in fails(capsys, *models, "--layers", "--by", "knd")
    assert "a result without layers" in fails(capsys, "before", "after", "--layers")
    assert "3 networks" in fails(capsys, *model, "--weights", "0.pt", "1.pt", "0.pt", "--layers")


def test_help_does_not_wait_for_torch():
    code = "import sys; from symmeter.cli.app import main; main(['compare', '--help']); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--plot" in done.stdout and max(map(len, done.stdout.splitlines())) <= 90
