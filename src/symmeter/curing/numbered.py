"""Remedies with one number in brackets behind their name."""

from typing import ClassVar

from symmeter.curing.remedy import Remedy
from symmeter.errors import SymmeterError


class Numbered(Remedy):
    """A remedy of one number, above 0 and at most `most`, which `meaning` says in words; by itself the `usual_number`.

    >>> from symmeter.curing.listing import parse_remedies
    >>> [str(remedy) for remedy in parse_remedies("smooth_positions,smooth_positions(1.5),smooth_positions(2.0)")]
    ['smooth_positions', 'smooth_positions(1.5)', 'smooth_positions(2)']
    >>> parse_remedies("smooth_positions(-1)")
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: smooth_positions(-1): give the width in patches, above 0 and at most 100
    """

    usual_number: ClassVar[float]
    most: ClassVar[float]
    meaning: ClassVar[str]
    whole: ClassVar[bool] = False  # whether the number is 1, 2, ...

    def __init__(self, number: float | None = None):
        self.number = self.usual_number if number is None else number
        self.argument = "" if self.number == self.usual_number else repr(self.number).removesuffix(".0")

    @classmethod
    def parse(cls, argument: str) -> Remedy:
        if not argument:
            return cls()
        try:
            number = float(argument)
        except ValueError:
            number = 0.0
        if not 0 < number <= cls.most or (cls.whole and not number.is_integer()):
            raise SymmeterError(f"{cls.name}({argument[:40]}): give {cls.meaning}")
        return cls(number)
