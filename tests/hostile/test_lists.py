"""Lists of models that nobody should write: one line that names file, line and key, and nothing is measured."""

import json
import os
from pathlib import Path

import pytest
from tests.hostile.refused import Bad, check_refused, pipe, table

import symmeter
from symmeter.cli.app import main
from symmeter.sweeps.model_list import read_models

LAUGHS = "- &a {model: 'timm:resnet18'}\n" + "".join(
    f"- &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(12)
)
MERGED = "- &a {k: v}\n" + "".join(
    f"- &{chr(98 + i)} {{<<: [{', '.join([f'*{chr(97 + i)}'] * 10)}]}}\n" for i in range(12)
)
SWEEP = ("sweep", "m.txt", "builtin:photos", "--store", "store")
WRITTEN = "2020-01-31, a date"


def listed(name: str, file: str, content, *words: str, **more) -> Bad:
    command = ("sweep", file, "builtin:photos", "--store", "store", "--quiet")
    return Bad(name, command, (file, *words), {file: content, **more})


def yaml(name: str, content: str, *words: str, **more) -> Bad:
    return listed(f"yaml: {name}", "m.yaml", content, *words, **more)


def csv(name: str, content: str, *words: str, **more) -> Bad:
    return listed(f"csv: {name}", "m.csv", content, *words, **more)


def row(name: str, cells: str, *words: str) -> Bad:
    """A row of YAML behind a good one, on line 2."""
    return yaml(name, f"- timm:resnet18\n- {{model: 'timm:resnet34', {cells}}}\n", "line 2", *words)


def model(name: str, cell: str, *words: str) -> Bad:
    return yaml(f"model is {name}", f"- timm:resnet18\n- model: {cell}\n", "line 2", "model", *words)


KINDS = {
    "a date": ("2020-01-31", WRITTEN),
    "a time": ("2020-01-31 10:00:00", "a date"),
    "a number": ("5", "5, int"),
    "a fraction": ("5.5", "5.5, float"),
    "NaN": (".nan", "nan, float"),
    "infinity": (".inf", "inf, float"),
    "a truth": ("yes", "True, bool"),
    "a list": ("[a, b]", "['a', 'b']"),
    "a list in a list": ("[[a]]", "[['a']]"),
    "a mapping": ("{a: b}", "{'a': 'b'}"),
    "bytes": ("!!binary aGVsbG8=", "b'hello'"),
    "a set": ("!!set {a}", "{'a'}"),
    "a long list": ("[" + "a, " * 99 + "a]", "a list of 100"),
}
TEXTS = ("name", "weights", "output", "domain")
MODELS = [model(name, cell, words) for name, (cell, words) in KINDS.items()]
CELLS = [
    row(f"{column} is {name}", f"{column}: {cell}", column, words)
    for column in TEXTS
    for name, (cell, words) in KINDS.items()
]
TAGS = [
    row(f"a tag is {name}", f"year: {cell}", "column 'year' is ", " would be a tag", words)
    for name, (cell, words) in KINDS.items()
    if "list" in name or name in ("a mapping", "bytes", "a set")
]
KEYS = [
    row(f"a key is {name}", f"{cell}: x", "a column's name", words)
    for name, (cell, words) in KINDS.items()
    if name in ("a date", "a time", "a number", "a fraction", "NaN", "infinity", "a truth", "bytes")
]

