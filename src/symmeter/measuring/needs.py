"""What options need to have an effect: one that would have none is refused by name, and not passed over.

An option of a kind of data says so itself: `option(..., needs="motions")`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from symmeter.errors import SymmeterError
from symmeter.symmetry.hypothesis import Symmetry


@dataclass(frozen=True)
class Asked:
    """What is measured, as far as it decides which options matter; `finite`: whole motions along generators too."""

    symmetry: Symmetry
    output: str
    inputs: object = None
    finite: bool = False

    def mentions(self, *words: str) -> bool:
        """Whether an output, an input or the symmetry has one of these words."""
        written = f"{self.output} {self.inputs or ''} {self.symmetry.name}"
        return any(word in written for word in words)


@dataclass(frozen=True)
class Need:
    """What must be asked for, in words that follow "without", and whether it is."""

    words: str
    met: Callable[[Asked], bool]


NEEDS: Mapping[str, Need] = {
    "groups": Need("a group such as C4 or SO2", lambda asked: bool(asked.symmetry.groups)),
    "motions": Need("a group such as SO2", lambda asked: asked.finite or bool(asked.symmetry.groups)),
    "generators": Need("a generator such as rotation", lambda asked: bool(asked.symmetry.generators)),
    "boxes": Need("an output of boxes", lambda asked: asked.mentions("boxes")),
    "placed": Need("an output of boxes or keypoints", lambda asked: asked.mentions("boxes", "keypoints")),
    "fields": Need(
        "fields or boosts", lambda asked: asked.mentions(":", "boost") or asked.inputs is not None
    ),
}
ARGUMENTS = {"elements": "groups", "sampling": "groups", "probes": "generators"}


def refuse_idle(given: Mapping[str, object], kind: type, asked: Asked) -> None:
    """SymmeterError for what was given, arguments and options of a kind of data, and would have no effect."""
    needs: dict[str, Any] = {field.name: field.metadata.get("needs") for field in fields(kind)} | ARGUMENTS
    for name, value in given.items():
        need = NEEDS.get(needs.get(name) or "")
        if need is not None and not need.met(asked):
            flag = f"--{name.replace('_', '-')} {value}"
            raise SymmeterError(f"{flag} has no effect without {need.words}; leave it out")
