"""The package as a user has it: wheel and sdist, installed alone in bare environments, with some extras and without.

Everything comes from uv's cache, which `make install` fills, or else from the registry; where there is neither, the
tests skip, and fail under CI.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = ROOT / "requirements" / "lock.txt"

MODELS = """
import torch
from torch import nn

def build():
    print("built")
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).eval()

class Calculator(nn.Module):
    def forward(self, pos):
        print("built")
        return pos.square().sum((1, 2))
"""

CALCULATOR = """
def make():
    from ase.calculators.lj import LennardJones

    return LennardJones()
"""

# One command that needs each extra, on files that are there whatever is installed: the extra, and the words.
NEEDS = {
    "vision": ["measure", "timm:resnet18", "photos", "--untrained"],
    "io": ["measure", "net.py:build", "d.npz", "--out", "r"],
    "plot": ["measure", "net.py:build", "d.npz", "--symmetry", "C4", "--plot", "p.png"],
    "onnx": ["measure", "net.onnx", "d.npz"],
    "heic": ["measure", "net.py:build", "photo.heic"],
    "hf": ["measure", "hf:someone/something", "d.npz"],
    "demo": ["demo", "--epochs", "1"],
    "sweep": ["sweep", "net.py:build", "d.npz", "--store", "s"],
    "atoms": ["measure", "net.py:Calculator", "water.xyz", "--symmetry", "SO3", "--domain", "atoms"],
    "points": ["measure", "net.py:Calculator", "cube.ply", "--symmetry", "SO3", "--domain", "points"],
    "audio": ["measure", "net.py:build", "tone.wav", "--symmetry", "shift(1)", "--domain", "signals"],
    "signals": ["measure", "net.py:build", "tone.edf", "--symmetry", "shift(1)", "--domain", "signals"],
    "volumes": ["measure", "net.py:build", "head.nii", "--symmetry", "rotation_z", "--domain", "volumes"],
    "ray": ["sweep", "net.py:build", "d.npz", "--store", "s", "--executor", "ray"],
    "report": ["report", "nowhere", "--out", "r.html"],
}
NEEDED_FIRST = {"heic": ("vision",)}
BROUGHT = {"atoms": {"plot"}}  # by what others need: ase has matplotlib
ONLY_IN_PYTHON = {"graphs", "torchmetrics", "lightning"}  # objects of these libraries, which no command reads
SETS = ["", "vision", "io,plot", "onnx", "atoms", "points", "signals", "all"]

# Runs in the bare environment: words by name in, and out what each printed and its exit code.
DRIVER = """
import contextlib, io, json, sys
import symmeter
from symmeter.cli import main

done = {}
for name, words in json.loads(sys.argv[1]).items():
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    done[name] = [code, out.getvalue(), err.getvalue()]
print(json.dumps([symmeter.__version__, symmeter.__file__, done]))
"""


def uv():
    """The command uv; skips, or fails under CI, where there is none."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    return found or without("uv, which `make install` brings where it is not there")


def without(what):
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {what}")


def run(*words, check=True, **kwargs):
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=400, check=False, **kwargs)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def closure(extras):
    """These extras and all that they bring along: `signals` has `audio`."""
    found = set()
    for extra in extras:
        named = [word for one in EXTRAS[extra] for word in re.findall(r"^symmeter\[(.*)\]$", one)]
        found |= (
            {extra}
            | BROUGHT.get(extra, set())
            | closure(word for words in named for word in words.split(","))
        )
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with wheel and sdist, the wheel made from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(uv(), "build", "--quiet", "--out-dir", folder, ROOT, check=False)
    if done.returncode:
        if "dns" in done.stderr or "fetch" in done.stderr:
            without(f"uv's cache or a registry: {done.stderr[-300:]}")
        pytest.fail(done.stderr)
    return folder


