"""`symmeter plot` and `symmeter cite` on saved results."""

import pytest
from tests.report.made import made

from symmeter.cli import main

pytest.importorskip("matplotlib", exc_type=ImportError)


@pytest.fixture(autouse=True)
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made(0).save("before")
    made(1).save("after")
    made(2, model="third").to_json("third.json")
    return tmp_path


@pytest.mark.parametrize("words", [
    ["before"], ["before", "--width", "1"], ["before", "after", "third.json"], ["before", "--kind", "ratios"],
    ["before", "after", "--kind", "pairs", "--symmetry", "rotation", "--quantity", "stability"],
    ["before", "after", "--kind", "stability", "--names", "A", "B"], ["before", "--symmetry", "rotation"],
])  # fmt: skip
def test_a_figure_is_written(words, saved, capsys):
    assert main(["plot", *words, "--out", "f.svg"]) == 0
    assert capsys.readouterr().out == "f.svg\n"
    text = (saved / "f.svg").read_text()
    assert text.startswith("<?xml") and "rotation" in text
    if "--names" in words:
        assert ">A</text>" in text.replace("\n", "") and ">B</text>" in text.replace("\n", "")


@pytest.mark.parametrize(("words", "message"), [
    (["before", "--out", "f.gif"], "--out f.gif: give a file that ends in .png, .svg, .pdf"),
    (["nothing", "--out", "f.png"], "nothing: no result there"),
    (["before", "--kind", "tree", "--out", "f.png"], "kind 'tree' does not fit this result; choose from errors"),
    (["before", "--kind", "tre", "--out", "f.png"], "--kind: unknown kind of figure 'tre'; did you mean 'tree'"),
    (["before", "after", "--names", "A", "--out", "f.png"], "--names A: give 2 names that differ"),
    (["before", "--kind", "errors", "--stride", "2", "--out", "f.png"], "stride is no choice of the figure errors"),
    (["before", "third.json", "--kind", "pairs", "--out", "f.png"], "kind 'pairs' does not fit these 2 results"),
    (["before", "--width", "3", "--out", "f.png"], "--width: invalid choice: 3"),
    (["before"], "--out"),
])  # fmt: skip
def test_mistakes(words, message, saved, capsys):
    assert main(["plot", *words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not list(saved.glob("f.*"))


def test_cite(capsys):
    assert main(["cite", "before", "third.json"]) == 0
    out = capsys.readouterr().out
    assert "gruver2023lie" in out and "kvinge" not in out
    assert main(["cite"]) == 0
    assert "kvinge2022invariant" in capsys.readouterr().out
    assert main(["cite", "nothing"]) == 2
    assert "no result there" in capsys.readouterr().err
