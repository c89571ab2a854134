"""The command line: exit codes, one line for every mistake, tables and files."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import symmeter
from symmeter.cli.app import main
from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import domains

Image = pytest.importorskip("PIL.Image", exc_type=ImportError)

MODELS = """
import os, sys, time
import torch
from torch import nn

def build(classes=3, training=False):
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, classes)
    )
    return net.train(training)

class Nan(nn.Module):
    def forward(self, x):
        return x.mean((2, 3)) * float("nan")

class Talking(nn.Module):
    def forward(self, x):
        print("hello from the model")
        return x.mean((2, 3))

calls = []

class Slow(nn.Module):
    def forward(self, x):
        calls.append(len(x))
        if len(calls) == 50:
            open("fifty-calls", "w").close()
            time.sleep(3600)  # until Ctrl-C
        return x.mean((2, 3))

class Failing(nn.Module):
    def forward(self, x):
        raise TypeError("this model takes\\nno images")

not_a_model = 3
def returns_three():
    return 3
"""


class RunsCode:
    """A pickle of this makes a folder when it is read."""

    def __init__(self, path: Path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """`net.py:build` in the current folder, which is `tmp_path`."""
    (tmp_path / "net.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    return "net.py:build"


@pytest.fixture
def photos(tmp_path: Path) -> str:
    """A folder of five images of 8 x 8 pixels."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, pixels in enumerate(torch.randint(0, 256, (5, 8, 8, 3), dtype=torch.uint8)):
        Image.fromarray(pixels.numpy()).save(folder / f"{i}.png")
    return str(folder)


