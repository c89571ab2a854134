"""`symmeter --print-completion SHELL`: a script for the shell, made by shtab, with the names of `symmeter list`."""

import argparse
from collections.abc import Callable, Iterable
from typing import Any

import shtab

from symmeter.cli.commands import COMMANDS
from symmeter.cli.meant import add_command
from symmeter.cli.parser import Parser

_PLACES = {
    "FILE": shtab.FILE,
    "DATA": shtab.FILE,
    "MODEL": shtab.FILE,
    "A B": shtab.FILE,
    "MODELS": shtab.FILE,
    "RESULT": shtab.FILE,
    "STORE|RESULT": shtab.FILE,
}
_PLACES |= {"DIR": shtab.DIRECTORY, "STORE": shtab.DIRECTORY}


def script(shell: str) -> str:
    """What the shell reads to complete the commands, their flags, files, and what can be listed."""
    parser = Parser(prog="symmeter")
    for flag in ("--version", "--print-completion"):
        parser.add_argument(flag, help="of symmeter")
    sub = parser.add_subparsers(metavar="COMMAND")
    names: dict[str, list[str]] = {}
    for name in COMMANDS:
        for action in add_command(sub, [name])._actions:
            _complete(action, names)
    return shtab.complete(parser, shell=shell)


def _complete(action: argparse.Action, names: dict[str, list[str]]) -> None:
    """Say of an argument what it may be; `names` keeps what was listed."""
    listed = LISTED.get(action.dest)
    if listed is not None and action.nargs in (None, "?"):
        action.choices = names.setdefault(action.dest, sorted(set(listed())))
    elif action.metavar in _PLACES:
        action.complete = _PLACES[str(action.metavar)]  # type: ignore[attr-defined]


def _words(*words: str) -> Callable[[], Iterable[str]]:
    return lambda: words


def _symmetries() -> Iterable[str]:
    from symmeter.kinds_of_data import domains

    listed = [name for domain in domains().values() for name, _ in domain.listed()]
    return [name for name in listed if name.isidentifier()]  # the others are patterns


def _measures() -> Iterable[str]:
    from symmeter.measures import known_measures

    return known_measures()


def _domains() -> Iterable[str]:
    from symmeter.kinds_of_data import domains

    return domains()


def _definitions() -> Iterable[str]:
    from symmeter.domains.grids.interpolants import definitions

    return [name for name, _ in definitions() if name.isidentifier()]


def _presets() -> Iterable[str]:
    from symmeter.sweeps.presets.preset import preset_names

    return preset_names()


def _topics() -> Iterable[str]:
    from symmeter.cli.listing import TOPICS

    return TOPICS


LISTED: dict[str, Callable[[], Iterable[Any]]] = {
    "symmetry": _symmetries,
    "measure": _measures,
    "domain": _domains,
    "definition": _definitions,
    "topic": _topics,
    "preset": _presets,
    "output": _words("softmax", "logits", "features", "pooled", "boxes", "keypoints"),
    "control": _words("both", "stability", "untrained", "wrong-group", "none"),
    "sampling": _words("auto", "haar", "cosets", "quadrature", "lebedev"),
    "executor": _words("local", "ray"),
    "device": _words("cpu", "cuda", "mps"),
}
