"""Packages that are missing are named before anything is computed, and no failure to write loses what was computed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers import write
from torch import nn

import symmeter
from symmeter.cli.app import main
from symmeter.domains.images import preprocessing, resizing
from symmeter.errors import SymmeterError, WriteError
from symmeter.optional import require
from symmeter.sweeps.store import Store

CODE = """
import sys
from torch import nn

def build():
    print("built")
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).eval()

def quiet():
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 2)).eval()

def leaves():
    sys.exit(0)

class Leaving(nn.Module):
    def forward(self, x):
        raise SystemExit
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    """`net.py:build` in the current folder, with five images in `d.npz` and in `photos`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(CODE)
    np.savez("d.npz", images=np.random.default_rng(0).integers(0, 255, (5, 8, 8, 3), dtype=np.uint8))
    for i in range(3):
        write(tmp_path / "photos", f"{i}.png", seed=i)
    return "net.py:build"


@pytest.fixture
def without(monkeypatch):
    """Makes packages impossible to import."""

    def block(*packages):
        for name in [name for name in sys.modules if name.partition(".")[0] in packages] + list(packages):
            monkeypatch.setitem(sys.modules, name, None)
        resizing.resizer.cache_clear()

    return block


def refused(capsys, *words):
    """The one line of a command that computed nothing."""
    assert main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    assert "built" not in out and err.count("\n") == 1, (out, err)
    return err


@pytest.mark.parametrize(("missing", "words", "extra"), [
    ("matplotlib", ["measure", "net.py:build", "d.npz", "--symmetry", "C8", "--plot", "p.png"], "plot"),
    ("matplotlib", ["layers", "net.py:build", "d.npz", "--plot", "p.png"], "plot"),
    ("pandas", ["measure", "net.py:build", "d.npz", "--out", "r"], "io"),
    ("pyarrow", ["measure", "net.py:build", "d.npz", "--out", "r"], "io"),
    ("pyarrow", ["layers", "net.py:build", "d.npz", "--out", "r"], "io"),
    ("PIL", ["measure", "net.py:build", "photos"], "vision"),
    ("PIL", ["measure", "net.py:build", "builtin:photos"], "vision"),
    ("timm", ["measure", "net.py:build", "photos", "--img-size", "16"], "vision"),
    ("timm", ["measure", "hf:someone/something", "photos"], "vision"),
    ("timm", ["measure", "timm:resnet18", "photos"], "vision"),
    ("transformers", ["measure", "hf:someone/something", "d.npz"], "hf"),
    ("onnxruntime", ["measure", "some.onnx", "d.npz"], "onnx"),
    ("psutil", ["sweep", "net.py:build", "d.npz", "--store", "s"], "sweep"),
    ("fsspec", ["sweep", "net.py:build", "d.npz", "--store", "s"], "sweep"),
    ("pyarrow", ["sweep", "net.py:build", "d.npz", "--store", "s"], "sweep"),
    ("ray", ["sweep", "net.py:build", "d.npz", "--store", "s", "--executor", "ray"], "ray"),
    ("altair", ["report", "nowhere", "--out", "r.html"], "report"),
    ("vl_convert", ["report", "nowhere", "--out", "r.html"], "report"),
    ("sklearn", ["demo"], "demo"),
    ("pandas", ["demo", "--out", "r"], "io"),
])  # fmt: skip
def test_what_is_missing_is_said_first(missing, words, extra, model, without, capsys):
    Path("some.onnx").write_bytes(b"not read")
    without(missing)
    line = refused(capsys, *words)
    assert f"symmeter[{extra}]" in line
    assert not Path("r").exists() and not Path("s").exists() and not Path("p.png").exists()


def test_what_is_not_needed_is_not_missed(model, without, capsys):
    without("pandas", "pyarrow", "matplotlib", "timm", "torchvision", "PIL", "transformers", "onnx", "psutil")
    assert (
        main(["measure", model, "d.npz", "--symmetry", "rotation", "--json", "r.json", "--out", "s.json"])
        == 0
    )
    assert json.loads(Path("r.json").read_text())["rows"] == json.loads(Path("s.json").read_text())["rows"]
    capsys.readouterr()
    assert main(["measure", model, "d.npz", "--symmetry", "C4", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["symmetry"] == "C4"


def test_from_python_too_the_model_is_not_called_before(model, without):
    calls = []

    def net(x):
        calls.append(len(x))
        return x.mean((2, 3))

    without("PIL")
    with pytest.raises(SymmeterError, match=r"PIL is not installed: pip install 'symmeter\[vision\]'"):
        symmeter.measure(net, "photos", "rotation", output="logits", progress=False)
    without("timm")
    with pytest.raises(SymmeterError, match=r"symmeter\[vision\]"):
        symmeter.measure(net, "photos", "rotation", preprocessing={"img_size": 16}, progress=False)
    assert calls == []


def test_a_package_that_breaks_while_it_is_imported_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "symmeter_broken.py").write_text("raise OSError('libfoo.so: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        SymmeterError, match=r"symmeter_broken cannot be imported \(libfoo.so.*pip install 'symmeter\[io\]'"
    ):
        require("symmeter_broken", "io")


def test_hf_reads_its_preprocessing_without_pillow(tmp_path, without):
    pytest.importorskip("transformers")
    config = {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}, "image_mean": [0.1] * 3,
              "image_std": [0.2] * 3, "do_normalize": True}  # fmt: skip
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit"}))
    without("PIL")
    found = preprocessing.Preprocessing.from_hf(tmp_path)
    assert (found.size, found.mean) == ((16, 16), (0.1, 0.1, 0.1))


@pytest.mark.parametrize("missing", ["pandas", "pyarrow"])
def test_save_keeps_the_rows_without_parquet(missing, tmp_path, without):
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).eval()
    before = symmeter.measure(net, torch.rand(4, 3, 4, 4), "rotation", progress=False)
    before.save(tmp_path)
    result = symmeter.measure(net, torch.rand(3, 3, 4, 4), "scale", progress=False)
    without(missing)
    with pytest.raises(
        WriteError,
        match=rf"{missing} is not installed: pip install 'symmeter\[io\]'; .*result.json is written",
    ):
        result.save(tmp_path)
    assert symmeter.load(tmp_path).rows == result.rows
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]  # no table of the result before


def full(*args, **kwargs):
    raise OSError(28, "No space left on device")


def test_save_on_a_full_disk(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    result = symmeter.measure(
        nn.Flatten().eval(), torch.rand(4, 3, 4, 4), "rotation", output="logits:invariant", progress=False
    )
    monkeypatch.setattr(pandas.DataFrame, "to_parquet", full)
    with pytest.raises(WriteError, match=r"No space left on device; .*result.json is written"):
        result.save(tmp_path / "out")
    assert symmeter.load(tmp_path / "out").rows == result.rows
    with pytest.raises(WriteError, match=r"cannot write .*Not a directory"):
        result.save(tmp_path / "out" / "result.json" / "below")
    monkeypatch.setattr("symmeter.files.put", full)
    with pytest.raises(WriteError, match=r"cannot write .*No space left on device"):
        result.to_json(tmp_path / "r.json")
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def breaks(*args, **kwargs):
    raise ZeroDivisionError("a fault of what draws")


def gone(*args, **kwargs):
    raise SystemExit(0)


@pytest.mark.parametrize("words", [
    ["measure", "net.py:build", "d.npz", "--symmetry", "C8"],
    ["layers", "net.py:build", "d.npz", "--probes", "0"],
])  # fmt: skip
@pytest.mark.parametrize("failure", [breaks, full, gone])
def test_a_picture_that_fails_takes_nothing_along(words, failure, model, monkeypatch, capsys):
    figure = pytest.importorskip("matplotlib.figure")
    monkeypatch.setattr(figure.Figure, "savefig", failure)
    assert main([*words, "--plot", "p.png", "--json", "r.json", "--out", "r"]) == 1
    out, err = capsys.readouterr()
    assert "symmetry" in out or "share" in out
    assert err.startswith("symmeter: error: ") and err.count("\n") == 1
    assert symmeter.load("r").rows and symmeter.load("r.json").rows
    assert sorted(file.name for file in Path().iterdir()) == ["d.npz", "net.py", "photos", "r", "r.json"]


def test_every_failure_is_a_line_and_the_rest_is_written(model, monkeypatch, capsys):
    real = symmeter.Result.to_json

    def to_json(self, path):
        if Path(path).name == "r.json":
            raise WriteError("cannot write r.json: the folder is gone")
        real(self, path)

    monkeypatch.setattr(symmeter.Result, "to_json", to_json)
    monkeypatch.setattr("symmeter.results.shown.Shown.show", breaks)
    assert main(["measure", model, "d.npz", "--json", "r.json", "--out", "r"]) == 1
    err = capsys.readouterr().err
    assert err.splitlines() == [
        "symmeter: error: ZeroDivisionError: a fault of what draws",
        "symmeter: error: cannot write r.json: the folder is gone",
    ]
    assert symmeter.load("r").status == "complete"


@pytest.mark.parametrize("words", [
    ["measure", "net.py:leaves", "d.npz"],
    ["measure", "net.py:Leaving", "d.npz"],
    ["measure", "net.py:Leaving", "d.npz", "--symmetry", "C4"],
    ["layers", "net.py:Leaving", "d.npz"],
    ["list", "layers", "net.py:leaves"],
])  # fmt: skip
def test_a_model_that_leaves_is_an_error(words, model, capsys):
    assert main(words) in (1, 2)
    err = capsys.readouterr().err
    assert "SystemExit" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "place",
    [
        "symmeter.domains.images.data.open.from_path",
        "symmeter.results.shown.Shown.show",
        "symmeter.measuring.execution.environment",
    ],
)
def test_nothing_that_leaves_is_taken_for_success(place, model, monkeypatch, capsys):
    monkeypatch.setattr(place, gone)
    assert main(["measure", model, "d.npz"]) in (1, 2)
    assert "SystemExit" in capsys.readouterr().err


@pytest.mark.slow
def test_the_demo_is_printed_where_it_cannot_be_saved(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(symmeter.Result, "save", lambda self, path: full_disk(path))
    assert main(["demo", "--epochs", "1", "--quiet", "--out", "r"]) == 1
    out, err = capsys.readouterr()
    assert "What the numbers say" in out
    assert err == "symmeter: error: cannot write r/plain_cnn: No space left on device\n"


def full_disk(path):
    raise WriteError(f"cannot write {path}: No space left on device")


def test_the_report_is_written_before_its_charts(tmp_path, monkeypatch, capsys):
    pytest.importorskip("altair")
    from tests.report.stores import fill, made_up

    store = tmp_path / "store"
    fill(Store(store, create=True), made_up(6))
    monkeypatch.setattr("symmeter.report.store.page.save_chart", full)
    assert (
        main(["report", str(store), "--out", str(tmp_path / "r.html"), "--charts", str(tmp_path / "charts")])
        == 1
    )
    assert "r.html is written, but not all charts" in capsys.readouterr().err
    assert (tmp_path / "r.html").read_text().startswith("<!")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_standard_output_is_one_line(unbuffered, model):
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(symmeter.__file__).parents[1]),
        "PYTHONUNBUFFERED": unbuffered,
    }
    with open("/dev/full", "w") as out:
        words = [sys.executable, "-m", "symmeter", "measure", "net.py:quiet", "d.npz", "--json", "r.json"]
        done = subprocess.run(
            words, stdout=out, stderr=subprocess.PIPE, text=True, env=environment, timeout=200, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "symmeter: error: cannot write to standard output: No space left on device\n"
    assert symmeter.load("r.json").rows
