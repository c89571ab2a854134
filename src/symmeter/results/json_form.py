"""What JSON can say of a value."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def json_form(value: Any) -> Any:
    """The same as dictionaries, lists, words and numbers; numbers that are not finite become null.

    >>> json_form({"a": (np.float64(1), float("inf"))})
    {'a': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {str(k): json_form(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [json_form(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
