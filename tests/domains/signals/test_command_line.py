"""The command line measures networks on files of sound."""

import json
from pathlib import Path

import numpy as np
import pytest

from symmeter.cli.app import main

CODE = """
from torch import nn

def net():
    return nn.Sequential(nn.Conv1d(1, 4, 16, stride=8), nn.Tanh(), nn.Conv1d(4, 3, 1)).eval()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    soundfile = pytest.importorskip("soundfile")
    (tmp_path / "net.py").write_text(CODE)
    (tmp_path / "sounds").mkdir()
    random = np.random.default_rng(0)
    for i in range(6):
        soundfile.write(str(tmp_path / "sounds" / f"{i}.wav"), random.uniform(-0.5, 0.5, 200 + i), 16000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_of_sounds(folder: Path, capsys: pytest.CaptureFixture):
    words = "measure net.py:net sounds/ --domain signals --symmetry shift(0.5ms,crop),gain,polarity --length 12.5ms"
    assert main([*words.split(), "--output", "logits:frames(hop=8)", "--json", "out.json", "--quiet"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "6 signals" in shown
        and "16000 Hz: half of 200 samples, the unit of translation_x, is 0.00625 s" in shown
    )
    assert "logits has a frame every 8 samples" in shown
    found = json.loads((folder / "out.json").read_text())
    assert [row["symmetry"] for row in found["rows"]] == ["gain", "shift(0.5ms,crop)", "polarity"]
    assert found["spec"]["sample_rate"] == 16000 and found["spec"]["options"]["length"] == "12.5ms"


def test_the_error_by_frequency(folder: Path, capsys: pytest.CaptureFixture):
    words = (
        "measure net.py:net sounds/ --domain signals --symmetry translation_x --length 10ms --output logits"
    )
    assert main([*words.split(), "--bands", "--no-control", "--json", "out.json", "--quiet"]) == 0
    found = json.loads((folder / "out.json").read_text())
    assert found["bands"]["sizes"] == {"x": 19}
    assert sum(found["bands"]["power"]["translation_x"]["x"]) == pytest.approx(
        found["rows"][0]["value"], rel=1e-6
    )
    assert capsys.readouterr().out.count("translation_x      x") == 4


@pytest.mark.parametrize(("words", "error"), [
    ("sounds/ --symmetry gain", "differ in length (200, 201): cut them to one length, length=200"),
    ("sounds/0.wav --symmetry gain --sample-rate 8000", "0.wav is at 16000 Hz, and sample_rate=8000: resample"),
    ("sounds/gone.wav --symmetry gain", "no such file"),
    ("sounds/0.wav --symmetry pitch(0)", "write it as pitch(12,60) or pitch(12,60,crop)"),
    ("sounds/0.wav --symmetry gain --length 1m", "length is '1m'; give samples such as 16000, or a time such as '1s'"),
    ("sounds/0.wav --symmetry gain --output logits:frames(8)", "unknown action 'frames(8)'"),
])  # fmt: skip
def test_mistakes_are_one_line(folder: Path, capsys: pytest.CaptureFixture, words: str, error: str):
    assert main(["measure", "net.py:net", *words.split(), "--domain", "signals", "--quiet"]) != 0
    assert error in " ".join(capsys.readouterr().err.split())


def test_words_are_listed(capsys: pytest.CaptureFixture):
    assert main(["list", "symmetries", "--domain", "signals"]) == 0
    shown = capsys.readouterr().out
    assert all(
        word in shown for word in ("shift(10ms)", "T1(0.125)", "pitch(12,60)", "gain(0.5,2)", "reversal")
    )
