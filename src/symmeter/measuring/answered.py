"""The precision that a model computes in, where its numbers do not show it: found from its answer to a tiny move."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from symmeter.measuring.function import Function
from symmeter.measuring.look import ROUND_OFF, Look
from symmeter.models.precision import Precision

# Moves in the unit of the inputs: below float32, for the slope, and aside, for a sample itself may be on a kink.
_TINY, _SMALL, _ASIDE = 1e-9, 1e-5, 5e-5
_DIRECTIONS = 2  # in one of them there may be a kink
_MISSED = 0.5  # of the change that the slope predicts
_BENT = 0.1  # the same at half the way: more is a kink, or noise
_WIDE = 1e-13  # relative: a change that is missed by less is round-off of float64
_SINGLE = Precision("float32", torch.finfo(torch.float32).eps)


def answered_precision(function: Function, x: Tensor, seen: Precision) -> Precision:
    """float32 where an output does not follow a move of 1e-9 as its slope says it should; else what was `seen`.

    A model may take float64 and return it, and compute in float32 in between, with a library that shows nothing of
    that. Its outputs then move in steps: ||f(x + h d) - f(x) - h df(d)|| is not small beside ||h df(d)||. x (1, ...) is
    one sample in float64. Random models are not asked. A way that is bent says nothing, and another one is tried.
    """
    if x.dtype != torch.float64 or seen.unit > torch.finfo(torch.float64).eps:
        return seen
    aside, *directions = _random_directions(x)
    x = x + _ASIDE * aside
    here = function(x)
    for direction in directions:
        onward, end = (function(x + h * direction) for h in (_TINY, _SMALL))
        if _as_expected(here, onward, end, _TINY / _SMALL, _MISSED):
            return seen
        if _as_expected(here, function(x + _SMALL / 2 * direction), end, 1 / 2, _BENT):
            break  # there is no kink on the way, and no other way need be tried
    return _SINGLE


def answered(function: Function, x: Tensor, seen: Look) -> Look:
    """What is known of a model whose numbers do not show its precision, after asking it on x (1, ...).

    Two calls that differ by no more than round-off of float32 are those of a model that computes in float32, in an
    order that is not always the same, and not of a random one.
    """
    if seen.chance is None:
        return replace(seen, precision=answered_precision(function, x, seen.precision))
    if seen.chance > ROUND_OFF * _SINGLE.unit:
        return seen
    return replace(seen, precision=_SINGLE, chance=None, notes=seen.notes[:-1])  # the last calls it random


def _as_expected(
    here: Sequence[Tensor], there: Sequence[Tensor], end: Sequence[Tensor], part: float, missed: float
) -> bool:
    """Whether all outputs (1, ...) change along a straight line from `here` to `end`, `there` at some `part` of it.

    By less than a share that is `missed`, or than round-off of float64.
    """
    for y, own, last in zip(here, there, end, strict=True):
        expected = (last - y) * part
        off = float((own - y - expected).norm())
        if off > max(missed * float(expected.norm()), _WIDE * float(y.norm())):
            return False
    return True


def _random_directions(x: Tensor) -> Tensor:
    """One to go aside, and _DIRECTIONS to look in, (1 + _DIRECTIONS, 1, ...) for x (1, ...)."""
    random = torch.Generator().manual_seed(0)
    return torch.randn(1 + _DIRECTIONS, *x.shape, generator=random, dtype=x.dtype).to(x.device)
