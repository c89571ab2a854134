"""Arguments of remedies that are a number."""

from symmeter.errors import SymmeterError


def fraction(name: str, argument: str, most: float, what: str) -> float:
    """The number in the brackets behind the name of a remedy; SymmeterError for one that is not in (0, most].

    >>> fraction("smooth_positions", "1.5", 8, "the width")
    1.5
    """
    try:
        value = float(argument)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise SymmeterError(f"{name}({argument}): give {what}")
    return value
