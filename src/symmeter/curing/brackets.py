"""What stands in brackets behind the name of a remedy."""

from symmeter.errors import SymmeterError


def written(value: float) -> str:
    """A number as it is read again.

    >>> written(2.0), written(0.125)
    ('2', '0.125')
    """
    return repr(value).removesuffix(".0")


def positive(name: str, argument: str, most: float, what: str) -> float:
    """A number above 0 that is at most so large; SymmeterError, which says what to give, for all else.

    >>> positive("smooth_positions", "1.5", 8, "the width")
    1.5
    >>> positive("smooth_positions", "-1", 8, "the width, above 0")
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: smooth_positions(-1): give the width, above 0
    """
    try:
        value = float(argument)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise SymmeterError(f"{name}({argument[:40]}): give {what}")
    return value