YAML = [
    *MODELS,
    *CELLS,
    *TAGS,
    *KEYS,
    model("null", "null", "no column 'model'"),
    model("empty", "''", "no column 'model'"),
    model("spaces", "'  '", "model"),
    model("a NUL", '"a\\0b"', "cannot be printed"),
    model("a bell", '"a\\ab"', "cannot be printed"),
    model("two lines", '"a\\nb"', "cannot be printed"),
    model("very long", "a" * 5000, "5,000 characters"),
    model("a long wildcard", "'" + "*a" * 2000 + "'", "no model has such a name"),
    row("a very long name", f"name: {'a' * 300}", "name", "300 characters"),
    row("a name with a NUL", 'name: "a\\0b"', "name", "cannot be printed"),
    row("a tag with a NUL", 'year: "a\\0b"', "year", "cannot be printed"),
    row("a very long tag", f"year: {'a' * 5000}", "year", "5,000 characters"),
    row("a very long key", f"? {'k' * 5000}\n  : x", "a column's name", "5,000 characters"),
    row("a key given twice", "name: a, name: b", "'name' is given twice"),
    row("untrained twice said", "untrained: true, weights: w.pth", "contradict"),
    row("untrained is a date", "untrained: 2020-01-31", "untrained", "is not true or false"),
    row("untrained is a list", "untrained: [yes]", "untrained", "is not true or false"),
    row("arguments are a word", "model_kwargs: classes", "model_kwargs", "write key=value"),
    row("arguments are a number", "model_kwargs: 5", "model_kwargs is 5, int"),
    row("arguments are a list", "model_kwargs: [a=1]", "model_kwargs", "['a=1']"),
    row("an argument is a date", "model_kwargs: {built: 2020-01-31}", "model_kwargs", "built", WRITTEN),
    row("an argument is infinite", "model_kwargs: {eps: .inf}", "model_kwargs", "eps", "inf, float"),
    row("an argument has no name", "model_kwargs: {5: a}", "model_kwargs", "5 is no name"),
    row("an argument has a bad name", "model_kwargs: {a b: c}", "model_kwargs", "'a b' is no name"),
    row("an argument is bytes", "model_kwargs: {a: !!binary aGVsbG8=}", "model_kwargs", "b'hello'"),
    row("an argument is a set", "model_kwargs: {a: !!set {b}}", "model_kwargs", "{'b'}"),
    row("an argument is deep", "model_kwargs: {a: [[[[[[[[1]]]]]]]]}", "model_kwargs", "[[[[[[[[1]]]]]]]]"),
    row("layouts are no pairs", "layouts: blocks", "layouts", "write MODULE=LAYOUT"),
    row("layouts without a module", "layouts: =tokens", "layouts", "write MODULE=LAYOUT"),
    row("layouts are a number", "layouts: 5", "layouts", "5, int"),
    row("a layout is a date", "layouts: {a: 2020-01-31}", "layouts", WRITTEN),
    row("inputs are a number", "inputs: 5", "inputs", "5, int"),
    row("inputs are a list", "inputs: [image]", "inputs", "['image']"),
    row("an input is a date", "inputs: {x: 2020-01-31}", "inputs", WRITTEN),
    row("inputs without a word", "inputs: 'x='", "inputs 'x='", "write leaf=word"),
    row("a mean is a date", "mean: 2020-01-31", "mean", "is not a number"),
    row("a mean is grey", "mean: grey", "mean", "'grey' is not a number"),
    row("a mean is infinite", "mean: .inf", "mean", "'inf' is not a number"),
    row("a size is negative", "img_size: -5", "img_size", "'-5' is not a positive whole number"),
    row("a size is a fraction", "img_size: 2.5", "img_size", "'2.5' is not a positive whole number"),
    row("three sizes", "img_size: [1, 2, 3]", "img_size"),
    row("sizes in a list in a list", "img_size: [[1]]", "img_size", "'[1]' is not"),
    row("an unknown padding", "padding: sand", "padding", "reflect"),
    row("an unknown domain", "domain: image", "unknown domain 'image'", "images"),
    row("a column that is misspelt", "weigths: w.pth", "'weigths'", "did you mean 'weights'"),
    row("another that is misspelt", "untrianed: yes", "'untrianed'", "did you mean 'untrained'"),
    row("an option that is misspelt", "crop_pc: .5", "'crop_pc'", "did you mean 'crop_pct'"),
    row("an object of Python", "year: !!python/object/apply:os.system [touch ran]", "constructor"),
    row("a module of Python", "year: !!python/module:os ''", "constructor"),
    row("a tag of nobody", "year: !mine x", "constructor"),
    row("an alias of nothing", "year: *nothing", "undefined alias"),
    row("an impossible date", "year: 2020-13-45", "not YAML"),
    yaml("no list", "model: timm:resnet18\n", "write a list"),
    yaml("a word", "timm:resnet18\n", "write a list"),
    yaml("a number alone", "5\n", "write a list"),
    yaml("empty", "", "write a list"),
    yaml("two documents", "- a\n---\n- b\n", "line 2", "not YAML"),
    yaml("an item that is null", "- timm:resnet18\n-\n", "line 2", "no column 'model'"),
    yaml("an item that is a number", "- timm:resnet18\n- 5\n", "line 2", "model is 5, int"),
    yaml("an item that is a date", "- timm:resnet18\n- 2020-01-31\n", "line 2", WRITTEN),
    yaml(
        "an item that is a list",
        "- timm:resnet18\n- [timm:resnet34]\n",
        "line 2",
        "model is ['timm:resnet34']",
    ),
    yaml("an empty mapping", "- timm:resnet18\n- {}\n", "line 2", "no column 'model'"),
    yaml("model misspelt", "- modle: timm:resnet18\n", "line 1", "no column 'model'", "'modle'"),
    yaml("open bracket", "a: [", "not YAML"),
    yaml("a tabulator", "- model: a\n\t- b", "line 2", "not YAML"),
    yaml("a NUL in the file", "- a\n- \0b\n", "not YAML"),
    yaml("billion laughs", LAUGHS, "its aliases stand for more than"),
    yaml("billion laughs by merging", MERGED, "its aliases stand for more than"),
    yaml("a list in itself", "- &a [*a]\n", "line 1", "holds itself"),
    yaml("a mapping in itself", "- &a {model: x, tag: *a}\n", "line 1", "holds itself"),
    yaml("a mapping in itself, far down", "- &a {model: x, tag: {b: [{c: *a}]}}\n", "line 1", "holds itself"),
    yaml("merged with itself", "- &a {model: x, <<: *a}\n", "line 1", "holds itself"),
    yaml("30,000 brackets", "- " + "[" * 30_000, "line 1", "nested more than"),
    yaml("200,000 dashes", "- " * 200_000, "line 1", "nested more than"),
    yaml("100,000 braces", "{a: " * 100_000, "line 1", "nested more than"),
    yaml("30,000 brackets that are closed", "- " + "[" * 30_000 + "]" * 30_000, "line 1", "nested more than"),
    yaml("a list as a key", "- ? [a]\n  : b\n", "line 1", "not YAML"),
    yaml("too large", "#" * (2**20 + 1), "1,048,577 bytes, of at most 1,048,576"),
    yaml("bytes that are no text", b"- \xff\xfe\n", "not a text file"),
]

