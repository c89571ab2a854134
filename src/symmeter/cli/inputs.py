"""The options that commands which run a model on images have in common."""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from symmeter.cli.arguments import KWARGS, MODEL_HELP, Parser, number, positive, seed
from symmeter.domains.images.options import ImageOptions

TYPES = {"positive": positive, "number": number}


def add_model_and_data(parser: Parser) -> None:
    """MODEL and DATA."""
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        "data", metavar="DATA", help="a folder of images, an .npz, one image, or builtin:photos"
    )


def add_symmetry(add: Callable) -> None:
    """What is asked of the model."""
    add("--symmetry", metavar="S", default="translation", help="names, with commas (default: translation)")
    add("--output", metavar="O", default="softmax", help="softmax, logits, or a layer (default: softmax)")
    add("--domain", metavar="D", help="the kind of data (default: images, or what the data shows)")
    add("--inputs", metavar="I", help="how the symmetry acts on each input: a word, or leaf=word,leaf=word")


def add_model(parser: Parser) -> None:
    """Where the weights come from."""
    add = parser.add_argument_group("the model").add_argument
    add("--weights", metavar="FILE", help="a checkpoint (.pt, .pth, .safetensors) to load instead")
    add("--untrained", action="store_true", help="random weights, drawn under --seed")
    add("--model-kwargs", **KWARGS)


def add_options(parser: Parser, options: type = ImageOptions) -> None:
    """Which samples, and the options of their kind of data, one flag each."""
    add = parser.add_argument_group("the data (default: the model's own preprocessing)").add_argument
    add("--samples", metavar="N", type=positive, help="number of samples, drawn under --seed (default: all)")
    for field in fields(options):
        shown = field.metadata
        more: dict[str, Any] = {}
        if "type" in shown:
            more["type"] = TYPES[shown["type"]]
        if shown.get("many"):
            more["nargs"] = "+"
        add("--" + field.name.replace("_", "-"), metavar=shown["metavar"], help=shown["help"], **more)
    parser.set_defaults(options=tuple(field.name for field in fields(options)))


def options_given(a: argparse.Namespace) -> dict[str, Any]:
    """The options of the kind of data that were given."""
    found = {name: getattr(a, name, None) for name in a.options}
    return {name: value for name, value in found.items() if value is not None}


def words_by_leaf(text: str | None) -> Any:
    """How the symmetry acts on inputs: one word, or a word for each leaf.

    >>> words_by_leaf("points"), words_by_leaf("pos=points,z=scalars")
    ('points', {'pos': 'points', 'z': 'scalars'})
    """
    if text is None or "=" not in text:
        return text
    pairs = [item.partition("=") for item in text.split(",")]
    return {leaf.strip(): word.strip() for leaf, _, word in pairs}


def add_computing(parser: Parser) -> None:
    """How to compute."""
    add = parser.add_argument_group("how to compute").add_argument
    add("--batch-size", metavar="N", type=positive, help="images at once (default: by speed and memory)")
    add("--device", metavar="D", help="cpu, cuda, cuda:1, ... (default: cpu)")
    add("--seed", metavar="N", type=seed, default=0, help="of everything random (default: 0)")
    add("--quiet", action="store_true", help="no progress bar (only a terminal shows one)")


def add_results(parser: Parser) -> Callable:
    """Where results go; returns the group's `add_argument` for more."""
    add = parser.add_argument_group("results").add_argument
    add("--json", metavar="FILE", help="write the result as JSON; - prints it in place of the table")
    add("--out", metavar="DIR", type=Path, help="a folder for header, rows and the values of every image")
    return add