@pytest.fixture
def fails(capsys: pytest.CaptureFixture):
    """Runs a command that must fail, and returns its one line on stderr."""

    def run(*argv: str, code: int = 2) -> str:
        assert main([str(word) for word in argv]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("symmeter: error: ")
        assert err.count("\n") == 1, err
        return err.removeprefix("symmeter: error: ").rstrip("\n")

    return run


def run_json(capsys: pytest.CaptureFixture, *argv: str, code: int = 0) -> dict:
    """The JSON that `measure ... --json -` prints."""
    assert main(["measure", *argv, "--json", "-"]) == code
    return json.loads(capsys.readouterr().out)


def test_measure_prints_a_table(model, photos, capsys):
    assert main(["measure", model, photos, "--symmetry", "translation,rotation"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    for word in (
        "translation_x",
        "translation_y",
        "rotation",
        "stability",
        "specificity",
        "5 images",
        "softmax",
    ):
        assert word in out


def test_json_schema(model, photos, tmp_path, capsys):
    file = tmp_path / "new" / "r.json"
    assert main(["measure", model, photos, "--symmetry", "rotation", "--json", str(file)]) == 0
    assert "rotation" in capsys.readouterr().out
    assert [p.name for p in file.parent.iterdir()] == ["r.json"]
    content = json.loads(file.read_text())
    assert content["schema"] == "symmeter.results.result/1"
    assert content["status"] == "complete"
    assert content["definition"] == "bandlimited"
    assert content["model"]["name"] == model
    assert content["data"]["used"] == 5
    assert content["spec"]["symmetry"] == "rotation"
    assert content["environment"]["torch"] == torch.__version__
    assert content["warnings"] == []
    (row,) = content["rows"]
    required = {"measure", "symmetry", "output", "layer", "value", "standard_error", "n", "floor", "control"}
    assert required | {"selectivity", "unit", "direction"} <= set(row)
    assert (row["measure"], row["symmetry"], row["output"], row["n"]) == ("lee", "rotation", "softmax", 5)
    assert row["value"] > 3 * row["floor"]
    assert symmeter.load(file).rows[0].value == row["value"]


def test_options_reach_the_measurement(model, photos, capsys):
    options = (
        "--output logits --definition periodic --samples 3 --batch-size 2 --seed 7 --device cpu --quiet "
    )
    options += (
        "--no-control --img-size 8 6 --mean 0.5 --std 0.2 0.2 0.25 --interpolation nearest --crop-pct 0.9"
    )
    content = run_json(capsys, model, photos, *options.split(), "--model-kwargs", "classes=7")
    assert content["definition"] == "periodic"
    assert content["model"]["parameters"] == 112 + 16 * 7 + 7
    assert content["data"]["used"] == content["spec"]["samples"] == 3
    assert (content["spec"]["seed"], content["spec"]["control"]) == (7, "none")
    (row, *_) = content["rows"]
    assert (row["output"], row["selectivity"]) == ("logits", None)
    preprocessing = content["data"]["preprocessing"]
    assert (preprocessing["size"], preprocessing["mean"], preprocessing["std"][2]) == (
        [8, 6],
        [0.5] * 3,
        0.25,
    )
    assert (preprocessing["interpolation"], preprocessing["crop_pct"]) == ("nearest", 0.9)


PAIRED = """
import torch
from torch import nn

class Paired(nn.Module):
    def forward(self, pos, z):
        return torch.cat([pos.tanh().sum(1), z.float() * pos[:, 0]], 1)
"""


def test_several_arrays_are_several_inputs(model, tmp_path, capsys, fails):
    import numpy as np

    Path("paired.py").write_text(PAIRED)
    arrays = {"pos": np.random.default_rng(0).random((5, 3, 2)), "z": np.arange(5)[:, None]}
    np.savez("sets.npz", labels=np.zeros(5, int), **arrays)
    words = ["measure", "paired.py:Paired", "sets.npz", "--symmetry", "S3", "--output", "logits", "--domain"]
    assert main([*words, "points", "--inputs", "pos=points,z=scalars", "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["spec"]["inputs"] == {"pos": "points", "z": "scalars"}
    assert content["spec"]["left_alone"] == [] and content["data"]["used"] == 5
    tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}
    net = lambda pos, z: torch.cat([pos.tanh().sum(1), z.float() * pos[:, 0]], 1)
    inputs = {"pos": "points", "z": "scalars"}
    own = symmeter.measure(
        net, tensors, "S3", output="logits", domain="points", inputs=inputs, progress=False
    )
    assert content["rows"][0]["value"] == pytest.approx(own.rows[0].value, rel=1e-5)
    for given, said in [
        ("position=points", "there is no 'position'; the data has pos (5, 3, 2), z (5, 1)"),
        ("pos=point", "points have no input 'point'; did you mean 'points' or 'voigt'?"),
        ("pos=", "inputs 'pos=': write leaf=word,leaf=word"),
        ("points", "sets.npz has pos, z: say how the symmetry acts on each"),
    ]:
        assert said in fails(*words, "points", "--inputs", given)
    words[2] = "net.py"
    assert "net.py: points are read from ply, off, xyz, a folder of these, or an .npz" in fails(
        *words, "points", "--inputs", "pos=points"
    )
    assert "unknown domain 'point'; did you mean 'points'?" in fails(*words, "point")


def test_a_layer_as_output(model, photos, capsys):
    content = run_json(capsys, model, photos, "--output", "1")
    assert [row["layer"] for row in content["rows"]] == ["1", "1"]
    assert "channels first" in content["spec"]["rho_out"]


def test_saved_folder_can_be_loaded(model, photos, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    assert main(["measure", model, photos, "--out", str(tmp_path / "out")]) == 0
    result = symmeter.load(tmp_path / "out")
    assert result.sample_names == tuple(f"{i}.png" for i in range(5))


def test_weights_from_a_file(model, photos, tmp_path, capsys):
    from_seed = run_json(capsys, model, photos, "--untrained", "--seed", "1")
    with torch.random.fork_rng():
        torch.manual_seed(5)
        net = torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3), *[torch.nn.Identity()] * 3, torch.nn.Linear(16, 3)
        )
    torch.save(net.state_dict(), tmp_path / "w.pt")
    from_file = run_json(capsys, model, photos, "--weights", "w.pt")
    assert from_file["rows"][0]["value"] != from_seed["rows"][0]["value"]
    assert from_file["model"]["weights"].startswith("w.pt")


def test_broken_weights_are_warned_of(model, photos, tmp_path, capsys):
    state = {"0.weight": torch.randn(4, 3, 3, 3), "0.bias": torch.zeros(4), "4.bias": torch.zeros(3)}
    torch.save(state | {"4.weight": torch.full((3, 16), float("nan"))}, tmp_path / "w.pt")
    content = run_json(capsys, model, photos, "--weights", "w.pt", "--output", "1")
    assert "NaN" in content["warnings"][0]


def test_train_mode_is_in_the_json_and_not_on_stderr(model, photos, capsys):
    content = run_json(capsys, model, photos, "--model-kwargs", "training=True")
    assert "train mode" in content["warnings"][0]
    assert capsys.readouterr().err == ""


def test_an_unreadable_image_is_named_and_the_rest_is_done(model, photos, tmp_path, capsys):
    Path(photos, "3.png").write_bytes(b"no image")
    assert main(["measure", model, photos, "--json", "r.json"]) == 1
    out, err = capsys.readouterr()
    assert "3.png" in out
    assert "4 images" in out
    assert err == ""
    content = json.loads((tmp_path / "r.json").read_text())
    assert content["status"] == "partial"
    assert content["data"]["skipped"] == 1
    assert any("3.png" in warning for warning in content["warnings"])


def test_a_model_that_prints_does_not_spoil_the_json(model, photos, capsys):
    assert main(["measure", "net.py:Talking", photos, "--json", "-", "--output", "logits"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "complete"
    assert "hello from the model" in err


MISTAKES = {
    "model prefix": ("tim:resnet50 photos", "timm"),
    "model form": ("resnet50 photos", "timm:"),
    "model file": ("nett.py:build photos", "no such file nett.py"),
    "model callable": ("net.py:bild photos", "build"),
    "model is none": ("net.py:returns_three photos", "nn.Module"),
    "timm name": ("timm:resnet5O photos", "resnet50"),
    "data": ("net.py:build fotos", "fotos: no such file or folder"),
    "builtin": ("net.py:build builtin:fotos", "builtin:photos"),
    "symmetry": ("net.py:build photos --symmetry rotatoin", "did you mean 'rotation'"),
    "finite group": (
        "net.py:build photos --symmetry C4 --measure lee",
        "needs generators such as rotation, and C4 is a group",
    ),
    "measure": ("net.py:build photos --measure le", "'lee'"),
    "output": ("net.py:build photos --output softmx", "'softmax'"),
    "action": ("net.py:build photos --output softmax:invarant", "'invariant'"),
    "output without a grid": ("net.py:build photos --output softmax:equivariant", "no grid"),
    "definition": ("net.py:build photos --definition bandlimit", "'bandlimited'"),
    "mean": ("net.py:build photos --mean 0.1 0.2", "mean 0.1 0.2"),
    "mean is a number": ("net.py:build photos --mean a", "--mean: 'a' is not a number"),
    "std": ("net.py:build photos --std 0", "greater than 0"),
    "crop": ("net.py:build photos --crop-pct 1.5", "at most 1"),
    "size": ("net.py:build photos --img-size 1 2 3", "img_size is (1, 2, 3); give"),
    "interpolation": ("net.py:build photos --interpolation cubic", "bicubic"),
    "samples": ("net.py:build photos --samples 0", "--samples: '0' is not a positive whole number"),
    "batch size": ("net.py:build photos --batch-size -1", "'-1' is not a positive whole number"),
    "seed": ("net.py:build photos --seed x", "--seed: 'x'"),
    "device": ("net.py:build photos --device gpu", "choose cpu"),
    "weights": ("net.py:build photos --weights w.pt", "w.pt: no such file"),
    "weights and untrained": ("net.py:build photos --weights w.pt --untrained", "contradict"),
    "model kwargs": ("net.py:build photos --model-kwargs classes", "key=value"),
    "unknown model kwargs": ("net.py:build photos --model-kwargs clases=4", "clases"),
    "option": ("net.py:build photos --symetry rotation", "did you mean '--symmetry'"),
    "short option": ("net.py:build photos -s rotation", "unknown option '-s'"),
    "abbreviation": ("net.py:build photos --sym rotation", "unknown option '--sym'"),
    "missing data": ("net.py:build", "DATA"),
    "missing value": ("net.py:build photos --symmetry", "--symmetry: expected one argument"),
    "too many": ("net.py:build photos more", "unrecognized arguments: more"),
    "NaN": ("net.py:Nan photos", "NaN"),
    "json is a folder": ("net.py:build photos --json photos", "--json photos: this is a folder"),
    "json below a file": (
        "net.py:build photos --json net.py/r.json",
        "--json net.py/r.json: cannot be written",
    ),
    "json is a device": ("net.py:build photos --json /dev/null", "regular file"),
    "out is a file": ("net.py:build photos --out net.py", "--out net.py: this is no folder"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line(mistake, model, photos, fails):
    words, expected = MISTAKES[mistake]
    if "timm:" in words:
        pytest.importorskip("timm")
    assert expected in fails("measure", *words.split())


def test_mistakes_in_files_are_one_line(model, photos, tmp_path, fails):
    (tmp_path / "empty").mkdir()
    assert "no images" in fails("measure", model, "empty")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"")
    assert "a.png" in fails("measure", model, "broken")
    torch.save({"0.weight": torch.zeros(4, 3, 5, 5)}, tmp_path / "other.pt")
    assert "do not fit Sequential" in fails("measure", model, photos, "--weights", "other.pt")
    torch.save({"0.weight": RunsCode(tmp_path / "pwned")}, tmp_path / "evil.pt")
    assert "wants to run code" in fails("measure", model, photos, "--weights", "evil.pt")
    assert not (tmp_path / "pwned").exists()
    assert "TypeError: this model takes" in fails("measure", "net.py:Failing", photos)


def test_places_for_results_are_checked_before_the_model_is_built(photos, fails, tmp_path):
    assert "--json" in fails("measure", "nowhere.py:build", photos, "--json", photos)
    assert "--out" in fails("measure", "nowhere.py:build", photos, "--out", f"{photos}/0.png")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("mesure", "unknown command 'mesure'; did you mean 'measure' or 'cure'?"),
        ("--versoin", "unknown option '--versoin'; did you mean '--version'?"),
        ("list", "list what? choose from models, symmetries"),
        ("list symetries", "unknown list 'symetries'; did you mean 'symmetries'?"),
        ("list layers", "list layers needs a MODEL"),
        ("list layers resnet", "unknown model"),
        ("list symmetries all", "without 'all'"),
        ("list measures --model-kwargs a=1", "takes no --model-kwargs"),
        ("demo --epochs 0", "--epochs: '0'"),
        ("demo --out /dev/null/x", "--out /dev/null/x: cannot be written"),
    ],
)
def test_other_mistakes_are_one_line(words, expected, fails):
    assert expected in fails(*words.split())


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"symmeter {symmeter.__version__}\n"
    for argv in ([], ["--help"], ["measure", "--help"], ["list", "-h"], ["demo", "--help"]):
        assert main(argv) == 0
        out, err = capsys.readouterr()
        assert out.startswith("usage: symmeter")
        assert err == ""
    main(["measure", "--help"])
    out = capsys.readouterr().out
    examples = out[out.index("examples:") :].splitlines()
    assert examples[1].strip() == "symmeter measure timm:resnet50 photos/ --symmetry translation,rotation"


@pytest.mark.parametrize(
    ("topic", "names"),
    [
        ("symmetries", {"translation", "translation_x", "rotation", "hue"}),
        ("measures", {"lee"}),
        ("outputs", {"softmax", "logits", "OUTPUT:equivariant"}),
        ("definitions", {"bandlimited", "periodic", "gruver2023"}),
    ],
)
def test_list(topic, names, capsys):
    assert main(["list", topic]) == 0
    assert names <= set(re.split(r"[\s,]+", capsys.readouterr().out))


def test_symmetries_are_listed_by_kind_of_data_each_once(capsys):
    assert main(["list", "symmetries"]) == 0
    blocks = [block.splitlines() for block in capsys.readouterr().out.split("\n\n")]
    kinds = [lines[0].removesuffix(":").split(" and ") for lines in blocks]
    assert kinds[0] == ["images"] and len(set(map(tuple, kinds))) == len(kinds)
    assert {kind for together in kinds for kind in together} == set(domains())
    assert max(len(line) for lines in blocks for line in lines) <= 80
    names = [line.split()[0] for lines in blocks for line in lines if re.match(r"  \S+  ", line)]
    assert names.count("SO3") == names.count("translation(1,40,1000)") == 1
    assert names.count("shift(8)") == 4  # by pixels, samples, pixels of all frames, and voxels


def test_symmetries_of_one_kind_of_data(capsys, fails):
    assert main(["list", "symmetries", "--domain", "points"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("points:") and "SO3" in out and "S5" in out
    assert "hflip" not in out and "lattice" not in out
    assert "unknown domain 'point'; did you mean 'points'?" in fails(
        "list", "symmetries", "--domain", "point"
    )
    assert "list models takes no --domain" in fails("list", "models", "--domain", "points", code=2)


def test_list_models(capsys, fails):
    pytest.importorskip("timm")
    assert main(["list", "models", "timm:resnet1?"]) == 0
    assert "timm:resnet18" in capsys.readouterr().out.split()
    assert "no model matches 'nonsense'" in fails("list", "models", "nonsense")


def test_list_layers(model, capsys):
    assert main(["list", "layers", model, "--model-kwargs", "classes=2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [["0", "Conv2d"], ["1", "Tanh"]]


def test_unexpected_errors_are_one_line(model, photos, fails, monkeypatch, capsys):
    def broken(*args, **kwargs):
        raise TypeError("a\nbug")

    monkeypatch.setattr("symmeter.measuring.measure.measure", broken)
    monkeypatch.delenv("SYMMETER_DEBUG", raising=False)
    assert fails("measure", model, photos, code=1) == (
        "unexpected TypeError: a bug (set SYMMETER_DEBUG=1 for the traceback)"
    )
    monkeypatch.setenv("SYMMETER_DEBUG", "1")
    assert main(["measure", model, photos]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_failure_to_save_still_prints_the_table(model, photos, monkeypatch, capsys):
    def full(self, path):
        raise SymmeterError("no space left")

    monkeypatch.setattr(symmeter.Result, "to_json", full)
    assert main(["measure", model, photos, "--json", "r.json"]) == 1
    out, err = capsys.readouterr()
    assert "translation_x" in out
    assert err == "symmeter: error: no space left\n"


def test_ctrl_c_keeps_what_is_done(model, photos, monkeypatch, capsys, tmp_path):
    from symmeter.measuring.derivative import DerivativeRun as Run

    original, calls = Run._record, []

    def interrupted(self, *args):
        finite = original(self, *args)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return finite

    monkeypatch.setattr(Run, "_record", interrupted)
    assert main(["measure", model, photos, "--json", "r.json", "--batch-size", "1"]) == 1
    out, err = capsys.readouterr()
    assert "PARTIAL" in out
    assert err.count("\n") == 1
    assert "interrupted" in err
    content = json.loads((tmp_path / "r.json").read_text())
    assert (content["status"], content["rows"][0]["n"]) == ("partial", 2)


def test_ctrl_c_before_anything_is_done(model, photos, monkeypatch, capsys):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("symmeter.models.load.load_model", interrupted)
    assert main(["measure", model, photos]) == 130
    assert capsys.readouterr() == ("", "symmeter: interrupted\n")


def _start(*argv: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", "symmeter", *argv]
    path = os.pathsep.join([str(Path(symmeter.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"PYTHONPATH": path}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, **options
    )


def test_help_does_not_import_torch():
    code = (
        "import sys; from symmeter.cli import main; main(['--help']); main(['list', 'xyz'])\n"
        "for name in ('measure', 'layers', 'sweep'): main([name, '--domain', 'images', '--help'])\n"
        "print([m for m in ('torch', 'numpy', 'rich', 'tqdm', 'timm') if m in sys.modules])"
    )
    source = str(Path(symmeter.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": source},
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_leaves_is_no_error():
    process = _start("list", "symmetries")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGINT") or sys.platform == "win32", reason="needs POSIX signals")
def test_a_real_ctrl_c(model, photos, tmp_path):
    pixels = torch.randint(0, 256, (2000, 8, 8, 3), dtype=torch.uint8).numpy()
    import numpy as np

    np.savez(tmp_path / "many.npz", images=pixels)
    process = _start(
        "measure", "net.py:Slow", "many.npz", "--batch-size", "4", "--json", "r.json", cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs are deaf to it
    )  # fmt: skip
    while not (tmp_path / "fifty-calls").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 1
    assert "interrupted" in err
    assert "Traceback" not in err
    assert "PARTIAL" in out
    assert json.loads((tmp_path / "r.json").read_text())["status"] == "partial"


def test_layers_prints_parts_that_add_up(model, photos, capsys):
    assert main(["layers", model, photos, "--symmetry", "translation_x", "--probes", "3"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    for word in ("translation_x", "share [95 %]", "contribution", "norm", "whole", "100.0%"):
        assert word in out
    for by in ("kind", "stage", "calls"):
        assert main(["layers", model, photos, "--by", by, "--probes", "0", "--depth", "1"]) == 0
        assert f"by {by}" in capsys.readouterr().out


def test_layers_json_and_picture(model, photos, capsys, tmp_path):
    words = ["layers", model, photos, "--probes", "0", "--plot", "p.svg", "--json", "r.json", "--out", "r"]
    assert main(words) == 0
    capsys.readouterr()
    rows = json.loads((tmp_path / "r.json").read_text())["rows"]
    assert {"contribution", "share", "norm", "kind", "depth", "calls"} <= set(rows[0])
    for symmetry in ("translation_x", "translation_y"):
        mine = [row for row in rows if row["symmetry"] == symmetry]
        terminal = sum(row["contribution"] for row in mine if row["terminal"])
        assert terminal == pytest.approx(mine[0]["value"], rel=1e-3)
    assert "<svg" in (tmp_path / "p.svg").read_text()
    assert len(symmeter.load("r").rows) == len(rows)


def test_layers_of_points_name_the_one_that_knows_the_order(tmp_path, capsys):
    np = pytest.importorskip("numpy")
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n"
        "class Ordered(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        torch.manual_seed(0)\n"
        "        self.lift, self.first, self.head = nn.Linear(3, 8), nn.Embedding(5, 8), nn.Linear(8, 2)\n"
        "    def forward(self, x):\n"
        "        return self.head(torch.tanh(self.lift(x) + self.first(torch.arange(5))).mean(1))\n"
        "def build():\n    return Ordered().eval()\n"
    )
    np.savez(
        tmp_path / "clouds.npz", points=np.random.default_rng(0).normal(size=(16, 5, 3)).astype("float32")
    )
    data = [str(tmp_path / "net.py") + ":build", str(tmp_path / "clouds.npz")]
    words = ["--domain", "points", "--symmetry", "permutation", "--output", "logits", "--elements", "3"]
    assert main(["layers", *data, *words]) == 0
    assert "broken in: permutation in first (100%)" in capsys.readouterr().out


def test_layers_tells_what_is_aliasing(model, photos, capsys):
    words = ["layers", model, photos, "--symmetry", "translation_x", "--output", "logits", "--aliasing"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "of LEE is aliasing that the theorem predicts" in out and "periodic" in out


@pytest.mark.parametrize(("words", "message"), [
    (["--plot", "p.gif"], "--plot p.gif: give a file that ends in .png, .svg, .pdf"),
    (["--layout", "0"], "--layout '0': write MODULE=LAYOUT"),
    (["--layout", "0=tokens(3x3)"], "layout of module '0'"),
    (["--layout", "zero=invariant"], "layout for zero: the model has no such module"),
    (["--by", "colour"], "invalid choice: 'colour'"),
    (["--probes", "-2"], "'-2' is not a whole number, 0 or more"),
    (["--aliasing", "--symmetry", "rotation"], "about translations, not rotation"),
    (["--aliasing", "--definition", "gruver2023"], "--aliasing needs periodic"),
    (["--aliasing", "--domain", "points"], "--aliasing is about samples on a grid, as images are, not about points"),
    (["--depth", "0"], "'0' is not a positive whole number"),
])  # fmt: skip
def test_mistakes_with_layers(model, photos, fails, words, message):
    assert message in fails("layers", model, photos, *words)


def test_groups_on_the_command_line(model, photos, tmp_path, capsys):
    words = ["--symmetry", "C4,hflip", "--measure", "geed,consistency", "--img-size", "8", "--json", "g.json"]
    assert main(["measure", model, photos, *words]) in (0, 1)
    out, _ = capsys.readouterr()
    assert "C4: 4 elements; worst by" in out and "consistency" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    content = json.loads((tmp_path / "g.json").read_text())
    assert [row["symmetry"] for row in content["rows"]] == ["C4", "C4", "hflip", "hflip"]
    assert content["rows"][0]["elements"] == 4
    assert {"element", "parameter", "value"} <= set(content["elements"][0])


def test_one_group_and_measure_show_the_worst_elements_and_a_picture(model, photos, tmp_path, capsys):
    words = [
        "--symmetry",
        "C8",
        "--measure",
        "relative_error",
        "--img-size",
        "8",
        "--plot",
        "c.svg",
        "--no-control",
    ]
    assert main(["measure", model, photos, *words]) in (0, 1)
    out, _ = capsys.readouterr()
    assert "element, worst first" in out and "rotate" in out
    assert (tmp_path / "c.svg").stat().st_size > 1000


@pytest.mark.parametrize(("words", "message"), [
    (["--symmetry", "C4", "--control", "best"], "unknown control 'best'; choose from both"),
    (["--symmetry", "SO2", "--sampling", "even"], "unknown sampling 'even'; choose from auto, haar"),
    (["--symmetry", "C4", "--plot", "a.png", "--kind", "erors"], "unknown kind of figure 'erors'; did you mean 'errors'"),
    (["--symmetry", "C4", "--width", "1"], "--width has no effect without --plot"),
    (["--symmetry", "C4", "--plot", "a.gif"], "give a file that ends in .png, .svg, .pdf"),
    (["--symmetry", "C4", "--elements", "0"], "'0' is not a positive whole number"),
    (["--symmetry", "C44x"], "unknown symmetry 'C44x'; did you mean 'C4'"),
    (["--symmetry", "shift(a)"], "arguments that do not fit; write it as shift(8)"),
    (["--symmetry", "C4", "--measure", "geed(kl"], "unknown measure"),
    (["--symmetry", "C4", "--output", "softmax,nothing"], "unknown output 'nothing'"),
])  # fmt: skip
def test_mistakes_with_groups(model, photos, fails, words, message):
    assert message in fails("measure", model, photos, *words)


def test_the_range_is_below_the_table_in_the_json_and_in_the_picture(model, photos, tmp_path, capsys):
    pytest.importorskip("matplotlib", exc_type=ImportError)
    file, picture = tmp_path / "r.json", tmp_path / "r.png"
    words = ["measure", model, photos, *["--symmetry", "translation_x,C2", "--output", "logits"]]
    assert main([*words, "--json", str(file), "--range", "1", "0.1"]) == 0
    table, _, below = capsys.readouterr().out.partition("change / LEE")
    assert "C2" in table and "C2" not in below and "0.1 pixel" in below
    content = json.loads(file.read_text())
    assert [row["t"] for row in content["range"]["rows"]] == [1, 0.1]
    assert set(content["range"]["reach"]) == {"translation_x"}
    (row, _) = content["rows"]
    assert row["whole_pixel"] == pytest.approx(content["range"]["rows"][0]["ratio"], rel=1e-3)
    alone = ["measure", model, photos, *["--symmetry", "rotation", "--range", "1", "--plot"], str(picture)]
    assert main(alone) == 0
    assert picture.stat().st_size > 1000
    capsys.readouterr()
    usual = run_json(capsys, model, photos, "--control", "none", "--symmetry", "hue", "--range")
    assert [row["t"] for row in usual["range"]["rows"]] == [1, 0.5, 0.25, 0.1, 0.03]


def test_bands_are_below_the_table_in_the_json_and_in_the_picture(model, photos, tmp_path, capsys):
    pytest.importorskip("matplotlib", exc_type=ImportError)
    file, picture = tmp_path / "r.json", tmp_path / "r.png"
    asked = [
        "measure",
        model,
        photos,
        "--no-control",
        "--symmetry",
        "translation_x",
        "--output",
        "0:equivariant",
    ]
    assert main([*asked, "--bands", "--json", str(file), "--plot", str(picture)]) == 0
    table, _, below = capsys.readouterr().out.partition("share of LEE")
    assert "translation_x" in table and "0.375 to 0.5" in below
    content = json.loads(file.read_text())
    (row,), found = content["rows"], content["bands"]
    for axis in ("x", "y"):
        assert sum(found["power"]["translation_x"][axis]) == pytest.approx(row["value"], rel=1e-6)
        assert sum(one["share"] for one in found["rows"] if one["axis"] == axis) == pytest.approx(1)
    assert picture.stat().st_size > 1000


def test_bands_of_an_output_without_a_grid_cost_the_result_nothing(model, photos, tmp_path, capsys):
    file = tmp_path / "r.json"
    asked = ["measure", model, photos, "--no-control", "--symmetry", "translation_x", "--json", str(file)]
    assert main([*asked, "--bands"]) == 1
    shown = capsys.readouterr()
    assert "translation_x" in shown.out
    assert "--bands: output 'softmax' is invariant: only a grid has frequencies, such as" in shown.err
    assert len(json.loads(file.read_text())["rows"]) == 1


def test_mistakes_in_bands(model, photos, fails):
    assert "--bands is for generators such as" in fails(
        "measure", model, photos, "--symmetry", "C4", "--bands"
    )
    assert "one output at a time" in fails("measure", model, photos, "--output", "a,b", "--bands")


def test_mistakes_in_the_range_and_the_precision(model, photos, fails):
    fails(
        "--range is for generators",
        "measure",
        model,
        photos,
        "--control",
        "both",
        "--symmetry",
        "C4",
        "--range",
    )
    assert "nothing moves there" in fails("measure", model, photos, "--range", "1", "0")
    assert "one output at a time" in fails("measure", model, photos, "--output", "a,b", "--range")
    assert "a number above 0" in fails("measure", model, photos, "--precision", "0")
    assert "not with untrained" in fails(
        "measure", model, photos, "--precision", "0.2", "--control", "untrained"
    )


def test_precision_stops_or_says_why_not(model, photos, capsys):
    found = run_json(
        capsys, model, photos, "--control", "none", "--precision", "1e-3", "--symmetry", "rotation"
    )
    said = found["spec"]["wanted_precision"]
    assert (said["wanted"], said["looks"], said["reached"], said["images"]) == (1e-3, 1, False, 5)
    assert any("precision 0.001 not reached with all 5 images" in note for note in found["warnings"])
