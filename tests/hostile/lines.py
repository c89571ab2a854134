"""What a call says: nothing, or the one line of a SymmeterError."""

import warnings
from collections.abc import Callable
from typing import Any

from symmeter.errors import SymmeterError


def line_of(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """What a call is refused with, nothing where it is not; whatever else it raises is raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(*args, **kwargs)
        except SymmeterError as error:
            line = str(error)
        else:
            return ""
    assert line.strip()
    assert "\n" not in line
    return line
