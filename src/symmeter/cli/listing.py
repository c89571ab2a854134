"""`symmeter list`."""

import argparse
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from symmeter.cli.arguments import add_model_kwargs
from symmeter.cli.parser import Parser, UsageError, command
from symmeter.cli.terminal import DONE
from symmeter.errors import SymmeterError, nearest

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands

Lines = list[tuple[str, str]]  # a name, and what it is
Grouped = dict[str, Lines]  # below headings

_OWN = {
    "model_kwargs": "layers",
    "trust_remote_code": "layers",
    "domain": "symmetries or corruptions",
}  # what takes an option
_COLUMNS, _INDENT = 80, "  "
EPILOG = """what can be listed:
  models [PATTERN]     timm's and torchvision's networks
  symmetries           for --symmetry
  measures             for --measure
  outputs              for --output
  definitions          for --definition
  remedies             for --remedies of symmeter cure
  corruptions          for --corruptions of symmeter robustness
  layers MODEL         a network's modules, which --output takes too

examples:
  symmeter list models 'resnet*'
  symmeter list symmetries --domain points
  symmeter list corruptions --domain signals
  symmeter list layers timm:resnet18"""
OUTPUT_MEANINGS = {
    "softmax": "class probabilities",
    "logits": "what the model returns, as it is",
    "features": "a timm model's features before pooling",
    "pooled": "a timm model's features after pooling",
    "MODULE": "a module's name, as `symmeter list layers MODEL` prints it",
    "OUTPUT:ACTION": "any of these, and how the symmetry acts on it:",
}
ACTION_MEANINGS = {
    "invariant": "not at all",
    "equivariant": "as on an image",
    "channels_first": "as on an image (B, C, H, W)",
    "channels_last": "as on an image (B, H, W, C)",
    "tokens(PREFIX+ROWSxCOLUMNS)": "as on a grid of tokens",
    "vectors": "as on a field of vectors (B, 2, H, W), which turn as they move",
    "heatmaps(swap=A-B,...)": "as on images, one channel a keypoint; A and B change places under flips",
    "boxes": "a detector's boxes, matched by IoU; write --output boxes, boxes(xyxy) or boxes(cxcywh)",
    "keypoints(swap=A-B,...)": "points (B, K, 2) in pixels; A and B change places under flips",
    "pooled": "its mean over the grid, invariant",
    "regular(GROUP)": "as on an image, and channels are permuted in blocks of the group",
}


