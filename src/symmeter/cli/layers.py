"""`symmeter layers MODEL DATA`."""

import argparse
from dataclasses import fields
from typing import TYPE_CHECKING

from symmeter.cli import inputs
from symmeter.cli.arguments import Add, positive, whole
from symmeter.cli.inputs import KindOfData
from symmeter.cli.parser import Parser, command
from symmeter.cli.pictures import add_picture, check_picture, draw
from symmeter.cli.run_model import run_model
from symmeter.cli.terminal import console
from symmeter.domains.images.options import PREPROCESSING
from symmeter.errors import SymmeterError

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands
    from symmeter.layers.profile import Profile
    from symmeter.models.loaded import LoadedModel

EPILOG = """examples:
  symmeter layers timm:resnet50 photos/ --symmetry translation,rotation
  symmeter layers net.py:build test.npz --weights best.pt --plot layers.pdf
  symmeter layers timm:resnet50 photos/ --by kind --json layers.json
  symmeter layers net.py:build clouds/ --symmetry permutation,SO3 --output logits
  symmeter layers net.py:build test.npz --layout 'encoder.*=tokens(1+8x32)'

The parts add up to the error of the whole, which symmeter measure gives too."""
VIEWS = ("module", "kind", "stage", "calls")


def parser(commands: "Commands", kind: KindOfData) -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "layers", "MODEL DATA [options]", EPILOG)
    inputs.add_model_and_data(made, kind)
    add = made.add_argument_group("what to attribute").add_argument
    inputs.add_symmetry(add)
    add(
        "--probes",
        metavar="N",
        type=whole,
        default=16,
        help="backward passes for norms, 0: none (default: 16)",
    )
    drawn = "elements of a group to draw, for points and atoms (default: 8)"
    add("--elements", metavar="N", type=whole, help=drawn)
    aliasing = "translations only, --definition periodic: how much of each part is aliasing"
    add("--aliasing", action="store_true", help=aliasing)
    layout = "how tensors of modules lie: name, glob or class = channels_first, ..."
    add("--layout", metavar="M=L", nargs="+", action="extend", default=[], help=layout)
    inputs.add_model(made)
    inputs.add_options(made, kind)
    inputs.add_computing(made, kind)
    _add_view(inputs.add_results(made, kind))
    made.set_defaults(run=run)
    return made


def _add_view(add: Add) -> None:
    views = "module, kind, stage or calls (default: module)"
    add_picture(add, "draw the parts: by kind, along the calls, the worst, norms")
    add("--by", metavar="V", default="module", choices=VIEWS, help=views)
    add(
        "--depth",
        metavar="N",
        type=positive,
        help="collapse the tree to this depth (default: leaves and glue)",
    )
    add("--top", metavar="N", type=positive, default=15, help="rows to print, worst first (default: 15)")


def run(a: argparse.Namespace) -> int:
    """Attribute, print the table, write the files."""
    layouts = _layouts(a.layout)
    if a.plot is not None:
        check_picture(a)
    if a.aliasing:
        _check_aliasing(a)

    def attributed(loaded: "LoadedModel") -> "Profile":
        if a.aliasing:
            return _aliasing(loaded, a)
        from symmeter.layers.attribute import attribute

        common = inputs.common_arguments(a)
        return attribute(
            loaded, a.data, probes=a.probes, layouts=layouts, elements=a.elements, seed=a.seed, **common
        )

    def plotted(profile: "Profile") -> None:
        draw(a, profile, a.plot)

    return run_model(
        a, attributed, lambda profile: _print(profile, a), plotted if a.plot is not None else None
    )


def _check_aliasing(a: argparse.Namespace) -> None:
    """SymmeterError where the theorem does not hold."""
    if "definition" not in {field.name for field in fields(a.kind.options)}:
        raise SymmeterError(f"--aliasing is about samples on a grid, as images are, not about {a.kind.name}")
    if a.layout:
        raise SymmeterError("--layout: --aliasing looks at channels-first maps only; leave it out")
    if a.definition not in (None, "bandlimited", "periodic"):
        raise SymmeterError(
            f"--definition {a.definition}: --aliasing needs periodic, for which its theorem holds"
        )


def _aliasing(loaded: "LoadedModel", a: argparse.Namespace) -> "Profile":
    """The profile with what is aliasing; it takes the preprocessing, and no other option of images."""
    from symmeter.domains.grids.aliasing.attribute import aliasing

    given = inputs.options_given(a)
    common = {name: value for name, value in inputs.common_arguments(a).items() if name not in given}
    common.pop("inputs")
    preprocessing = {name: given[name] for name in PREPROCESSING if name in given}
    return aliasing(loaded, a.data, preprocessing=preprocessing, seed=a.seed, **common)


def _layouts(words: list[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        module, equals, layout = word.rpartition("=")
        if not equals or not module or not layout:
            raise SymmeterError(f"--layout {word!r}: write MODULE=LAYOUT, such as 'blocks.*=tokens(1+14x14)'")
        pairs[module] = layout
    return pairs


def _print(profile: "Profile", a: argparse.Namespace) -> None:
    from symmeter.layers.text import View

    terminal = console()
    profile.sheet(terminal.width, View(a.by, a.depth, a.top)).show(terminal)
