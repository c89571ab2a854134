"""Distances m(a, b) between outputs, for the G-EED family."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, nearest
from symmeter.measures.measure import need_classes, need_probabilities
from symmeter.measures.orbit import wide
from symmeter.measures.quantity import Quantity
from symmeter.symmetry.representations.representation import Representation

_NOTHING = 1e-37  # near the smallest number that float32 holds to its precision


class Distance(ABC):
    """m(a, b) for outputs a, b (b, ...), as an error that is 0 where they agree.

    The distance itself is error + `offset`, which is -1 for a similarity with a minus sign. `power` is that of the
    difference of outputs that are close: all but Euclidean and counts are quadratic.
    """

    name: str
    unit: str
    offset: float = 0.0
    power = 2
    share = False  # whether errors are between 0 and 1

    def check(self, quantity: Quantity) -> None:  # noqa: B027
        """SymmeterError where the distance does not fit an output."""

    @abstractmethod
    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        """(b,) float64, for a, b (b, ...) on which the group acts by `rho`; the mask broadcasts against them."""


class Cosine(Distance):
    """Minus the cosine of the angle between whole outputs; error 1 - cos, as half the distance of unit vectors."""

    name, unit, offset = "cosine", "-cos", -1.0

    def check(self, quantity: Quantity) -> None:
        _need_direction("geed(cosine)", quantity, quantity.shape)

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        return _one_minus_cosine(wide(a * mask).flatten(1), wide(b * mask).flatten(1), 1)


class Channelwise(Distance):
    """Minus the mean over channels of the cosine between flattened channels; channels dead in both do not count.

    Source: Kvinge et al. 2022, the channelwise variant.
    """

    name, unit, offset = "channelwise", "-cos", -1.0

    def check(self, quantity: Quantity) -> None:
        if len(quantity.shape) < 2:
            raise SymmeterError(
                f"geed(channelwise) compares the maps of channels; output {quantity.name!r} is "
                f"{quantity.shown_shape}: use geed(cosine)"
            )
        _need_direction("geed(channelwise)", quantity, quantity.shape[1:])

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        a = wide(by_channel(a * mask, rho.channel_axis))
        b = wide(by_channel(b * mask, rho.channel_axis))
        error = _one_minus_cosine(a, b, 2)
        dead = (a.abs().amax(2) == 0) & (b.abs().amax(2) == 0)
        alive = (~dead).sum(1).clamp(min=1)
        return error.masked_fill(dead, 0).sum(1, dtype=torch.float64) / alive


class Euclidean(Distance):
    """||a - b||."""

    name, unit, power = "euclidean", "output", 1

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        return wide((a - b) * mask).flatten(1).square().sum(1, dtype=torch.float64).sqrt()


class SquaredEuclidean(Distance):
    """||a - b||^2: with it invariance gives 1 x the variance over the orbit, a faithful action 2 x."""

    name, unit = "l2", "output^2"

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        return wide((a - b) * mask).flatten(1).square().sum(1, dtype=torch.float64)


class KL(Distance):
    """KL(a || b) of distributions over axis 1, in nats; the mean over positions where there are any."""

    name, unit = "kl", "nat"

    def check(self, quantity: Quantity) -> None:
        need_probabilities(f"geed({self.name})", quantity)

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        return over_positions(kl(wide(a), wide(b)), mask)


class JS(KL):
    """The Jensen-Shannon divergence of a and b, in nats: at most log 2."""

    name, unit = "js", "nat"

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        return over_positions(js(wide(a), wide(b)), mask)


class ZeroOne(Distance):
    """1 where the most probable classes differ."""

    name, unit, power, share = "01", "share of disagreement", 1, True

    def check(self, quantity: Quantity) -> None:
        need_classes("geed(01)", quantity)

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        return (a.argmax(1) != b.argmax(1)).double()


class Custom(Distance):
    """A user's function of (a, b), both (b, ...), that returns (b,)."""

    unit = "as given"

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], name: str = ""):
        self._function = function
        self.name = name or getattr(function, "__name__", "custom")

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        found = self._function(a * mask, b * mask)
        if found.shape != a.shape[:1]:
            raise SymmeterError(
                f"the distance {self.name} returned shape {tuple(found.shape)} for {len(a)} samples; "
                "it must return one number each"
            )
        return found.double()


