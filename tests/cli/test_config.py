"""Options from files: read as flags are, written as they are read, and every mistake is one line."""

import json
import shlex
import tomllib
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from symmeter.cli.app import _parse, main
from symmeter.cli.commands import COMMANDS
from symmeter.cli.parser import OF_CONFIG, UsageError

# Command lines of every command, with values of every kind.
LINES = [
    "measure net.py:build d.npz",
    "measure net.py:build d.npz --symmetry rotation,scale --range 1 .5 -2 --bands --mean .1 .2 .3 --no-control",
    "measure net.py:build d.npz --range --precision 1e-5 --average 2,4 --out 'a folder' --json - --seed 9",
    r"""measure 'a "b" \ c.py:f' -- -d.npz""",
    "measure net.py:build d.npz --model-kwargs classes=3 bias=True --model-kwargs name=x --untrained --crop-pct .5",
    "measure net.py:build t.wav --domain signals --symmetry shift(10ms) --sample-rate 8000 --mono true",
    "measure net.py:build sets.npz --domain points --inputs pos=points,z=scalars --elements 7",
    "layers net.py:build d.npz --layout 'enc.*=tokens(1+8x32)' head=channels_last --by kind --top 3 --aliasing",
    "cure net.py:build d.npz --remedies 'blur,averaged(C4)' --loss 0.02 --samples 8 --out cured --plot c.pdf",
    "robustness net.py:build d.npz --symmetry C4 --corruptions gaussian_noise,blur --strengths 1,5 --no-control",
    "compare a b c --data d.npz --weights x.pt y.pt --measure geed --symmetry C4",
    "sweep 'timm:vit_*' models.csv photos --store s --seeds 1 2 3 --time-limit 5 --memory-limit .5 --layers",
    "sweep m.yaml photos --store s3://bucket/s --allow-code 'a:*' b:c --executor ray --retry-errors --jobs 2",
    "sweep photos --store s --preset zoo2026 --weights-from 'a folder' --dry-run",
    "report s --out r.html --reference a.csv b.csv --title 'Ä title\t\x7f \U0001f600'",
    "plot before after --names a b --kind stability --width 1 --top 3 --out f.pdf",
    "cite before",
    "list symmetries --domain points",
    "list",
    "demo --epochs 3 --out r --quiet",
]


def parsed(words) -> dict:
    """What a command line means; functions and kinds of data by themselves."""
    found = vars(_parse(list(words)))
    return {name: value for name, value in found.items() if name not in OF_CONFIG}


