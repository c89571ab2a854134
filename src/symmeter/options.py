"""Options of a kind of data: one frozen dataclass, read by the library, the command line and the sweeps alike."""

from dataclasses import dataclass, field
from typing import Any

from symmeter.verbs.arguments import Kind


@dataclass(frozen=True)
class NoOptions:
    """The options of a kind of data that has none."""


def option(default: Any, kind: Kind, help: str = "", metavar: str = "X", **shown: Any) -> Any:
    """A field of a class of options: what it may be (`kind`), and how the command line shows it.

    `shown` may have `type` (`positive`, `whole`, `number`; a word where there is none) and `many` (several values).
    """
    return field(default=default, metadata={"kind": kind, "help": help, "metavar": metavar, **shown})
