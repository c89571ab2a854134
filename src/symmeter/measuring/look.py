"""The first look at a model: how it may be called, whether it is a function at all, and how precise it is."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, counted, shortened
from symmeter.measuring.floor import nudged_within
from symmeter.measuring.function import Batching, Function
from symmeter.measuring.suspects import differing_modules
from symmeter.models.precision import Precision, precision_of

ROUND_OFF = 128  # of round-off: kernels for other batches add up in another order
_WIDE_DIFFERENCE = 1e-9  # relative, in float64: more is no round-off
_NARROW_DIFFERENCE = 1e3  # units of round-off: more is none either, where float64 cannot be had
_UNKNOWN_RATIO, _LARGEST_RATIO = 10.0, 100.0
_POWERS = (4, 8, 16, 32, 64, 128, 256)
_SIZES = (*_POWERS, 3, 5, 6, 7, 9, 10, 12, 14, 15, 18, 20, 24, 28, 30, 36, 40, 48, 50, 56, 96, 100)


@dataclass(frozen=True)
class Look:
    """What is known of a model after a few calls.

    `function` knows how samples are to be given; `chance` is the relative difference of two calls on one sample, None
    where there is none; `notes` are for the reader, `first` the outputs (1, ...) of the first sample, before softmax.
    """

    function: Function
    precision: Precision
    chance: float | None
    notes: tuple[str, ...]
    first: tuple[Tensor, ...]


def look(
    function: Function,
    x: Tensor,
    model: Any,
    batch_size: int | None = None,
    item: str = "sample",
    packed: bool = False,
    separate: bool = False,
) -> Look:
    """Call the model on one sample, on two, and on the one again, and say what it is. x (n, ...) are some samples.

    `packed`: a sample is several tensors side by side, whose entries must not change places. `separate`: the model is
    known to take samples one after the other, and is not called on two.
    SymmeterError for an output without a batch axis; the model's own error where it takes no number of samples.
    """
    batching, pair = Batching(), x[:1] if separate else _two(x, packed)
    try:
        # before precisions are looked at: conversions of parameters are not the model's own
        again = function.call.first(pair[:1])
        precision, once = precision_of(function.call, pair[:1])
        together = once if separate else function.call(pair)
    except SymmeterError:
        raise
    except Exception as error:
        batching = Batching(_only_size(function, x, batch_size, error))
        again = function.call(batching.filled(pair[:1]))
        precision, once = precision_of(function.call, batching.filled(pair[:1]))
        together = function.call(batching.filled(pair[: batching.size]))
    one, two = (batching.filled(images) for images in (pair[:1], pair[: batching.size]))
    shapes = None if len(two) == 1 else tuple(_shape_of_one(y, len(two)) for y in together)
    function = replace(function, batching=batching, shapes=shapes)
    once, again, together = (
        [y[:1] for y in function.arranged(ys, len(z))]
        for ys, z in ((once, one), (again, one), (together, two))
    )
    notes = []
    if batching.size is not None:
        size = counted(batching.size, item)
        notes.append(
            f"the model takes {size} at once and no other number: batches are filled up or taken apart"
        )
    chance, dependence = _difference(once, again), _difference(once, together)
    if chance > ROUND_OFF * precision.unit:
        modules = _by(differing_modules(function.call, model, one, one))
        notes.append(
            f"the model is random: two calls on one {item} differ by {chance:.2g} of its output{modules}; "
            "values and floors include that"
        )
        return Look(function, precision, chance, tuple(notes), tuple(once))
    if dependence > ROUND_OFF * precision.unit and _is_real(function, one, two, dependence, precision):
        modules = _by(differing_modules(function.call, model, one, two))
        if batching.size is not None and batching.size > 1:
            raise SymmeterError(
                f"outputs depend on the other {item}s of a batch{modules}, and the model takes no {item} by itself: "
                f"there is nothing to measure of one {item}"
            )
        function = replace(function, batching=replace(batching, alone=True))
        notes.append(
            f"outputs depend on the other {item}s of a batch, by {dependence:.2g} of their size{modules}: "
            f"measured {item} by {item}"
        )
    return Look(function, precision, None, tuple(notes), tuple(once))


def _only_size(function: Function, x: Tensor, asked: int | None, error: Exception) -> int:
    """The first number of samples like x (n, ...) that the model takes; `error`, its own, where there is none."""
    sizes: tuple[int, ...] = (1, 2, asked or 1, len(x), *_SIZES)
    for size in dict.fromkeys(sizes):
        with suppress(Exception):
            function.call(_repeated(x, size))
            return size
    raise error


def _repeated(x: Tensor, size: int) -> Tensor:
    """`size` samples, those of x (n, ...) in turn."""
    return x[torch.arange(size, device=x.device) % len(x)]


def _two(x: Tensor, packed: bool) -> Tensor:
    """Two samples (2, ...): the first of x (n, ...) and another, or its mirror image, which is of equal range.

    Different ones, but where all of several tensors are the same.
    """
    made = () if packed else (x[0].flip(-1), x[0].roll(1, -1))
    different = [other for other in (*x[1:], *made) if not torch.equal(other, x[0])]
    return torch.stack([x[0], *different[:1], x[0]])[:2]


def _shape_of_one(y: Tensor, count: int) -> tuple[int, ...]:
    """Of the output of one sample, from that y (count, ...) of several."""
    if y.shape[:1] != (count,):
        raise SymmeterError(
            f"the model returned shape {tuple(y.shape)} for {count} samples; it must keep the batch axis first"
        )
    return tuple(y.shape[1:])


def _is_real(function: Function, one: Tensor, two: Tensor, difference: float, precision: Precision) -> bool:
    """Whether the difference for inputs `one` and `two` (n, ...) is more than round-off.

    Asked in float64 where the model can, else judged by its size.
    """
    twin = function.twin(torch.float64)
    sides = []
    with suppress(Exception):  # some part of the model may be float32 whatever its input
        sides = [[y[:1] for y in twin.arranged(twin.call(z.double()), len(z))] for z in (one, two)]
    if sides and all(y.dtype == torch.float64 for side in sides for y in side):
        return _difference(*sides) > _WIDE_DIFFERENCE
    return difference > _NARROW_DIFFERENCE * precision.unit


def round_off_ratio(function: Function, x: Tensor, unit: float) -> float:
    """How much more round-off inside the model changes its outputs than inputs moved by one unit do; at least 1.

    Found on inputs x (n, ...) against the model in float64, which autocast leaves alone. Where that does not run, a
    guess on the safe side; where it would be the model itself, nothing is known to add to its inputs' round-off.
    """
    if x.dtype == torch.float64 and not function.call.converts:
        return 1.0
    twin = function.twin(torch.float64)
    try:
        exact, moved = twin(x.double()), twin(nudged_within(x.double(), unit=unit))
        if any(y.dtype != torch.float64 for y in exact):
            return _UNKNOWN_RATIO
    except Exception:
        return _UNKNOWN_RATIO
    inside, outside = _difference(function(x), exact), _difference(exact, moved)
    return min(max(1.0, inside / outside), _LARGEST_RATIO) if outside else 1.0


def _difference(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    """The largest ||a - b|| / max(||a||, ||b||) of outputs (n, ...), where both are finite; 0 where they are equal."""
    largest = 0.0
    for a, b in zip(first, second, strict=True):
        finite = a.isfinite() & b.isfinite()
        a, b = a[finite].double(), b[finite].double()
        size = float(torch.maximum(a.norm(), b.norm()))
        largest = max(largest, float((a - b).norm()) / size if size else 0.0)
    return largest


def _by(names: Sequence[str]) -> str:
    return f" ({shortened(names)})" if names else ""
