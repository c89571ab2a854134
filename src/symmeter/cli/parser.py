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


OF_CONFIG = ("help", "config", "print_config")  # flags that are no options of the work itself


class UsageError(SymmeterError):
    """An argument that is missing, unknown, or not what it should be."""


class Parser(argparse.ArgumentParser):
    """A parser that takes options in full only, and says what is wrong in one line."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.spared: dict[str, str] = {}  # operands, and the flags beside which they may be left out

    def given(self, found: argparse.Namespace) -> dict[str, str]:
        """The flags that were given, by name, as they are written: those whose values are not the usual ones."""
        return {
            one.dest: one.option_strings[-1]
            for one in self.listed
            if one.option_strings and getattr(found, one.dest, one.default) != one.default
        }

    @property
    def listed(self) -> list[argparse.Action]:
        """The arguments that a file of options may have."""
        return [action for action in self._actions if action.dest not in OF_CONFIG]

    @property
    def positionals(self) -> list[argparse.Action]:
        """The arguments that have no flag, in their order."""
        return [action for action in self._actions if not action.option_strings]

    def groups(self) -> "list[tuple[str, list[argparse.Action]]]":
        """The titles of the help, each with the arguments below it that a file of options may have."""
        found = [
            (str(one.title), [a for a in one._group_actions if a in self.listed])
            for one in self._action_groups
        ]
        return [(title, actions) for title, actions in found if actions]

    def option(self, word: str) -> argparse.Action | None:
        """What a word is the flag of: --seed and --seed=1 of the seed."""
        return self._option_string_actions.get(word.partition("=")[0])

    def operands(self, words: Sequence[str]) -> list[str]:
        """What stands in a command line besides flags and their values; UsageError for a flag that is wrong."""
        kept = [(one, one.nargs, one.default, one.required) for one in self._actions]
        try:
            for one in self._actions:
                one.required = False
            for one in self.positionals:  # as argparse does where flags and operands are mixed
                one.nargs = one.default = argparse.SUPPRESS
            return [word for word in self.parse_known_args(words)[1] if word != "--"]
        finally:
            for one, nargs, default, required in kept:
                one.nargs, one.default, one.required = nargs, default, required

    def spare(self, words: Sequence[str]) -> None:
        """Operands may be left out from now on whose flag is among the words."""
        given = {word.partition("=")[0] for word in words}
        for one in self.positionals:
            if self.spared.get(one.dest) in given:
                one.nargs = "*"

    def demand_nothing(self, of_operands: bool) -> None:
        """From now on no flag must be given and, with `of_operands`, no operand."""
        for one in self._actions:
            one.required = False
            if of_operands and not one.option_strings:
                one.nargs = {None: "?", "+": "*"}.get(one.nargs, one.nargs)

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
    made = commands.add_parser(
        name,
        help=words,
        description=words.capitalize() + ".",
        usage=f"symmeter {name} {operands}",
        epilog=epilog,
    )
    add_config(made)
    return made


def add_config(made: Parser) -> None:
    """The flags that every command has: options from a file, and the file for those that are given."""
    words = "options from a file (.toml, .yaml), by their names here; flags win"
    made.add_argument("--config", metavar="FILE", help=words)
    words = "print such a file with everything in force, and do nothing else"
    made.add_argument("--print-config", action="store_true", help=words)
