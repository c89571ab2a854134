"""What could take for ever: pipes, loops without end, huge numbers, expressions of thousands of brackets and commas."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.hostile.refused import Bad, check_refused, make, pipe, table, warm_up

from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import domains, parse_group
from symmeter.measuring.plan import Given, read_words
from symmeter.models.from_onnx import OnnxModel
from symmeter.symmetry.groups.group import choose_elements
from symmeter.verbs.arguments import split_list

NET = """
import torch
from torch import nn
def build(classes=3):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes)).eval()
"""


def _images(place: Path) -> None:
    np.savez(place, images=np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8))


FILES = {"net.py": NET, "t.npz": _images}
SIZES = ("has 30,000 characters; at most 10,000",)


def asked(name: str, option: str, value: str, *words: str, symmetry: str = "rotation") -> Bad:
    """A measurement with one option."""
    command = ["measure", "net.py:build", "t.npz", "--control", "none", "--symmetry", symmetry]
    return Bad(name, (*command, option, *value.split(" ")), words, FILES)


def written(option: str, **texts: str) -> list[Bad]:
    """One option with several texts that are too long."""
    return [asked(f"{option}: {name}", option, text) for name, text in texts.items()]


TEXTS = {
    "30,000 brackets": "[" * 30_000,
    "30,000 round brackets": "(" * 30_000,
    "9,000 brackets": "(" * 9_000,
    "9,000 brackets that close": "a(" * 3_000 + ")" * 3_000,
    "30,000 commas": "a" + "," * 30_000 + "b",
    "9,000 commas": "a" + "," * 9_000 + "b",
    "10,000 names": "a," * 10_000 + "a",
    "499 names": "a," * 498 + "a",
    "one long name": "a" * 9_999,
    "many stars": "a*" * 4_000 + "b",
    "many dots": "a." * 4_000 + "b",
    "many colons": "a:" * 4_000 + "b",
    "many equals": "a=" * 4_000 + "b",
    "a name in brackets in brackets": "regular(" * 1_000 + "C4" + ")" * 1_000,
    "many digits": "C" + "9" * 5_000,
    "a NUL": "a\0b",
}
LONG = [
    asked(f"{option}: {name}", option, text, "")
    for option in ("--symmetry", "--output", "--measure", "--inputs", "--padding", "--domain", "--definition")
    for name, text in TEXTS.items()
    if not (option == "--output" and name == "many stars")  # a pattern; below
    and not (option == "--inputs" and "equals" not in name and "," not in text)  # one word, for one input
]
NUMBERS = [
    asked(f"symmetry {text}", "--symmetry", text, words)
    for text, words in {
        "C1000000000": "1000000000 is more than any group has; at most 1,000,000",
        "D1000000000": "at most 1,000,000",
        "shift(1000000000)": "at most 1,000,000",
        "shift(10**9)": "is no group",
        "shift(1000000,crop)": "give larger ones",
        "shift(999999)": "more than half",
        "scale(0.8,1e400)": "at most 1,000,000",
        "scale(0.8,inf)": "inf is more than any group has",
        "scale(nan,1)": "nan is more than any group has",
        "SO2(1e9)": "at most 1,000,000",
        "T2(1e308)": "at most 1,000,000",
        "C1000000000*colours": "at most 1,000,000",
        "*".join(["C4"] * 3_000): "is a product of 3,000; at most 20",
        "C4,D1000000000": "at most 1,000,000",
        "S1000000000": "at most 1,000,000",
        "S9999": "",
        "translation(1,40,1e308)": "at most 1,000,000",
        "C-1000000000": "",
        "C4(1000000000)": "at most 1,000,000",
        "rotation(1e999)": "at most 1,000,000",
    }.items()
]
ELEMENTS = "elements is {}; give a whole number from 2 to 2^17 - 1"
OPTIONS = [
    asked("10^9 elements", "--elements", "1000000000", ELEMENTS.format(10**9), symmetry="C4"),
    asked("10^9 rotations", "--elements", "1000000000", ELEMENTS.format(10**9), symmetry="SO2"),
    asked("10^30 elements", "--elements", "1" + "0" * 30, "elements", symmetry="SO2"),
    asked("10^5000 elements", "--elements", "9" * 5000, "not a positive whole number", symmetry="SO2"),
    asked("10^12 in a batch", "--batch-size", "1000000000000", "batch_size is 1000000000000"),
    asked("images of 10^9 pixels", "--img-size", "1000000000", "img_size is 1000000000", "2^14 - 1"),
    asked("images of 10^5 x 8 pixels", "--img-size", "100000 8", "img_size", "2^14 - 1"),
    asked("10^9 averages", "--average", "1000000000", "average is (1000000000,)", symmetry="C4"),
    asked("5,001 averages", "--average", "2," * 5000 + "2", "10,001 characters", symmetry="C4"),
    asked("averages without end", "--average", "9" * 5000, "whole numbers above 1", symmetry="C4"),
    asked("a seed of 30 digits", "--seed", "9" * 30, "2^63 - 1"),
    asked("a rule of order 10^9", "--sampling", "lebedev(1000000000)", "unknown sampling", symmetry="SO2"),
    asked(
        "a rule of order 10^5000", "--sampling", f"lebedev({'9' * 5000})", "unknown sampling", symmetry="SO2"
    ),
    asked("a mean of 1e308", "--mean", "1e308", "NaN or infinite values for every image"),
    asked("an infinite mean", "--mean", "inf", "is not a number"),
    asked("a mean of nothing", "--mean", "nan", "is not a number"),
    asked("no deviation", "--std", "0", "must be greater than 0"),
    asked("a crop of 1e300", "--crop-pct", "1e300", "greater than 0 and at most 1"),
    asked("a crop of nothing", "--crop-pct", "0", "greater than 0 and at most 1"),
    asked("no classes", "--model-kwargs", "classes=0", "there is nothing in it to measure, not one class"),
    asked("10^12 classes", "--model-kwargs", "classes=1000000000000", "net.py:build: RuntimeError"),
    asked("classes without end", "--model-kwargs", "classes=" + "9" * 5000, "net.py:build: TypeError"),
    asked(
        "arguments of 30,000 brackets", "--model-kwargs", "a=" + "(" * 30_000, "unexpected keyword argument"
    ),
    asked("arguments of 30,000 minuses", "--model-kwargs", "a=" + "-" * 30_000 + "1", "unexpected keyword"),
    asked("a device without end", "--device", "cuda:" + "9" * 50, "cannot be used here"),
    asked("a control without end", "--control", "n" * 30_000, "unknown control"),
    asked("an interpolation without end", "--interpolation", "b" * 30_000, "unknown interpolation"),
    asked("tokens without end", "--output", "logits:tokens(1000000000x1000000000)", "is not tokens"),
    asked("a regular field without end", "--output", "logits:regular(C1000000000)", "unknown action"),
    asked("a pattern that fits nothing", "--output", "*a" * 2_000 + "b", "output"),
]
DATA = {
    "pipe.npz": (), "pipe.png": (), "pipe.csv": (), "pipe": (),
    "pipe.wav": ("--domain", "signals"), "pipe.npy": ("--domain", "signals"), "pipe.edf": ("--domain", "signals"),
    "pipe.xyz": ("--domain", "atoms"), "pipe.traj": ("--domain", "atoms"), "pipe.ply": ("--domain", "points"),
    "pipe.off": ("--domain", "points"), "pipe.nii": ("--domain", "volumes"), "pipe.nii.gz": ("--domain", "volumes"),
}  # fmt: skip
NO_FILE = "this is a pipe or a device; give a file or a folder"
LENGTHS = ("no such file", "File name too long", "give a ", "cannot be")
PIPES = [
    *[Bad(f"data: {name}", ("measure", "net.py:build", name, "--symmetry", "translation", *more), (name, NO_FILE),
          {**FILES, name: pipe}) for name, more in DATA.items()],
    *[Bad(f"layers: {name}", ("layers", "net.py:build", name, "--symmetry", "translation", *more), (name, NO_FILE),
          {**FILES, name: pipe}) for name, more in list(DATA.items())[:5]],
    *[Bad(f"weights: {name}", ("measure", "net.py:build", "t.npz", "--weights", name), (name, NO_FILE),
          {**FILES, name: pipe}) for name in ("w.pt", "w.pth", "w.safetensors", "w")],
    Bad("a folder of pipes", ("measure", "net.py:build", "pipes"), ("no images in this folder",),
        {**FILES, "pipes/a.png": pipe, "pipes/b.png": pipe}),
    Bad("sounds that are pipes", ("measure", "net.py:build", "pipes", "--domain", "signals", "--symmetry",
        "translation"), ("no signals in this folder",), {**FILES, "pipes/a.wav": pipe}),
    Bad("an image that never ends", ("measure", "net.py:build", "/dev/zero"), (NO_FILE,), FILES),
    Bad("weights that never end", ("measure", "net.py:build", "t.npz", "--weights", "/dev/zero"), (NO_FILE,), FILES),
    Bad("a model: pipe.onnx", ("measure", "pipe.onnx", "t.npz"), (NO_FILE,), {**FILES, "pipe.onnx": pipe}),
    Bad("a model: pipe.py", ("measure", "pipe.py:build", "t.npz"), ("no such file pipe.py",), {**FILES, "pipe.py": pipe}),
    Bad("a model: pipe", ("measure", "pipe", "t.npz"), (NO_FILE,), {**FILES, "pipe": pipe}),
    Bad("a place for JSON", ("measure", "net.py:build", "t.npz", "--json", "p.json"), ("no regular file",),
        {**FILES, "p.json": pipe}),
    Bad("a place for a plot", ("measure", "net.py:build", "t.npz", "--symmetry", "C4", "--plot", "p.png"),
        ("no regular file",), {**FILES, "p.png": pipe}),
    Bad("a folder for results", ("measure", "net.py:build", "t.npz", "--out", "p"), ("no folder",), {**FILES, "p": pipe}),
    Bad("a store", ("report", "p", "--out", "r.html"), (NO_FILE,), {"p": pipe}),
    Bad("saved results", ("compare", "p", "p.json"), ("no result or store is there",), {"p": pipe, "p.json": pipe}),
    Bad("data of a sweep", ("sweep", "net.py:build", "p.npz", "--store", "s", "--quiet"), (NO_FILE,),
        {**FILES, "p.npz": pipe}),
    Bad("a store of a sweep", ("sweep", "net.py:build", "t.npz", "--store", "p", "--quiet"), (NO_FILE,),
        {**FILES, "p": pipe}),
]  # fmt: skip
NAMES = [
    Bad(f"a long name: {name}", command, ("",), FILES)
    for name, command in {
        "data": ("measure", "net.py:build", "d" * 5000),
        "weights": ("measure", "net.py:build", "t.npz", "--weights", "w" * 5000),
        "model": ("measure", "m" * 5000, "t.npz"),
        "ONNX": ("measure", "m" * 5000 + ".onnx", "t.npz"),
        "code": ("measure", "m" * 5000 + ".py:build", "t.npz"),
        "callable": ("measure", "net.py:" + "a." * 3000 + "b", "t.npz"),
        "of timm": ("measure", "timm:" + "x" * 5000, "t.npz"),
        "JSON": ("measure", "net.py:build", "t.npz", "--json", "j" * 5000),
        "out": ("measure", "net.py:build", "t.npz", "--out", "o" * 5000),
        "results": ("compare", "c" * 5000, "d"),
        "store": ("report", "r" * 5000, "--out", "r.html"),
        "report": ("report", "s", "--out", "o" * 5000 + ".html"),
        "pattern": ("list", "models", "*a" * 2000 + "b"),
        "domain": ("list", "symmetries", "--domain", "x" * 9999),
        "layout": ("layers", "net.py:build", "t.npz", "--layout", "(" * 30_000 + "b"),
    }.items()
]
CASES = [*LONG, *NUMBERS, *OPTIONS, *PIPES, *NAMES]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@table(CASES)
def test_nothing_takes_long(case, tmp_path, capsys):
    check_refused(case, tmp_path, capsys)


def _huge() -> list[tuple[str, str]]:
    """Every symmetry that is listed, of every kind of data, with each of its numbers made huge."""
    found = []
    for name, domain in domains().items():
        for example in domain.symmetries:
            for match in re.finditer(r"\d+(?:\.\d+)?", example):
                for number in ("1000001", "1" + "0" * 30, "9" * 5000, "1e308", "nan", "inf"):
                    found.append((name, example[: match.start()] + number + example[match.end() :]))
    return found


def test_no_listed_symmetry_takes_huge_numbers():
    warm_up()
    huge = _huge()
    assert len(huge) > 200
    for name, text in huge:
        start = time.process_time()
        with pytest.raises(SymmeterError) as caught:
            read_words(Given(None, name), text, "logits")
        assert time.process_time() - start < 1, text
        assert "\n" not in str(caught.value) and len(str(caught.value)) <= 1200


@pytest.mark.parametrize("text", ["C1000000", "D99999", "S1000", "SO2(1000000)", "C4*C4*C4*C4"])
def test_the_largest_that_may_be_are_sampled_at_once(text):
    group = parse_group(text)
    start = time.process_time()
    assert choose_elements(group).count <= 256 and len(group.subgroups) < 1000
    assert time.process_time() - start < 2


def _split_slowly(text: str) -> list[str]:
    """What split_list does, letter by letter."""
    words, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1 if depth else 0}.get(letter, 0)
        if letter == "," and not depth:
            words.append("")
        else:
            words[-1] += letter
    return [word.strip() for word in words]


@pytest.mark.parametrize(
    "text", ["(" * 9_000, "a(" * 3_000 + ",b", ")" * 9_000, "(a,b),c" * 400, "a)(b,c),d ,(", ""]
)
def test_lists_are_split_in_one_pass(text):
    start = time.process_time()
    found = split_list(text)
    assert time.process_time() - start < 0.5
    assert found == _split_slowly(text)


def _endless(place: Path) -> None:
    """An ONNX file with a loop that is done 2^62 times."""
    onnx = pytest.importorskip("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["x", "x"], ["y"])],
        "body",
        [helper.make_tensor_value_info("i", kinds.INT64, []), helper.make_tensor_value_info("go", kinds.BOOL, []),
         helper.make_tensor_value_info("x", kinds.FLOAT, None)],
        [helper.make_tensor_value_info("on", kinds.BOOL, []), helper.make_tensor_value_info("y", kinds.FLOAT, None)],
    )  # fmt: skip
    graph = helper.make_graph(
        [helper.make_node("Loop", ["n", "yes", "images"], ["out"], body=body)],
        "endless",
        [helper.make_tensor_value_info("images", kinds.FLOAT, ["N", 3, 8, 8])],
        [helper.make_tensor_value_info("out", kinds.FLOAT, ["N", 3, 8, 8])],
        [
            helper.make_tensor("n", kinds.INT64, [], [2**62]),
            helper.make_tensor("yes", kinds.BOOL, [], [True]),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    place.write_bytes(made.SerializeToString())


def test_a_loop_without_end_is_ended(tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    _endless(tmp_path / "m.onnx")
    with pytest.raises(SymmeterError, match=r"not done after 0.2 s, and ended; .* time_limit=SECONDS"):
        OnnxModel(tmp_path / "m.onnx", time_limit=0.2)(torch.ones(1, 3, 8, 8))
    options = ("--output", "logits:equivariant", "--control", "none", "--model-kwargs", "time_limit=0.2")
    case = Bad(
        "loop", ("measure", "m.onnx", "t.npz", *options), ("not done after 0.2 s",), {"t.npz": _images}
    )
    check_refused(case, tmp_path, capsys, soon=10)


@pytest.mark.parametrize("limit", ["0", "-1", "soon", "inf"])
def test_a_time_limit_is_a_number_above_zero(limit, tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    make({"m.onnx": _endless, "t.npz": _images}, tmp_path)
    case = Bad(
        "limit", ("measure", "m.onnx", "t.npz", "--model-kwargs", f"time_limit={limit}"), ("time_limit is",)
    )
    check_refused(case, tmp_path, capsys)
