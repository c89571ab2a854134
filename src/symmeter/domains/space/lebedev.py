"""Lebedev's rules for all rotations: directions of unequal weight, and equal steps about each.

The rule of an order has the means of all degrees up to that without error. Those of a few orders have negative weights:
a variance made with them may be negative, so they are refused.
"""

import math
from functools import cache

from symmeter.domains.space.motion import Motion, rotation_about
from symmeter.errors import SymmeterError

ORDERS = (*range(3, 32, 2), *range(35, 132, 6))

Rule = tuple[tuple[Motion, ...], tuple[float, ...]]  # rotations, and their weights, whose mean is 1


@cache
def lebedev_rule(order: int) -> Rule:
    """The rule of an order, order + 1 steps about each direction; SymmeterError where there is none of use.

    Source: Lebedev 1976.

    >>> rotations, weights = lebedev_rule(7)
    >>> len(rotations), round(sum(weights) / len(weights), 9)
    (208, 1.0)
    """
    if order not in ORDERS:
        raise SymmeterError(f"there is no lebedev({order}); choose the order from {_shown()}")
    points, weights = _directions(order)
    if min(weights) < 0:
        raise SymmeterError(
            f"lebedev({order}) has negative weights, with which a variance may be negative; choose the order from "
            f"{_shown()}"
        )
    mean = sum(weights) / len(weights)
    rotations, spread = [], []
    for (x, y, z), weight in zip(points, weights, strict=True):
        tilt = rotation_about("y", math.degrees(math.acos(max(-1.0, min(1.0, z)))))
        towards = rotation_about("z", math.degrees(math.atan2(y, x))) @ tilt
        rotations += [towards @ rotation_about("z", 360 * k / (order + 1)) for k in range(order + 1)]
        spread += [weight / mean] * (order + 1)
    return tuple(rotations), tuple(spread)


def rule_of_size(count: int, group: str, images: int) -> Rule:
    """The finest rule of no more than `count` rotations, for `images` of each; SymmeterError where there is none."""
    fitting = None
    for order in ORDERS:
        points, weights = _directions(order)
        if len(points) * (order + 1) > count:
            break
        fitting = fitting if min(weights) < 0 else order
    if fitting is None:
        least = images * len(_directions(ORDERS[0])[0]) * (ORDERS[0] + 1)
        raise SymmeterError(
            f"elements is {images * count}; a Lebedev rule of {group} has at least {least}: give as many"
        )
    return lebedev_rule(fitting)


@cache
def _directions(order: int) -> tuple[list[list[float]], list[float]]:
    """Points of the unit sphere, three numbers each, and their weights."""
    from scipy import integrate  # slow to import, and not needed to show help

    points, weights = integrate.lebedev_rule(order)
    return points.T.tolist(), weights.tolist()


def _shown() -> str:
    """The orders of use, the first of them."""
    few = [order for order in ORDERS[:9] if min(_directions(order)[1]) > 0]
    return ", ".join(map(str, few)) + ", ..."