CSV = [
    csv("no column", "name\nx\n", "line 2", "no column 'model'"),
    csv("a column misspelt", "modell\ntimm:resnet18\n", "line 2", "did you mean 'modell'"),
    csv("semicolons", "model;name\ntimm:resnet18;a\n", "line 2", "no column 'model'", "'model;name'"),
    csv("a column given twice", "model,name,name\na,b,c\n", "line 1", "'name' is given twice"),
    csv("a column without a name", "model,,year\na,b,c\n", "line 1", "column 2 has no name"),
    csv("more cells than columns", "model,name\na,b,c\n", "line 2", "3 cells below 2 columns"),
    csv("an open quotation", 'model\n"timm:resnet18\n', "not CSV"),
    csv("letters behind a quotation", 'model\n"a"b\n', "line 2", "not CSV"),
    csv("a NUL", "model\na\0b\n", "line 2"),
    csv("a cell without end", "model\n" + "a" * 200_000 + "\n", "line 2", "not CSV", "field"),
    csv("a long cell", "model\n" + "a" * 100_000 + "\n", "line 2", "100,000 characters"),
    csv("a long name", "model,name\ntimm:resnet18," + "a" * 201 + "\n", "line 2", "name has 201 characters"),
    csv("a bell", "model\na\ab\n", "line 2", "cannot be printed"),
    csv("two lines in a cell", 'model\n"a\nb"\n', "line 3", "cannot be printed"),
    csv("no truth", "model,untrained\ntimm:resnet18,maybe\n", "line 2", "untrained: 'maybe' is not true"),
    csv("untrained, with weights", "model,untrained,weights\ntimm:resnet18,yes,w.pth\n", "line 2", "contradict"),
    csv("no number", "model,mean\ntimm:resnet18,grey\n", "line 2", "mean: 'grey' is not a number"),
    csv("commas for spaces", 'model,mean\ntimm:resnet18,"0.5,0.5,0.5"\n', "line 2", "mean", "is not a number"),
    csv("arguments without =", "model,model_kwargs\ntimm:resnet18,classes\n", "line 2", "write key=value"),
    csv("an argument twice", "model,model_kwargs\ntimm:resnet18,a=1 a=2\n", "line 2", "given twice"),
    csv("an infinite argument", "model,model_kwargs\ntimm:resnet18,a=1e999\n", "line 2", "inf, float"),
    csv("a set as an argument", 'model,model_kwargs\ntimm:resnet18,"a={1,2}"\n', "line 2", "a is {1, 2}"),
    csv("bytes as an argument", "model,model_kwargs\ntimm:resnet18,a=b'x'\n", "line 2", "a is b'x'"),
    csv("an argument that runs code", "model,model_kwargs\ntimm:resnet18,a+b=1\n", "line 2", "write key=value"),
    csv("an unknown domain", "model,domain\ntimm:resnet18,image\n", "line 2", "unknown domain 'image'"),
    csv("an unknown padding", "model,padding\ntimm:resnet18,sand\n", "line 2", "padding"),
    csv("misspelt weights", "model,weigth\ntimm:resnet18,w.pth\n", "line 2", "did you mean 'weights'"),
    csv("no such weights", "model,weights\ntimm:resnet18,w.pth\n", "weights w.pth: no such file"),
    csv("weights that are a pipe", "model,weights\ntimm:resnet18,w.pth\n", "w.pth", **{"w.pth": pipe}),
    csv("a wildcard that fits nothing", "model\ntimm:vti_*\n", "line 2", "no model has such a name"),
    csv("bytes that are no text", b"model\n\xff\xfe\n", "not a text file"),
    csv("too large", "model\n" + "timm:resnet18\n" * 80_000, "bytes, of at most 1,048,576"),
    csv("a pipe", pipe, "this is a pipe or a device"),
    csv("a folder", lambda place: place.mkdir(), "this is a folder"),
    csv("a device", lambda place: place.symlink_to("/dev/zero"), "this is a pipe or a device"),
    csv("a link to nothing", lambda place: place.symlink_to("nothing"), "cannot be read"),
    csv("a link to itself", lambda place: place.symlink_to(place.name), "cannot be read"),
    csv("two names for one network", "model,name\ntimm:resnet18,a\ntimm:resnet18,b\n",
        "line 3", "'b' is the same network", "'a' (m.csv, line 2)"),
    csv("two tags for one network", "model,year\ntimm:resnet18,1\ntimm:resnet18,2\n", "line 3", "same network"),
    csv("two files with one content", "model,weights,name\ntimm:resnet18,a.pth,a\ntimm:resnet18,c.pth,c\n",
        "line 3", "same network", **{"a.pth": "x", "c.pth": "x"}),
]  # fmt: skip

