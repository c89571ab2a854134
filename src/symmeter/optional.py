"""Optional packages: imported where they are needed, and missed with the words that bring them."""

import importlib
from typing import Any

from symmeter.errors import SymmeterError, first_line


def require(module: str, extra: str) -> Any:
    """Import an optional package, or raise SymmeterError naming the extra that brings it.

    >>> require("math", "vision").pi
    3.14159...
    >>> require("no_such_package", "vision")
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: no_such_package is not installed: pip install 'symmeter[vision]'
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except Exception as error:  # a package that does not fit the others raises many kinds
        missing = isinstance(error, ModuleNotFoundError) and error.name in (package, module)
        state = "is not installed" if missing else f"cannot be imported ({first_line(error)})"
        raise SymmeterError(f"{package} {state}: pip install 'symmeter[{extra}]'") from error
