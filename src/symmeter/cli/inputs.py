"""The flags that commands which run a model have in common, those of the kind of data among them."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from symmeter.cli.arguments import MODEL_HELP, Add, add_model_kwargs, flag_type, positive, seed
from symmeter.cli.parser import Parser
from symmeter.domains.images.options import ImageOptions
from symmeter.errors import SymmeterError
from symmeter.options import Values, one_or_several, written_as
from symmeter.verbs.arguments import words_by_leaf


@dataclass(frozen=True)
class KindOfData:
    """What the command line shows of a domain: the noun of one sample, and a flag per field of `options`."""

    name: str = "images"
    item: str = "image"
    options: type = ImageOptions
    files: str = "a folder of images, an .npz or .npy, or builtin:photos"  # what DATA may be


def kind_of_data(words: Sequence[str]) -> KindOfData:
    """The kind of data that `--domain` names, wherever it stands in a command line; images where it does not.

    Only a domain that is named is imported: the flags of images are known without torch.
    """
    name = _domain_named(words)
    if name is None or name == KindOfData.name:
        return KindOfData()
    from symmeter.kinds_of_data import find_domain

    domain = find_domain(name)
    return KindOfData(domain.name, domain.item, domain.Options, domain.files)


def _domain_named(words: Sequence[str]) -> str | None:
    name = None
    for word, following in zip(words, [*words[1:], "-"], strict=False):
        if word == "--":
            break
        if word.startswith("--domain="):
            name = word.partition("=")[2]
        elif word == "--domain" and not following.startswith("-"):
            name = following
    return name


def add_model_and_data(parser: Parser, kind: KindOfData) -> None:
    """MODEL and DATA."""
    single = "one image, " if kind.name == "images" else ""
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument("data", metavar="DATA", help=single + kind.files)


def add_symmetry(add: Add) -> None:
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
    add_model_kwargs(add)


def add_options(parser: Parser, kind: KindOfData) -> None:
    """Which samples, and the options of their kind of data: a flag per field."""
    title = "the data (default: the model's own preprocessing)" if kind.name == "images" else "the data"
    add = parser.add_argument_group(title).add_argument
    add(
        "--samples",
        metavar="N",
        type=positive,
        help=f"number of {kind.item}s, drawn at random (default: all)",
    )
    for field in fields(kind.options):
        shown = field.metadata
        try:
            add(
                "--" + field.name.replace("_", "-"),
                metavar=shown["metavar"],
                help=shown["help"],
                type=flag_type(written_as(field)),
                nargs="+" if shown.get("many") else None,
            )
        except argparse.ArgumentError as error:
            raise SymmeterError(f"{kind.name}: the option {field.name!r} has the name of a flag") from error
    parser.set_defaults(kind=kind)


def options_given(a: argparse.Namespace) -> Values:
    """The options of the kind of data that were given."""
    found = {}
    for field in fields(a.kind.options):
        value = getattr(a, field.name)
        if value is not None:
            found[field.name] = one_or_several(value) if field.metadata.get("many") else value
    return found


def add_computing(parser: Parser, kind: KindOfData) -> None:
    """How to compute."""
    add = parser.add_argument_group("how to compute").add_argument
    add(
        "--batch-size",
        metavar="N",
        type=positive,
        help=f"{kind.item}s at once (default: by size and memory)",
    )
    add("--device", metavar="D", help="cpu, cuda, cuda:1, ... (default: cpu)")
    add("--seed", metavar="N", type=seed, default=0, help="of everything random (default: 0)")
    add("--quiet", action="store_true", help="no progress bar (only a terminal shows one)")


def add_results(parser: Parser, kind: KindOfData) -> Add:
    """Where results go; returns the group's `add_argument` for more."""
    add = parser.add_argument_group("results").add_argument
    add("--json", metavar="FILE", help="write the result as JSON; - prints it in place of the table")
    add(
        "--out",
        metavar="DIR",
        type=Path,
        help=f"a folder for header, rows and the values of every {kind.item}",
    )
    return add


def common_arguments(a: argparse.Namespace) -> Values:
    """The arguments that all verbs of the library take."""
    return {
        "symmetry": a.symmetry,
        "output": a.output,
        "samples": a.samples,
        "batch_size": a.batch_size,
        "device": a.device,
        "progress": False if a.quiet else None,
        "domain": a.domain,
        "inputs": words_by_leaf(a.inputs),
        **options_given(a),
    }
