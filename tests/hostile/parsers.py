"""The parsers that the fuzzers feed, each with words of its own language, and how it is called."""

import contextlib
import dataclasses
import io
import json
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import symmeter
from symmeter.classes import order_of
from symmeter.cli.app import _parse
from symmeter.cli.ranged import Ranged
from symmeter.domains.grids.interpolants import parse_interpolant
from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.draw import Draw
from symmeter.kinds_of_data import domains, read_options
from symmeter.measures.distances import parse_distance
from symmeter.measures.registry import parse_measures
from symmeter.measuring.plan import Given, read_words
from symmeter.models.loaded import LoadedModel
from symmeter.models.names import list_models, unknown_form
from symmeter.models.outputs import parse_outputs
from symmeter.models.spec import parse_model_kwargs
from symmeter.options import from_text
from symmeter.sweeps.load import load
from symmeter.sweeps.model_list import read_models
from symmeter.symmetry.groups.sampling import read_sampling
from symmeter.symmetry.hypothesis import parse_symmetry
from symmeter.verbs.arguments import words_by_leaf


@dataclass(frozen=True)
class Parser:
    """One parser: `words` of its language, seeds among them, and the call that takes a text."""

    name: str
    words: Sequence[str]
    read: Callable[[str], Any]
    share: float = 1.0  # of a long run: less where names of hubs or files are read for each text

    def read_first(self) -> None:
        """Read all words, so that what is imported at first counts for no text."""
        for word in ("", *self.words):
            with contextlib.suppress(Exception):
                self.read(word)


@cache
def folder() -> Path:
    """A folder for the files of this process."""
    return Path(tempfile.mkdtemp(prefix="symmeter-fuzz-"))


@cache
def network() -> nn.Module:
    """What outputs are named of."""
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Sequential(nn.Flatten(), nn.Linear(4, 2)))


def written(name: str, read: Callable[[Path], Any], text: str) -> Any:
    """What is read of a file with this text."""
    path = folder() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return read(path)


OPTIONS = ("seed = 1\n", "symmetry = ['hue']\n", "[measure]\n", "mean", "=", "[", "]", "{", "}", "'", '"', "\n", "\\",
           "model", "data", "json = '-'", "range = [-1]", "model-kwargs = {a = 1}", "true", "2020-01-01", "#", "--")  # fmt: skip


def options_of(path: Path) -> Any:
    """The arguments of a command with a file of options."""
    return _parse(["measure", "--config", str(path)])


NUMBERS = ("0", "1", "2", "4", "8", "16", "30", "1e3", "-1", ".5", "0.25", "1e400", "nan", "inf", "9" * 30)
MARKS = (
    "(",
    ")",
    ",",
    ":",
    "*",
    "+",
    "x",
    ".",
    " ",
    "=",
    "-",
    "[",
    "]",
    "?",
    "@",
    "/",
    "\x00",
    "\n",
    "é",
    "²",
    "٣",
)
GROUPS = (
    "C4",
    "C",
    "D",
    "D4",
    "SO2",
    "O2",
    "SO3",
    "O3",
    "T2",
    "S5",
    "shift",
    "shift(2,crop)",
    "scale",
    "crop",
    "reflect",
)
HEADER = (
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 8, 8, 3), }\n",
    "{'descr': ",
    "'<f4'",
    "'|O'",
    "'<U9'",
    "[('a', '<f4')]",
    ", 'fortran_order': True, 'shape': (",
    "1, 3, 4, 4",
    "4, 4",
    ")}\n",
    "__import__('os')",
)
JSON = (
    '{"',
    '":',
    "{",
    "}",
    "[",
    "]",
    "null",
    "true",
    "1",
    "-1",
    "1e999",
    "NaN",
    '"',
    ",",
    '"a"',
    "[[",
    "]]",
)


def symmetry_of(kind: str, text: str) -> None:
    """As `--symmetry` is read."""
    domain = domains()[kind]
    domain().check_symmetry(parse_symmetry(text, domain.symmetry, domain.symmetries))


def symmetries() -> list[Parser]:
    """Symmetries, of each kind of data."""
    return [
        Parser(
            f"symmetry of {name}",
            (*domain.symmetries, *GROUPS, *NUMBERS, *MARKS, "10ms", "0.5s"),
            partial(symmetry_of, name),
        )
        for name, domain in domains().items()
    ]


def outputs() -> list[Parser]:
    """Outputs with their actions, of each kind of data."""
    words = (
        "logits",
        "softmax",
        "features",
        "pooled",
        "0",
        "2.1",
        ":",
        "tokens(1+14x14)",
        "tokens(",
        "window(2)",
        "2x0e+1o",
    )
    return [
        Parser(
            f"output of {name}",
            (*domain.actions, *words, " by degree", "boxes", "cxcywh", *NUMBERS, *MARKS),
            lambda text, domain=domain: parse_outputs(text, network(), domain()),
        )
        for name, domain in domains().items()
    ]


