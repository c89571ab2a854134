"""The parser of the command and of its commands: what is wrong is one line."""

import argparse
import re
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn

from symmeter.cli.commands import COMMANDS
from symmeter.errors import SymmeterError, nearest

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]


class UsageError(SymmeterError):
    """An argument that is missing, unknown, or not what it should be."""


class Parser(argparse.ArgumentParser):
    """A parser that takes options in full only, and says what is wrong in one line."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)

    def given(self, found: argparse.Namespace) -> dict[str, str]:
        """The flags that were given, by name, as they are written: those whose values are not the usual ones."""
        flags = [action for action in self._actions if action.option_strings]
        return {
            one.dest: one.option_strings[-1]
            for one in flags
            if getattr(found, one.dest, one.default) != one.default
        }

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print below its usage."""
        raise UsageError(f"{message.removeprefix('argument ')} (see {self.prog} --help)")

    def refuse_unknown_options(self, words: Sequence[str]) -> None:
        """UsageError with the nearest option, before an argument that is missing gets the blame."""
        known = [option for action in self._actions for option in action.option_strings]
        for word in takewhile(lambda word: word != "--", words):
            option = word.partition("=")[0]
            if re.match(r"--?[A-Za-z]", option) and option not in known:
                choices = [o for o in known if o.startswith("--")]
                raise UsageError(f"unknown option {option!r}{nearest(option, choices, most=1)}")


def command(commands: "Commands", name: str, operands: str, epilog: str) -> Parser:
    """Add a command; `operands` are what it must be given."""
    words = COMMANDS[name]
    return commands.add_parser(
        name,
        help=words,
        description=words.capitalize() + ".",
        usage=f"symmeter {name} {operands}",
        epilog=epilog,
    )
