"""Places where nothing can be written are said before any work; what fails later takes nothing from the table."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.hostile.lines import line_of

import symmeter
from symmeter.cli import main
from symmeter.errors import WriteError
from symmeter.results.result import Result

CODE = """
from pathlib import Path
import torch
Path(__file__).with_name("built").touch()
def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2)).eval()
"""
MEASURE = ("measure", "net.py:net", "builtin:photos", "--symmetry", "C4", "--output", "logits:invariant")
MEASURE += ("--img-size", "4", "--samples", "2", "--no-control", "--quiet")
LAYERS = ("layers", "net.py:net", "builtin:photos", "--img-size", "4", "--samples", "2", "--quiet")
COMPARE = ("compare", "net.py:net", "net.py:net", "--data", "builtin:photos", "--img-size", "4", "--quiet")
REPORT = ("report", "store")
# What is a file, a folder, below a file, or where not even root can write.
WRONG: dict[tuple[str, ...], dict[str, dict[str, str]]] = {
    MEASURE: {
        "--json": {"folder": "this is a folder", "file/a.json": "cannot be written", "/proc/a.json": "cannot be written"},
        "--out": {"file": "this is no folder", "file/a": "cannot be written", "/proc/a": "cannot be written", "folder.json": "this is a folder"},
        "--plot": {"folder.png": "this is a folder", "a.gif": "ends in .png", "a": "ends in .png", "file/a.png": "cannot be written", "/proc/a.pdf": "cannot be written"},
    },
    LAYERS: {
        "--json": {"folder": "this is a folder", "file/a/b.json": "cannot be written"},
        "--out": {"file": "this is no folder", "/proc/a": "cannot be written"},
        "--plot": {"folder.png": "this is a folder", "a.jpg": "ends in .png", "/proc/a.svg": "cannot be written"},
    },
    COMPARE: {
        "--json": {"folder": "this is a folder", "file/a.json": "cannot be written"},
        "--plot": {"folder.png": "this is a folder", "a.tiff": "ends in .png", "file/a.pdf": "cannot be written"},
    },
    REPORT: {
        "--out": {"folder.html": "this is a folder", "a.txt": "ends in .html", "file/a.html": "cannot be written"},
    },
    ("demo",): {"--out": {"file": "this is no folder", "/proc/a": "cannot be written"}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a network that leaves a mark when it is built, and with wrong places."""
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(CODE)
    Path("file").touch()
    for name in ("folder", "folder.json", "folder.png", "folder.html"):
        Path(name).mkdir()


@pytest.mark.parametrize(
    ("command", "option", "place", "words"),
    [
        pytest.param(command, option, place, words, id=f"{command[0]} {option} {place}")
        for command, options in WRONG.items()
        for option, places in options.items()
        for place, words in places.items()
    ],
)
def test_a_place_is_checked_before_any_work(capsys, command, option, place, words):
    code = main([*command, option, place])
    out, err = capsys.readouterr()
    assert code == 2
    assert f"{option} {place}" in err
    assert words in err
    assert not out
    assert err.count("\n") == 1
    assert not Path("built").exists()


def broken(*args: object, **kwargs: object) -> Any:
    raise WriteError("cannot write: No space left on device")


def crashing(*args: object, **kwargs: object) -> Any:
    raise MemoryError


@pytest.mark.parametrize("failing", [broken, crashing])
def test_what_cannot_be_written_takes_nothing_from_the_table_nor_from_other_files(
    capsys, monkeypatch, failing
):
    monkeypatch.setattr("symmeter.report.figures.save_figure", failing)
    monkeypatch.setattr(Result, "save", failing)
    code = main([*MEASURE, "--json", "deep/er/a.json", "--out", "a/b", "--plot", "c/d.png"])
    out, err = capsys.readouterr()
    assert code == 1
    assert "GEED" in out
    assert len(err.strip().splitlines()) == 2
    assert json.loads(Path("deep/er/a.json").read_text())["status"] == "complete"


def test_folders_are_made_alike(capsys):
    code = main([*MEASURE, "--json", "a/b/c.json", "--out", "d/e/f", "--plot", "g/h/i.png"])
    assert code == 0, capsys.readouterr().err
    assert Path("a/b/c.json").is_file()
    assert Path("d/e/f/result.json").is_file()
    assert Path("g/h/i.png").is_file()
    whole = Path("a/b/c.json").read_text()
    every_damage_of_a_saved_result_is_a_line(json.loads(whole))


def every_damage_of_a_saved_result_is_a_line(content: dict[str, Any]) -> None:
    """A value here and there is replaced; the result is read as it is, or refused by name."""
    place, chance = Path("damaged.json"), random.Random(0)
    refused = 0
    for _ in range(200):
        damaged = json.loads(json.dumps(content))
        where: Any = damaged
        while True:
            key = chance.choice(list(where) if isinstance(where, dict) else range(len(where)))
            if not isinstance(where[key], dict | list) or not where[key] or chance.random() < 0.2:
                break
            where = where[key]
        where[key] = chance.choice([None, -1, 1e308, "", "a\nb", [], {}, [[]], {"a": 1}, True, "x" * 5000])
        place.write_text(json.dumps(damaged))
        line = line_of(symmeter.load, place)
        refused += bool(line)
        assert not line or "damaged.json" in line
    assert refused > 20
