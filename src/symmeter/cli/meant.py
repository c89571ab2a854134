"""The parser of the command that is meant: no other is imported."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from symmeter.cli.commands import MEASURING
from symmeter.cli.parser import Parser

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands

_FILES = {"list": "listing"}  # where a command is not in the file of its name


def add_command(sub: "Commands", words: Sequence[str]) -> Parser:
    """Add the command that the first word names, with the flags of the kind of data that the others name."""
    home = import_module(f"symmeter.cli.{_FILES.get(words[0], words[0])}")
    if words[0] not in MEASURING:
        return home.parser(sub)
    from symmeter.cli.inputs import kind_of_data

    return home.parser(sub, kind_of_data(words))