DISTANCES: dict[str, Distance] = {
    d.name: d for d in (Cosine(), Channelwise(), Euclidean(), SquaredEuclidean(), KL(), JS(), ZeroOne())
}


def parse_distance(what: "str | Distance | Callable[[Tensor, Tensor], Tensor]") -> Distance:
    """A distance by name, or a user's function; SymmeterError with the choices."""
    if isinstance(what, Distance):
        return what
    if callable(what):
        return Custom(what)
    if what not in DISTANCES:
        raise SymmeterError(f"unknown distance {what!r}{nearest(what, DISTANCES)}")
    return DISTANCES[what]


def _need_direction(name: str, quantity: Quantity, shape: tuple[int, ...]) -> None:
    """SymmeterError where what is compared, of this shape, is one number: all of one sign would pass for equal."""
    if math.prod(shape) == 1:
        raise SymmeterError(
            f"{name} compares directions, and one number has none but its sign; output {quantity.name!r} is "
            f"{quantity.shown_shape}: use geed(euclidean) or geed(l2)"
        )


def by_channel(y: Tensor, channel_axis: int | None) -> Tensor:
    """y (b, ...) as (b, channels, positions).

    Where no axis is known to be that of the channels, as in invariant outputs, it is the last one of (b, tokens, C) and
    axis 1 of all else.
    """
    if channel_axis is None:
        channel_axis = -1 if y.ndim == 3 else 1
    return y.movedim(channel_axis, 1).flatten(2)


def kl(p: Tensor, q: Tensor) -> Tensor:
    """sum_k p log(p / q) over axis 1 of (b, K, ...): (b, ...); infinite where q is 0 and p is not.

    What float32 cannot hold to its precision counts as 0: the mean of such a p over an orbit may be 0, and p is not.
    """
    p = torch.where(p < _NOTHING, 0.0, p)
    return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum(1).clamp(min=0)


def js(p: Tensor, q: Tensor) -> Tensor:
    """Half of KL(p || m) + KL(q || m), m the mean of p and q, all (b, K, ...): (b, ...)."""
    m = (p + q) / 2
    return (kl(p, m) + kl(q, m)) / 2


def over_positions(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of values (b, ...) over positions where the mask is 1: (b,).

    A mask of as many axes as the values, the batch's included, is not looked at.
    """
    if values.ndim == 1:
        return values
    weights = torch.ones_like(values[0])
    if mask.ndim < values.ndim:
        weights = mask.to(values).expand(values.shape[1:])
    return (values * weights).flatten(1).sum(1) / weights.sum().clamp(min=1)


def _one_minus_cosine(a: Tensor, b: Tensor, axis: int) -> Tensor:
    """1 - cos along an axis of a and b, float64; 1 where one of them is 0, and 0 where both are.

    Half the squared distance of the unit vectors, which is exact near 0.
    """
    unit_a, a_is_zero = _normalised(a, axis)
    unit_b, b_is_zero = _normalised(b, axis)
    error = (unit_a - unit_b).square().sum(axis) / 2
    error = torch.where(a_is_zero | b_is_zero, 1.0, error)
    return torch.where(a_is_zero & b_is_zero, 0.0, error).double()


def _normalised(v: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """v with vectors of length 1 along an axis, and where they are 0, without that axis."""
    norm = v.norm(dim=axis, keepdim=True)
    unit = v / norm.clamp(min=torch.finfo(v.dtype).tiny)
    return unit, norm.squeeze(axis) == 0