TXT = [
    Bad("txt: no such file", SWEEP, ("m.txt: cannot be read (No such file or directory)",)),
    Bad("txt: empty", SWEEP, ("no models given",), {"m.txt": "\n# nothing\n"}),
    listed("txt: itself", "m.txt", "timm:resnet18\nm.txt\n", "line 2", "m.txt: this list is in itself"),
    listed("txt: itself by way of another", "m.txt", "n.txt\n", "this list is in itself", **{"n.txt": "m.txt\n"}),
    listed("txt: a list that is not there", "m.txt", "timm:resnet18\nn.csv\n", "line 2", "n.csv: cannot be read"),
    listed("txt: a list that is a pipe", "m.txt", "n.csv\n", "line 1", "no regular file", **{"n.csv": pipe}),
    listed("txt: a NUL", "m.txt", "timm:resnet18\na\0b\n", "line 2", "cannot be printed"),
    listed("txt: a long line", "m.txt", "a" * 5000, "line 1", "5,000 characters"),
    listed("txt: UTF-16", "m.txt", "timm:resnet18".encode("utf-16"), "not a text file"),
    listed("txt: a wildcard that fits nothing", "m.txt", "timm:resnet18\ntimm:vti_*\n", "line 2", "no model has"),
    listed("txt: a list with a name", "m.csv", "model,name\nn.txt,a\n", "line 2", "is a list", **{"n.txt": "a"}),
    Bad("a name with a NUL", ("sweep", "a\0b.csv", "builtin:photos", "--store", "s"), ("give a name",)),
    Bad("a very long name", ("sweep", "a" * 5000 + ".csv", "builtin:photos", "--store", "s"), ("so long a name",)),
]  # fmt: skip

