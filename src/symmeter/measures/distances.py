"""Distances m(a, b) between outputs, for the G-EED family."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from symmeter.domains.grids.grid import LAYOUTS, Image
from symmeter.domains.grids.tokens import Tokens
from symmeter.errors import SymmeterError, nearest
from symmeter.measures.measure import need_classes, need_probabilities
from symmeter.measures.orbit import wide
from symmeter.models.outputs import Output
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

_NOTHING = 1e-37  # near the smallest number that float32 holds to its precision


class Distance(ABC):
    """m(a, b) for outputs a, b (b, ...), as an error that is 0 where they agree.

    `offset`: the distance itself is error + offset; similarities with a minus sign have -1.
    """

    name: str
    unit: str
    offset: float = 0.0
    power = 2  # in the difference of outputs that are close: all but Euclidean and counts are quadratic

    def check(self, output: Output, y: Tensor) -> None:  # noqa: B027
        """SymmeterError where the distance does not fit an output (of one image)."""

    @abstractmethod
    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        """(b,) float64; the mask broadcasts against a and b."""


class Cosine(Distance):
    """Minus the cosine of the angle between whole outputs; error 1 - cos, as half the distance of unit vectors."""

    name, unit, offset = "cosine", "-cos", -1.0

    def check(self, output: Output, y: Tensor) -> None:
        _need_direction("geed(cosine)", output, y, y[0].numel())

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        a, b = (wide(v * mask).flatten(1) for v in (a, b))
        return _one_minus_cosine(a, b, 1)


class Channelwise(Distance):
    """Minus the mean over channels of the cosine between flattened channels; channels dead in both do not count.

    Source: Kvinge et al. 2022, the channelwise variant.
    """

    name, unit, offset = "channelwise", "-cos", -1.0

    def check(self, output: Output, y: Tensor) -> None:
        if y.ndim < 3:
            raise SymmeterError(f"geed(channelwise) compares the maps of channels; output {str(output)!r} is "
                                f"(B, {', '.join(map(str, y.shape[1:]))}): use geed(cosine)")  # fmt: skip
        _need_direction("geed(channelwise)", output, y, y[0, 0].numel())

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        a, b = (wide(channels_of(v * mask, rho)) for v in (a, b))
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

    def check(self, output: Output, y: Tensor) -> None:
        need_probabilities(f"geed({self.name})", output, y)

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        return over_positions(kl(wide(a), wide(b)), mask)


class JS(KL):
    """The Jensen-Shannon divergence of a and b, in nats: at most log 2."""

    name, unit = "js", "nat"

    def error(self, a: Tensor, b: Tensor, mask: Tensor, rho: Representation) -> Tensor:
        return over_positions(js(wide(a), wide(b)), mask)


class ZeroOne(Distance):
    """1 where the most probable classes differ."""

    name, unit, power = "01", "share of disagreement", 1

    def check(self, output: Output, y: Tensor) -> None:
        need_classes("geed(01)", output, y)

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
            raise SymmeterError(f"the distance {self.name} returned shape {tuple(found.shape)} for "
                                f"{len(a)} images; it must return one number each")  # fmt: skip
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


def _need_direction(name: str, output: Output, y: Tensor, entries: int) -> None:
    """SymmeterError for single numbers, whose direction is their sign: all that change would pass for equal."""
    if entries == 1:
        raise SymmeterError(f"{name} compares directions, and one number has none but its sign; output {str(output)!r} "
                            f"is (B, {', '.join(map(str, y.shape[1:]))}): use geed(euclidean) or geed(l2)")  # fmt: skip


def channels_of(y: Tensor, rho: Representation) -> Tensor:
    """(b, channels, positions)."""
    axis = 1
    if isinstance(rho, Tokens):
        axis = -1
    elif isinstance(rho, Image):
        axis = LAYOUTS[rho.layout][0]
    elif isinstance(rho, Trivial) and y.ndim == 3:
        axis = -1
    return y.movedim(axis, 1).flatten(2)


def kl(p: Tensor, q: Tensor) -> Tensor:
    """sum_k p log(p / q) over axis 1; infinite where q is 0 and p is not.

    What float32 cannot hold to its precision counts as 0: the mean of such a p over an orbit may be 0, and p is not.
    """
    p = torch.where(p < _NOTHING, 0.0, p)
    return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum(1).clamp(min=0)


def js(p: Tensor, q: Tensor) -> Tensor:
    """Half of KL(p || m) + KL(q || m), m the mean of p and q."""
    m = (p + q) / 2
    return (kl(p, m) + kl(q, m)) / 2


def over_positions(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of (b, ...) over positions where the mask (with or without a channel axis) is 1."""
    if values.ndim == 1:
        return values
    weights = (
        mask.to(values).expand(values.shape[1:])
        if mask.ndim <= values.ndim - 1
        else torch.ones_like(values[0])
    )
    return (values * weights).flatten(1).sum(1) / weights.sum().clamp(min=1)


def _one_minus_cosine(a: Tensor, b: Tensor, axis: int) -> Tensor:
    """1 - cos along an axis, exact near 0: half the squared distance of the unit vectors; 1 where one is 0."""
    norms = [v.norm(dim=axis, keepdim=True) for v in (a, b)]
    tiny = torch.finfo(a.dtype).tiny
    units = [v / norm.clamp(min=tiny) for v, norm in zip((a, b), norms, strict=True)]
    error = (units[0] - units[1]).square().sum(axis) / 2
    first, second = (norm.squeeze(axis) == 0 for norm in norms)
    return torch.where(first & second, 0.0, torch.where(first | second, 1.0, error)).double()
