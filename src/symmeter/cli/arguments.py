"""What the commands share in reading their arguments."""

import argparse
import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn

from symmeter.errors import SymmeterError, nearest
from symmeter.options import WRITTEN, Written
from symmeter.verbs.arguments import split_list

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]

MODEL_HELP = "timm:NAME, torchvision:NAME, hf:NAME, FILE.onnx, package.module:callable or FILE.py:callable"

Add = Callable[..., argparse.Action]  # the method `add_argument` of a parser or of a group of flags


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


def command(commands: "Commands", name: str, words: str, operands: str, epilog: str) -> Parser:
    """Add a command; `words` say what it does, `operands` what it must be given."""
    return commands.add_parser(
        name,
        help=words,
        description=words.capitalize() + ".",
        usage=f"symmeter {name} {operands} [options]",
        epilog=epilog,
    )


def flag_type(written: Written) -> Callable[[str], object]:
    """What argparse calls with the text of a flag; its complaint is the one of `written`."""

    def parse(text: str) -> object:
        try:
            return written(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def _numbers(text: str) -> tuple[int, ...]:
    """Whole numbers with commas, such as 2,4,12,60."""
    return tuple(int(word) for word in split_list(text))


numbers = flag_type(
    Written(_numbers, lambda ks: min(ks) > 1, "whole numbers above 1 with commas, such as 2,4,12,60")
)
positive = flag_type(WRITTEN["positive"])
whole = flag_type(WRITTEN["whole"])
number = flag_type(WRITTEN["number"])
seed = flag_type(Written(int, lambda n: 0 <= n < 2**63, "a whole number from 0 to 2^63 - 1"))
above_zero = flag_type(Written(float, lambda x: 0 < x < float("inf"), "a number above 0"))


def add_model_kwargs(add: Add) -> None:
    """The flags for arguments of a model's builder, and for code that comes with it."""
    words = "arguments of the model's builder, such as num_classes=10"
    add("--model-kwargs", metavar="key=value", nargs="+", action="extend", help=words)
    add_trust(add)


def add_trust(add: Add) -> None:
    """The flag that lets code of a hub run."""
    add("--trust-remote-code", action="store_true", help="run the code that comes with an hf:NAME")