def printed(words, capsys) -> str:
    assert main([*words[:1], "--print-config", *words[1:]]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_is_among_the_lines():
    assert {line.split()[0] for line in LINES} == set(COMMANDS)


@pytest.mark.parametrize("line", LINES)
def test_what_is_printed_means_the_same_when_it_is_read(line, capsys, place):
    words = shlex.split(line)
    text = printed(words, capsys)
    Path("c.toml").write_text(text, encoding="utf-8")
    assert parsed([words[0], "--config", "c.toml"]) == parsed(words)
    assert printed([words[0], "--config", "c.toml"], capsys) == text
    yaml = pytest.importorskip("yaml")
    Path("c.yaml").write_text(yaml.safe_dump(tomllib.loads(text)), encoding="utf-8")
    assert parsed([words[0], "--config", "c.yaml"]) == parsed(words)


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_printed_without_operands_with_every_option_and_its_help(command, capsys):
    text = printed([command], capsys)
    (table,) = tomllib.loads(text).values()
    found = _parse([command, *{"report": ["s", "--out", "r"], "plot": ["s", "--out", "r"], "demo": [], "list": []}.get(command, ["a", "b"]),
                    *(["--store", "s"] if command == "sweep" else [])])  # fmt: skip
    names = {name.replace("_", "-") for name in vars(found)} - {"run", "kind", "command", "given", "config"}
    names -= {"print-config", "version", "print-completion"}
    said = {line.removeprefix("# ").partition(" =")[0] for line in text.splitlines() if " =" in line}
    assert names <= said and set(table) <= names
    assert "# print what" not in text


def write(text, name="c.toml"):
    Path(name).write_text(text, encoding="utf-8")
    return name


@pytest.mark.parametrize(("text", "line"), [
    ('symmetry = ["rotation", "scale"]', "--symmetry rotation,scale"),
    ("batch-size = 3\nno_control = true", "--batch-size 3 --no-control"),
    ("mean = 0.5\nstd = [0.1, 0.2, 0.3]", "--mean .5 --std .1 .2 .3"),
    ("average = [2, 4]\nuntrained = false", "--average 2,4"),
    ("[model-kwargs]\nclasses = 3\nbias = true", "--model-kwargs classes=3 bias=true"),
    ('inputs = {pos = "points", z = "scalars"}', "--inputs pos=points,z=scalars"),
    ("seed = 1\n[measure]\nseed = 2\n[layers]\nseed = 3\nby = 'kind'", "--seed 2"),
    ("json = '-'\nrange = [-1, 0.5]", "--json - --range -1 .5"),
])  # fmt: skip
def test_a_file_is_written_as_one_would(text, line):
    """Lists for names with commas, tables for key=value, dashes or underscores, a table a command."""
    words = ["measure", "m", "d", "--config", write(text)]
    assert parsed(words) == parsed(["measure", "m", "d", *line.split()])


def test_the_same_in_yaml():
    pytest.importorskip("yaml")
    text = "symmetry: [rotation, scale]\nsamples:\nmeasure:\n  batch-size: 3\n  bands: yes\n"
    words = ["measure", "m", "d", "--config", write(text, "c.yml")]
    assert parsed(words) == parsed(
        ["measure", "m", "d", "--symmetry", "rotation,scale", "--batch-size", "3", "--bands"]
    )
    assert parsed(["demo", "--config", write("", "c.yaml")]) == parsed(["demo"])


@pytest.mark.parametrize(("said", "line"), [
    ([], "a b --seed 1 --mean .1 .2 --model-kwargs k=1"),
    (["x"], "x b --seed 1 --mean .1 .2 --model-kwargs k=1"),
    (["x", "y"], "x y --seed 1 --mean .1 .2 --model-kwargs k=1"),
    (["x", "--", "-y"], "--seed 1 --mean .1 .2 --model-kwargs k=1 -- x -y"),
    (["--", "x"], "--seed 1 --mean .1 .2 --model-kwargs k=1 -- x b"),
    (["--seed=2", "--mean", ".3"], "a b --seed 2 --model-kwargs k=1 --mean .3"),
    (["--model-kwargs", "j=2"], "a b --seed 1 --mean .1 .2 --model-kwargs j=2"),
])  # fmt: skip
def test_the_command_line_wins(said, line):
    text = "model = 'a'\ndata = 'b'\nseed = 1\nmean = [0.1, 0.2]\nmodel-kwargs = ['k=1']"
    for words in ([*said, "--config", write(text)], [f"--config={write(text)}", *said]):
        if "--" not in said or words[0] != said[0]:
            assert parsed(["measure", *words]) == parsed(["measure", *line.split()])


def test_operands_of_a_sweep_may_stand_in_either_place():
    write("models = ['m1', 'm2']\ndata = 'd'\nstore = 's'")
    expected = parsed(["sweep", "m1", "m2", "d", "--store", "s"])
    assert parsed(["sweep", "--config", "c.toml"]) == expected
    assert parsed(["sweep", "--config", "c.toml", "m1", "m2", "d"]) == expected
    assert parsed(["sweep", "--config", "c.toml", "x"]) == parsed(["sweep", "x", "d", "--store", "s"])


def test_models_may_be_left_out_beside_a_preset_only():
    found = parsed(["sweep", "--preset", "tryout", "d", "--store", "s"])
    assert (found["models"], found["data"], found["preset"]) == ([], "d", "tryout")
    assert parsed(["sweep", "m", "--store", "s", "d"])["models"] == ["m"]
    assert parsed(["sweep", "m", "d", "--store", "s", "--preset", "tryout"])["models"] == ["m"]
    with pytest.raises(UsageError, match="required: DATA"):
        parsed(["sweep", "d", "--store", "s"])
    write("preset = 'tryout'\nstore = 's'")
    assert parsed(["sweep", "d", "--config", "c.toml"])["models"] == []


def test_the_domain_of_a_file_has_its_own_options(capsys):
    write("domain = 'signals'\nsample-rate = 8000")
    assert parsed(["measure", "m", "d", "--config", "c.toml"])["sample_rate"] == 8000
    assert main(["measure", "m", "d", "--config", "c.toml", "--domain", "images"]) == 2
    assert "c.toml: unknown option 'sample-rate'" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "said"), [
    ("symetry = 'rotation'", "c.toml: unknown option 'symetry'; did you mean 'symmetry'?"),
    ("batch_siz = 1", "unknown option 'batch-siz'; did you mean 'batch-size'?"),
    ("config = 'd.toml'", "unknown option 'config'"),
    ("[mesure]\nseed = 1", "unknown option 'mesure'"),
    ("samples = 'x'", "c.toml: --samples: 'x' is not a positive whole number"),
    ("samples = true", "c.toml: --samples: 'true' is not a positive whole number"),
    ("samples = [1, 2]", "--samples: '1,2' is not a positive whole number"),
    ("untrained = 1", "c.toml: untrained is 1; give true or false"),
    ("seed = 2020-01-01", "c.toml: seed is datetime.date(2020, 1, 1); give text, numbers"),
    ("batch-size = 1\nbatch_size = 2", "c.toml: batch_size is given twice"),
    ("mean = []", "c.toml: --mean: expected at least one argument"),
    ("model-kwargs = ['--trust-remote-code']", "c.toml: model-kwargs: '--trust-remote-code' begins with a dash"),
    ("seed = ", "c.toml: not TOML: Invalid value (at "),
    ("seed = 1\nseed = 2", "c.toml: not TOML: Cannot overwrite a value"),
    ("a = " + "[" * 5000, "c.toml: not TOML: "),
    ("a = " + "[" * 200 + "]" * 200, "unknown option 'a'"),
    ("#" * 2**20 + "\n", "c.toml: 1,048,577 bytes, of at most 1,048,576"),
])  # fmt: skip
def test_a_mistake_is_one_line(text, said, capsys):
    assert main(["measure", "m", "d", "--config", write(text)]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize(("text", "said"), [
    ("- a", "c.yaml: write options by name, such as symmetry: rotation"),
    ("a: [", "c.yaml, line 2: not YAML: did not find"),
    ("seed: !!python/object/apply:os.getcwd []", "c.yaml, line 1: not YAML: could not determine a constructor"),
    ("seed: 1\nseed: 2", "'seed' is given twice"),
    ("a: &a [*a]", "holds itself"),
    ("{" * 50, "nested more than 20 deep"),
])  # fmt: skip
def test_a_mistake_in_yaml_is_one_line(text, said, capsys):
    pytest.importorskip("yaml")
    assert main(["measure", "m", "d", "--config", write(text, "c.yaml")]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


@pytest.mark.parametrize(("words", "said"), [
    (["--config"], "--config: expected one argument"),
    (["--config", "nowhere.toml"], "nowhere.toml: cannot be read (No such file or directory)"),
    (["--config", "c.json"], "--config c.json: give a file that ends in .toml, .yaml, .yml"),
    (["--config", "c.toml", "--sed", "1"], "unknown option '--sed'; did you mean '--seed'?"),
    (["--config", "c.toml", "--seed", "x"], "symmeter: error: --seed: 'x' is not"),
    (["--config", "c.toml", "a", "b", "c"], "unrecognized arguments: c"),
    (["--print-config", "--seed", "x"], "--seed: 'x' is not"),
])  # fmt: skip
def test_a_mistake_beside_a_file_is_one_line(words, said, capsys):
    write("model = 'm'\ndata = 'd'")
    assert main(["measure", *words]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_an_option_of_a_file_without_effect_is_refused_as_a_flag_is(capsys):
    write("no-control = true\ncontrol = 'stability'")
    assert main(["measure", "m", "d", "--config", "c.toml"]) == 2
    assert "--control has no effect beside --no-control" in capsys.readouterr().err


def test_a_measurement_from_a_file_is_that_of_its_flags(capsys):
    code = (
        "from torch import nn\ndef f():\n    return nn.Sequential(nn.Flatten(), nn.Linear(192, 2)).eval()\n"
    )
    write(code, "net.py")
    np.savez("d.npz", images=np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8))
    write("model = 'net.py:f'\ndata = 'd.npz'\nsymmetry = 'rotation'\nseed = 3\nuntrained = true\njson = '-'")
    rows = []
    for line in ("--config c.toml", "net.py:f d.npz --symmetry rotation --seed 3 --json -"):
        assert main(["measure", *line.split()]) == 0
        rows.append(json.loads(capsys.readouterr().out)["rows"])
    assert rows[0] == rows[1] and rows[0][0]["symmetry"] == "rotation"


def test_the_parser_is_as_it_was_after_its_operands_were_looked_at():
    from symmeter.cli.parser import Parser

    parser = Parser(prog="p")
    parser.add_argument("one", nargs="+")
    parser.add_argument("--must", required=True)
    before = [vars(action).copy() for action in parser._actions]
    assert parser.operands(["a", "--must", "1", "--", "-b"]) == ["a", "-b"]
    assert [vars(action) for action in parser._actions] == before
    assert parser.parse_args(["a", "--must", "1"]) == Namespace(one=["a"], must="1")
