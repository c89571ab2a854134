"""Numbers of a forecast as a person reads them."""

import math


def duration(seconds: float) -> str:
    """A time in two digits or so.

    >>> [duration(x) for x in (4.2, 90, 5000, 200000, 3.6e7, float("nan"))]
    ['4 s', '1.5 min', '1.4 h', '56 h', '10,000 h', '?']
    """
    if math.isnan(seconds):
        return "?"
    if seconds < 60:
        return f"{seconds:.0f} s"
    amount, unit = (seconds / 60, "min") if seconds < 3600 else (seconds / 3600, "h")
    return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"


def si(number: float) -> str:
    """A number with the letter of its thousands.

    >>> si(25557032), si(4.09e9), si(371240)
    ('25.6 M', '4.09 G', '371 k')
    """
    for letter, unit in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= unit:
            return f"{number / unit:.3g} {letter}"
    return f"{number:.3g}"


def in_bytes(number: float) -> str:
    """A size of files; a dash for none."""
    return f"{si(number)}B" if number else "-"