def options() -> list[Parser]:
    """The options of each kind of data as they are written on the command line and in lists."""

    def read(domain: Any, text: str) -> None:
        for option in dataclasses.fields(domain.Options):
            with contextlib.suppress(ValueError):  # which names the column, one level up
                read_options(domain, {option.name: from_text(option, text)})

    words = ("10ms", "0.5s", "us", "3d", "true", "bandlimited", "reflect", "a=b", "bicubic", *NUMBERS, *MARKS)
    return [
        Parser(f"options of {name}", words, partial(read, domain))
        for name, domain in domains().items()
        if dataclasses.fields(domain.Options)
    ]


def texts() -> list[Parser]:
    """Whatever else is written in words."""
    prefixes = (
        "timm:",
        "torchvision:",
        "resnet",
        "resnet50",
        "*",
        "?",
        "[",
        "vit_",
        ".a1_in1k",
        "FILE.onnx",
        "x.py:f",
    )

    def length(text: str) -> None:
        opened = read_options(domains()["signals"], {"length": text, "sample_rate": 8000.0})
        next(iter(opened.open(torch.zeros(1, 1, 16), LoadedModel(network(), "net", {}), Draw()).batches(1)))

    def ranged(text: str) -> None:
        _, symmetry = read_words(Given(torch.zeros(1, 3, 4, 4), None, None, None, {}), "rotation")
        Ranged(Namespace(range=[1.0], output=text, symmetry="rotation"), symmetry)

    def command(text: str) -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            _parse(text.split(" "))

    flags = (
        "measure",
        "layers",
        "sweep",
        "compare",
        "report",
        "list",
        "m:f",
        "data",
        "--symmetry",
        "--domain",
        "signals",
    )
    flags += (
        "--samples",
        "--range",
        "--seed",
        "--elements",
        "--mean",
        "--",
        "-",
        "--store",
        "--out",
        "--json",
        " ",
        " ",
        "=",
    )
    return [
        Parser(
            "definition",
            ("bandlimited", "fourier", "bilinear", "bicubic", *NUMBERS, *MARKS),
            parse_interpolant,
        ),
        Parser(
            "measure",
            ("lee", "geed", "orbit_distance", "psnr", "consistency", *NUMBERS, *MARKS),
            parse_measures,
        ),
        Parser("distance", ("l2", "cosine", "kl", "mse", *NUMBERS, *MARKS), parse_distance),
        Parser(
            "sampling", ("haar", "auto", "cosets", "lebedev", "quadrature", *NUMBERS, *MARKS), read_sampling
        ),
        Parser("group", (*GROUPS, *NUMBERS, *MARKS, "colours"), symmeter.parse_group),
        Parser("irreps", ("0e", "1o", "2x0e", "x", "e", "o", "+", "10x", *NUMBERS, *MARKS), irreps),
        Parser("inputs", ("pos", "points", "z", "scalars", *NUMBERS, *MARKS), words_by_leaf),
        Parser("model name", (*prefixes, *NUMBERS, *MARKS), unknown_form, 0.01),
        Parser("model pattern", (*prefixes, *NUMBERS, *MARKS), list_models, 0.01),
        Parser(
            "model-kwargs",
            ("num_classes", "=", "True", "none", "{", "}", "'", '"', "\\", "lambda", "__", *NUMBERS, *MARKS),
            kwargs,
        ),
        Parser("length", ("ms", "s", "us", *NUMBERS, *MARKS), length),
        Parser("range", ("logits", "softmax", *NUMBERS, *MARKS), ranged),
        Parser("command line", (*flags, *NUMBERS), command),
    ]


def irreps(text: str) -> None:
    """Irreps as an action on what a network returns."""
    domain = domains()["points"]()
    with contextlib.suppress(ValueError):  # which names the output, one level up
        if domain.is_action(text):
            domain.act_by(text, torch.zeros(1, 4))


def kwargs(text: str) -> None:
    """Arguments of a builder."""
    parse_model_kwargs(text.split(" "))


@cache
def saved() -> str:
    """A saved result."""
    torch.manual_seed(0)
    result = symmeter.measure(network(), torch.rand(2, 3, 4, 4), "C4", output="2:invariant", progress=False)
    return json.dumps(result.to_dict())


def damaged_json(whole: Callable[[], str], text: str) -> str:
    """A JSON text in which a piece, chosen by the text, is replaced by it."""
    content = whole()
    place = sum(map(ord, text)) * 7919 % len(content)
    return content[:place] + text + content[place + len(text) :]