CASES = [*YAML, *CSV, *TXT]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@table(CASES)
def test_a_bad_list_is_one_line_with_its_place(case, tmp_path, capsys):
    check_refused(case, tmp_path, capsys)
    assert not (tmp_path / "store").exists() and not (tmp_path / "ran").exists()


def test_there_are_many_kinds():
    assert len(CASES) >= 150


def test_lists_that_name_one_another_twice_end(tmp_path):
    for i in range(30):
        (tmp_path / f"{i}.txt").write_text(f"{i + 1}.txt\n{i + 1}.txt\n")
    (tmp_path / "30.txt").write_text("timm:resnet18\n")
    assert [entry.model for entry in read_models(str(tmp_path / "0.txt"))] == ["timm:resnet18"]


def test_aliases_and_merged_rows_are_read(tmp_path):
    text = "- &row {model: 'timm:resnet18', mean: 0.5}\n- {<<: *row, model: 'timm:resnet34'}\n- *row\n"
    (tmp_path / "m.yaml").write_text(text)
    first, second = read_models(str(tmp_path / "m.yaml"))
    assert (first.model, second.model) == ("timm:resnet18", "timm:resnet34")
    assert first.options == second.options == {"mean": 0.5}


@pytest.mark.slow
def test_dates_as_tags_survive_a_resume(tmp_path, capsys):
    Path("net.py").write_text(
        "from torch import nn\ndef build():\n    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())\n"
    )
    Path("m.yaml").write_text(
        "- {model: 'net.py:build', date: 2020-01-31, at: 2020-01-31 10:00:00, year: 2020}\n"
    )
    command = "sweep m.yaml builtin:photos --store store --symmetry rotation --samples 2 --img-size 8 --control none --quiet"
    assert main(command.split()) == 0
    before = {path: path.read_bytes() for path in Path("store/rows").iterdir()}
    assert main(command.split()) == 0
    assert "1" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in Path("store/rows").iterdir()}
    frame = symmeter.load("store")
    assert set(frame["tag_date"]) == {"2020-01-31"} and set(frame["tag_at"]) == {"2020-01-31T10:00:00"}
    (header,) = Path("store/cells").iterdir()
    assert json.loads(header.read_text())["cell"]["entry"]["tags"]["date"] == "2020-01-31"
    assert os.listdir("store/errors") == [] if Path("store/errors").exists() else True
