"""What the commands share in reading their arguments."""

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from symmeter.errors import SymmeterError, nearest

MODEL_HELP = "timm:NAME, torchvision:NAME, hf:NAME, FILE.onnx, package.module:callable or FILE.py:callable"

KWARGS: dict[str, Any] = {
    "metavar": "key=value",
    "nargs": "+",
    "action": "extend",
    "help": "arguments of the model's builder, such as num_classes=10",
}


Number = TypeVar("Number", int, float)


class UsageError(SymmeterError):
    """An argument that is missing, unknown, or not what it should be."""


class Parser(argparse.ArgumentParser):
    """A parser that takes options in full only, and says what is wrong in one line."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print below its usage."""
        raise UsageError(f"{message.removeprefix('argument ')} (see {self.prog} --help)")

    def refuse_unknown_options(self, words: Sequence[str]) -> None:
        """UsageError with the nearest option, before an argument that is missing gets the blame."""
        known = [option for action in self._actions for option in action.option_strings]
        for word in words[: words.index("--")] if "--" in words else words:
            option = word.partition("=")[0]
            if re.match(r"--?[A-Za-z]", option) and option not in known:
                choices = [o for o in known if o.startswith("--")]
                raise UsageError(f"unknown option {option!r}{nearest(option, choices, most=1)}")


Commands = argparse._SubParsersAction  # where a command adds its parser


def command(commands: Commands, name: str, words: str, operands: str, epilog: str) -> Parser:
    """Add a command; `words` say what it does, `operands` what it must be given."""
    return commands.add_parser(
        name,
        help=words,
        description=words.capitalize() + ".",
        usage=f"symmeter {name} {operands} [options]",
        epilog=epilog,
    )


def _number_of(
    kind: Callable[[str], Number], fits: Callable[[Number], bool], words: str
) -> Callable[[str], Number]:
    """What argparse calls to read a number, and to say what is wrong with another word."""

    def parse(text: str) -> Number:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}")
        return value

    return parse


positive = _number_of(int, lambda n: n > 0, "a positive whole number")
whole = _number_of(int, lambda n: n >= 0, "a whole number, 0 or more")
seed = _number_of(int, lambda n: 0 <= n < 2**63, "a whole number from 0 to 2^63 - 1")
above_zero = _number_of(float, lambda x: 0 < x < float("inf"), "a number above 0")
number = _number_of(float, lambda x: abs(x) < float("inf"), "a number")
