"""The words for how elements of a group are chosen."""

import re

from symmeter.errors import SymmeterError

AUTO, HAAR, COSETS, QUADRATURE, LEBEDEV = SAMPLING = ("auto", "haar", "cosets", "quadrature", "lebedev")
_OF_ORDER = re.compile(rf"{LEBEDEV}\((\d{{1,6}})\)")


def read_sampling(text: str) -> tuple[str, int | None]:
    """A word of SAMPLING, and the order of a rule that is given by it; SymmeterError for anything else.

    >>> read_sampling("haar"), read_sampling("lebedev(5)")
    (('haar', None), ('lebedev', 5))
    """
    match = _OF_ORDER.fullmatch(text)
    if match is not None:
        return LEBEDEV, int(match[1])
    if text not in SAMPLING:
        raise SymmeterError(
            f"unknown sampling {text[:60]!r}; choose from {', '.join(SAMPLING)}, {LEBEDEV}(5)"
        )
    return text, None
