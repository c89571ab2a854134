"""Flags that several commands have, and how their texts are read."""

import argparse
from collections.abc import Callable

from symmeter.options import WRITTEN, Written
from symmeter.verbs.arguments import split_list

MODEL_HELP = "timm:NAME, torchvision:NAME, hf:NAME, FILE.onnx, package.module:callable or FILE.py:callable"

Add = Callable[..., argparse.Action]  # the method `add_argument` of a parser or of a group of flags


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
at_least_zero = flag_type(Written(float, lambda x: 0 <= x < float("inf"), "a number, at least 0"))
above_zero = flag_type(Written(float, lambda x: 0 < x < float("inf"), "a number above 0"))


def add_model_kwargs(add: Add) -> None:
    """The flags for arguments of a model's builder, and for code that comes with it."""
    words = "arguments of the model's builder, such as num_classes=10"
    add("--model-kwargs", metavar="key=value", nargs="+", action="extend", help=words)
    add_trust(add)


def add_trust(add: Add) -> None:
    """The flag that lets code of a hub run."""
    add("--trust-remote-code", action="store_true", help="run the code that comes with an hf:NAME")
