"""Flags that would have no effect on what a command was asked for: they are refused by name."""

import argparse
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symmeter.cli.parser import UsageError
from symmeter.domains.images.options import PREPROCESSING

if TYPE_CHECKING:
    from symmeter.symmetry.hypothesis import Symmetry


@dataclass(frozen=True)
class Idle:
    """When (`when`, in words) which flags have no effect: `flags`, or with `but` all others."""

    when: Callable[[argparse.Namespace], bool]
    words: str
    flags: Collection[str] = ()
    but: Collection[str] | None = None

    def names(self, flag: str) -> bool:
        """Whether a flag is one of those."""
        return flag in self.flags if self.but is None else flag not in self.but


_SHOWN = ("json", "plot", "figure", "width", "quiet", "out")
_ALIASING = {
    "aliasing",
    "symmetry",
    "output",
    "domain",
    "definition",
    "samples",
    "batch_size",
    "device",
    "seed",
}
_ALIASING |= {"weights", "untrained", "model_kwargs", "trust_remote_code", "by", "depth", "top", "layout"}

_OF_LAYERS = ("by", "depth", "top")


def _all_saved(a: argparse.Namespace) -> bool:
    from symmeter.sweeps.compare import is_saved

    return all(map(is_saved, a.models))


_LOOK = Idle(lambda a: a.plot is None, "without --plot", flags=["figure", "width"])
RULES = {
    "measure": [_LOOK, Idle(lambda a: a.no_control, "beside --no-control", flags=["control"])],
    "layers": [
        _LOOK,
        Idle(lambda a: a.aliasing, "with --aliasing", but={*_ALIASING, *PREPROCESSING, *_SHOWN}),
        Idle(lambda a: a.json == "-", "where --json - takes the place of the table", flags=["by", "depth", "top"]),
    ],
    "robustness": [_LOOK],
    "cure": [_LOOK, Idle(lambda a: a.finetune is None, "without --finetune", flags=["epochs"])],
    "compare": [
        _LOOK,
        Idle(lambda a: not a.layers, "without --layers", flags=_OF_LAYERS),
        Idle(lambda a: a.layers, "with --layers", flags=["measure"]),
        Idle(lambda a: a.json == "-", "where --json - takes the place of the table", flags=["top"]),
        Idle(_all_saved, "on what was measured already", but={*_SHOWN, "data", "layers", *_OF_LAYERS}),
    ],
    "sweep": [
        Idle(lambda a: not a.layers, "without --layers", flags=["probes"]),
        Idle(lambda a: a.executor != "ray", "without --executor ray", flags=["address"]),
    ],
}  # fmt: skip


def refuse_idle_flags(a: argparse.Namespace) -> None:
    """UsageError for a flag that was given to a command and has no effect beside the others."""
    for rule in RULES.get(a.command, ()):
        for flag, written in a.given.items():
            if rule.names(flag) and rule.when(a):
                raise UsageError(f"{written} has no effect {rule.words}; leave it out")


def refuse_idle_options(a: argparse.Namespace, symmetry: "Symmetry") -> None:
    """SymmeterError for an option that has no effect on what is measured of this symmetry."""
    from symmeter.measuring.needs import Asked, refuse_idle

    given = {name: getattr(a, name) for name in a.given}
    finite = getattr(a, "range", None) is not None
    refuse_idle(given, a.kind.options, Asked(symmetry, a.output, a.inputs, finite))