def parser(commands: "Commands") -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "list", "WHAT", EPILOG)
    made.add_argument("topic", metavar="WHAT", nargs="?", help=", ".join(TOPICS))
    made.add_argument("name", metavar="NAME", nargs="?", help="a PATTERN for models, the MODEL for layers")
    add_model_kwargs(made.add_argument)
    made.add_argument(
        "--domain", metavar="D", help="symmetries or corruptions of one kind of data: points, ..."
    )
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Print the names, one per line."""
    if a.topic is None:
        raise UsageError(f"list what? choose from {', '.join(TOPICS)}")
    if a.topic not in TOPICS:
        raise UsageError(f"unknown list {a.topic!r}{nearest(a.topic, TOPICS, most=1)}")
    if a.name is not None and a.topic not in ("models", "layers"):
        raise UsageError(f"list {a.topic} stands alone, without {a.name!r}")
    for option, topic in _OWN.items():
        if getattr(a, option) and a.topic not in topic.split(" or "):
            flag = "--" + option.replace("_", "-")
            raise UsageError(f"list {a.topic} takes no {flag}; list {topic} does")
    found = TOPICS[a.topic](a)
    if isinstance(found, dict):
        _print_grouped(found)
    else:
        _print(found)
    return DONE


def _print(lines: Lines, indent: str = "", columns: int | None = None) -> None:
    """Names in a column of their own, with what they mean, in so many columns."""
    width = max((len(name) for name, meaning in lines if meaning), default=0)
    for name, meaning in lines:
        line = f"{indent}{name:<{width}}  {meaning}".rstrip()
        below = " " * (len(indent) + width + 2)
        wrapped = [line] if columns is None else textwrap.wrap(line, columns, subsequent_indent=below)
        print("\n".join(wrapped))


def _print_grouped(groups: Grouped) -> None:
    """Lines below their headings in 80 columns; names without a meaning beside one another."""
    for number, (heading, lines) in enumerate(groups.items()):
        print("\n" * bool(number) + f"{heading}:")
        plain = ", ".join(name for name, meaning in lines if not meaning)
        if plain:
            print(textwrap.fill(plain, _COLUMNS, initial_indent=_INDENT, subsequent_indent=_INDENT))
        _print([line for line in lines if line[1]], _INDENT, _COLUMNS)


def _models(a: argparse.Namespace) -> Lines:
    from symmeter.models.names import list_models

    names = list_models(a.name)
    if not names:
        raise SymmeterError(f"no model matches {a.name!r}; * and ? stand for anything, as in 'resnet*'")
    return [(name, "") for name in names]


def _symmetries(a: argparse.Namespace) -> Grouped:
    """Those of all kinds of data, or of one; what several kinds have is said once, below the names of all of them."""
    from symmeter.kinds_of_data import domains, find_domain

    chosen = list(domains().values()) if a.domain is None else [find_domain(a.domain)]
    kinds: dict[tuple[str, str], list[str]] = {}
    for domain in chosen:
        for line in domain.listed():
            kinds.setdefault(line, []).append(domain.name)
    found: Grouped = {}
    for line, names in kinds.items():
        found.setdefault(" and ".join(names), []).append(line)
    return found


def _measures(a: argparse.Namespace) -> Lines:
    from symmeter.measures import known_measures

    return [(name, f"{m.description}; {m.direction}") for name, m in known_measures().items()]


def _outputs(a: argparse.Namespace) -> Lines:
    from symmeter.kinds_of_data import domains

    actions: dict[str, str] = {}
    for domain in domains().values():
        for action in domain.actions:
            actions.setdefault(f"OUTPUT:{action}", ACTION_MEANINGS.get(action, f"as on {domain.name}"))
    return [*OUTPUT_MEANINGS.items(), *actions.items()]


def _definitions(a: argparse.Namespace) -> Lines:
    from symmeter.domains.grids.interpolants import definitions

    return definitions()


def _remedies(a: argparse.Namespace) -> Lines:
    from symmeter.curing.listing import remedies

    return [(name, remedy.words) for name, remedy in remedies().items()]


def _corruptions(a: argparse.Namespace) -> Grouped:
    """Those of all kinds of data, or of one; their families in brackets."""
    from symmeter.kinds_of_data import domains, find_domain

    chosen = list(domains().values()) if a.domain is None else [find_domain(a.domain)]
    return {
        domain.name: [
            (one.name, one.words + (f" [{one.family}]" if one.family else "")) for one in known.values()
        ]
        for domain in chosen
        if (known := domain.corruptions())
    }


def _layers(a: argparse.Namespace) -> Lines:
    from symmeter.models.load import load_model
    from symmeter.models.spec import parse_model_kwargs

    if a.name is None:
        raise UsageError("list layers needs a MODEL, such as timm:resnet18")
    onnx = a.name.lower().endswith(".onnx")  # its weights are a part of it
    model = load_model(
        a.name,
        model_kwargs=parse_model_kwargs(a.model_kwargs),
        untrained=not onnx,
        trust_remote_code=a.trust_remote_code,
    ).model
    if not hasattr(model, "named_modules"):
        raise SymmeterError(f"{a.name}: it has no modules that could be named")
    return [(name, type(module).__name__) for name, module in model.named_modules() if name]


TOPICS: dict[str, Callable[[argparse.Namespace], Lines | Grouped]] = {
    "models": _models,
    "symmetries": _symmetries,
    "measures": _measures,
    "outputs": _outputs,
    "definitions": _definitions,
    "remedies": _remedies,
    "corruptions": _corruptions,
    "layers": _layers,
}
