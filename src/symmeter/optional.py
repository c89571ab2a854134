"""Optional packages: imported where they are needed, and missed with the words that bring them."""

import importlib
from typing import Any

from symmeter.errors import SymmeterError


def require(module: str, extra: str) -> Any:
    """Import an optional package, or raise SymmeterError naming the extra that brings it.

    >>> require("math", "vision").pi
    3.14159...
    >>> require("no_such_package", "vision")
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: no_such_package is not installed: pip install 'symmeter[vision]'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        state = "is not installed" if error.name in (module, None) else f"cannot be imported ({error})"
        raise SymmeterError(f"{module} {state}: pip install 'symmeter[{extra}]'") from error
