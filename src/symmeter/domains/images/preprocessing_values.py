"""The values that a preprocessing is made of, checked: sizes, and one number per channel."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeGuard

from symmeter.errors import SymmeterError


class Constants(NamedTuple):
    """One value a channel for pixels p in [0, 1], of which inputs are x = (p - mean) / std."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def in_each_channel(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """The values where there is one per channel; else their average in each, as timm has it for gray images.

    >>> in_each_channel((0.25, 0.75), 1)
    (0.5,)
    """
    if len(values) == channels:
        return tuple(values)
    return (sum(values) / len(values),) * channels


def per_channel(name: str, value: object, channels: int | None) -> tuple[float, ...]:
    """One value per channel, of a number or several; a single one where the number of channels is not known.

    >>> per_channel("mean", 0.5, 3)
    (0.5, 0.5, 0.5)
    """
    way_out = f"give one number, or one for each of {channels or 'the'} channel(s)"
    wanted = channels or 1
    try:
        values = _floats(value)
    except (TypeError, ValueError) as error:
        raise SymmeterError(f"{name} {value!r}: {way_out}") from error
    if len(values) not in (1, wanted) or not all(map(math.isfinite, values)):
        raise SymmeterError(f"{name} {words(values)}: {way_out}")
    return values * wanted if len(values) == 1 else values


def _floats(value: object) -> tuple[float, ...]:
    """A number, or an iterable of numbers, as numbers; TypeError or ValueError for anything else."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return tuple(map(float, value))
    return (float(value),)  # type: ignore[arg-type]


def pair(size: object) -> tuple[int, int]:
    """One or two positive whole numbers -> (H, W).

    >>> pair(224), pair([96, 80])
    ((224, 224), (96, 80))
    """
    sizes = tuple(size) if isinstance(size, list | tuple) else (size,)
    lengths = tuple(filter(_is_length, sizes))
    if len(lengths) not in (1, 2) or len(lengths) < len(sizes):
        raise SymmeterError(
            f"img-size {words(sizes)}: give a positive whole number, or two for height and width"
        )
    return lengths[0], lengths[-1]


def _is_length(size: object) -> TypeGuard[int]:
    """Whether it is a positive whole number."""
    return isinstance(size, int) and not isinstance(size, bool) and size > 0


def words(values: Iterable[object]) -> str:
    """Values in a message."""
    return " ".join(map(str, values))