def installed(folder, wheel, extras, python=sys.executable):
    """The interpreter of a new environment that has the wheel and these extras only."""
    run(uv(), "venv", "--quiet", "--python", python, folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    what = f"symmeter[{extras}] @ {wheel.as_uri()}" if extras else f"symmeter @ {wheel.as_uri()}"
    words = [uv(), "pip", "install", "--quiet", "--python", python, "--constraint", LOCK, what]
    if run(*words, "--offline", check=False).returncode and (done := run(*words, check=False)).returncode:
        without(f"uv's cache or a registry: {done.stderr[-300:]}")
    return python


@pytest.fixture
def place(tmp_path):
    """A folder with models, and with files of every kind of data."""
    import numpy as np

    place = tmp_path / "place"
    (place / "photos").mkdir(parents=True)
    (place / "photos" / "a.ppm").write_bytes(b"P6 8 8 255\n" + bytes(range(192)))
    (place / "net.py").write_text(MODELS, encoding="utf-8")
    (place / "calc.py").write_text(CALCULATOR, encoding="utf-8")
    np.savez(place / "d.npz", images=np.random.default_rng(0).integers(0, 255, (5, 8, 8, 3), dtype=np.uint8))
    frames = "3\nProperties=species:S:1:pos:R:3\nO 0 0 0\nH 0 0.8 0.6\nH 0 -0.8 0.6\n"
    (place / "water.xyz").write_text(frames * 2, encoding="utf-8")
    header = "ply\nformat ascii 1.0\nelement vertex 3\n" + "".join(f"property float {a}\n" for a in "xyz")
    (place / "cube.ply").write_text(header + "end_header\n0 0 0\n1 0 0\n0 1 0\n", encoding="utf-8")
    for name in ("net.onnx", "tone.wav", "tone.edf", "head.nii", "photo.heic"):
        (place / name).write_bytes(b"not read where the package is missing")
    return place


# What an extra is for, where that takes no time and no network.
WORKS = {
    "vision": ["measure", "net.py:build", "photos", "--symmetry", "rotation"],
    "io": NEEDS["io"],
    "plot": NEEDS["plot"],
    "atoms": ["measure", "calc.py:make", "water.xyz", "--symmetry", "SO3", "--elements", "4"],
    "points": [*NEEDS["points"], "--output", "logits"],
}


MEASURED = ["measure", "net.py:build", "d.npz", "--symmetry", "rotation", "--json", "-"]


def done_in(python, place, words):
    """What these commands did in a bare environment, by name: exit code, output, complaints; and the version."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "HF_HUB_OFFLINE": "1"}
    env.pop("PYTHONPATH", None)
    code = [python, "-I", "-W", "ignore", "-c", DRIVER, json.dumps(words)]
    version, file, done = json.loads(run(*code, cwd=place, env=env).stdout)
    assert Path(file).is_relative_to(python.parents[1])
    assert done["help"][0] == 0 and "symmeter measure" in done["help"][1]
    assert done["measured"][0] == 0, done["measured"]
    assert json.loads(done["measured"][1])["rows"][0]["value"] > 0
    return done, version


@pytest.mark.slow
@pytest.mark.parametrize("extras", SETS, ids=lambda extras: extras or "base")
def test_it_works_with_these_extras_alone_and_names_those_that_are_missing(extras, built, tmp_path, place):
    (wheel,) = built.glob("*.whl")
    python = installed(tmp_path / "env", wheel, extras)
    have = closure(extras.split(",") if extras else [])
    missing = {extra: words for extra, words in NEEDS.items() if extra not in have}
    works = {f"{extra} works": WORKS[extra] for extra in have if extra in WORKS}
    done, version = done_in(python, place, {"help": ["--help"], "measured": MEASURED, **missing, **works})
    assert version in wheel.name
    for extra in missing:
        code, out, err = done[extra]
        assert (code, out) == (2, "") and err.count("\n") == 1 and "built" not in err, (extra, done[extra])
        named = (extra, *NEEDED_FIRST.get(extra, ()))
        assert any(f"pip install 'symmeter[{one}]'" in err for one in named)
    for name in works:
        assert done[name][0] == 0, (name, done[name])
    assert not (place / "s").exists() and not (place / "r.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("minor", ["3.12", "3.13"])
def test_it_works_under_this_python(minor, built, tmp_path, place):
    beside = sorted(Path(sys.base_prefix).parent.glob(f"{minor}*/bin/python"))  # as pyenv and uv have them
    found = run(uv(), "python", "find", "--no-python-downloads", minor, check=False, cwd=tmp_path)
    if found.returncode and not beside:
        pytest.skip(f"needs Python {minor}")
    (wheel,) = built.glob("*.whl")
    python = installed(tmp_path / "env", wheel, "", beside[-1] if beside else found.stdout.strip())
    assert run(python, "-V").stdout.startswith(f"Python {minor}")
    done_in(python, place, {"help": ["--help"], "measured": MEASURED})


@pytest.mark.slow
def test_what_is_in_sdist_and_wheel(built):
    import tarfile
    import zipfile

    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"} <= names
    assert "tests/test_package.py" in names
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        (metadata,) = [name for name in packed if name.endswith("/METADATA")]
        told = archive.read(metadata).decode()
    assert {"symmeter/py.typed", "symmeter/__init__.py"} <= packed
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert packed - sources == {name for name in packed if ".dist-info/" in name}
    assert sources <= packed
    assert "License-Expression: MIT" in told and "Classifier: Typing :: Typed" in told
    assert set(re.findall(r"^Provides-Extra: (.*)$", told, flags=re.MULTILINE)) == set(EXTRAS)


def test_a_command_needs_each_extra():
    assert {*NEEDS, *ONLY_IN_PYTHON} == set(EXTRAS) - {"all"}
    assert closure(["all"]) == set(EXTRAS) - {"lightning"}  # a trainer is brought by whoever trains
    assert closure(["signals"]) == {"signals", "audio"} and closure([]) == set()