def result_of(text: str) -> None:
    """A damaged saved result, which is also shown."""
    str(written("result.json", load, damaged_json(saved, text)))


def labels_of(text: str) -> None:
    """A damaged labels.csv."""

    def read(path: Path) -> None:
        np.save(path.parent / "a.npy", 0)
        images = domains()["images"]()
        next(iter(images.open(str(path.parent), LoadedModel(network(), "net", {}), Draw()).batches(1)))

    written("images/labels.csv", read, "file,label\n" + text)


def npy_of(text: str) -> None:
    """A .npy whose header says this."""
    head = text.encode("utf-8", "surrogateescape")[: 2**16 - 1]
    path = folder() / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + bytes(192))
    next(iter(open_data(path, samples=2).batches(2)))


def data_of(kind: str, ending: str, text: str) -> None:
    """A file of one kind of data."""

    def read(path: Path) -> None:
        domain = domains()[kind]()
        next(iter(domain.open(str(path), LoadedModel(network(), "net", {}), Draw()).batches(1)))

    written(f"data{ending}", read, text)


def files() -> list[Parser]:
    """Parsers of files of text."""
    yaml = (
        "- ",
        "model",
        ": ",
        "\n",
        "&a ",
        "*a",
        "!!python/object:os.system",
        "{",
        "}",
        "[",
        "]",
        "|",
        "'",
        "timm:resnet18",
    )
    yaml += (
        "2020-01-01",
        "null",
        "weights",
        "untrained",
        "model_kwargs",
        "<<",
        "  ",
        "#",
        "%",
        "\t",
        "domain",
        "layouts",
    )
    table = (
        "model",
        "weights",
        "name",
        "untrained",
        "\n",
        ",",
        '"',
        "timm:resnet18",
        "true",
        "\r",
        "\x00",
        "\ufeff",
        "img_size",
    )
    frame = (
        "2\n",
        "H",
        " 0 0 0",
        "\n",
        "Lattice",
        "=",
        '"',
        "Properties=species:S:1:pos:R:3",
        "pbc",
        "nan",
        "O 0 0 1\n",
    )
    processor = (
        "size",
        "crop_size",
        "image_mean",
        "image_std",
        "do_resize",
        "height",
        "shortest_edge",
        "resample",
    )
    config = lambda text: (
        '{"image_processor_type": "ViTImageProcessor", "size": {"height": 8, "width": 8}, ' + text + "}"
    )
    return [
        Parser(
            "list in YAML",
            (*yaml, *NUMBERS),
            partial(written, "list.yaml", lambda path: read_models(str(path))),
            0.2,
        ),
        Parser("options in TOML", (*OPTIONS, *MARKS, *NUMBERS), partial(written, "c.toml", options_of), 0.2),
        Parser("options in YAML", (*OPTIONS, *yaml, *NUMBERS), partial(written, "c.yaml", options_of), 0.2),
        Parser(
            "list in CSV",
            (*table, *NUMBERS),
            partial(written, "list.csv", lambda path: read_models(str(path))),
            0.2,
        ),
        Parser(
            "list in text",
            (*table, "*", "#"),
            partial(written, "list.txt", lambda path: read_models(str(path))),
            0.2,
        ),
        Parser("saved result", (*JSON, *NUMBERS, *MARKS, "rows", "schema", "samples"), result_of, 0.1),
        Parser(
            "classes in JSON",
            (*JSON, *NUMBERS, '"cat"', '"0": ', '"cat, dog"'),
            partial(written, "classes.json", order_of),
            0.2,
        ),
        Parser(
            "classes in text",
            ("cat", "dog", "\n", ", ", "_", "\ufeff", *NUMBERS, *MARKS),
            partial(written, "classes.txt", lambda path: order_of(path).numbers_of(["cat", "Dog"])),
            0.2,
        ),
        Parser("header of .npy", (*HEADER, *NUMBERS, *MARKS), npy_of, 0.2),
        Parser("labels.csv", (*table, *NUMBERS, "a.png", "../", "cat"), labels_of, 0.1),
        Parser(
            "time series",
            (*NUMBERS, ",", "\n", "a", ";", "\t", " ", "\x00"),
            partial(data_of, "signals", ".csv"),
            0.1,
        ),
        Parser("frames", (*frame, *NUMBERS), partial(data_of, "atoms", ".xyz"), 0.1),
        Parser(
            "preprocessing file",
            (*JSON, *NUMBERS, *[f'"{word}": ' for word in processor]),
            lambda text: written(
                "hf/preprocessor_config.json", lambda path: Preprocessing.from_hf(path.parent), config(text)
            ),
            0.2,
        ),
    ]


def parsers() -> list[Parser]:
    """All of them."""
    return [*symmetries(), *outputs(), *options(), *texts(), *files()]
