"""G-EED, the group equivariance error of Kvinge et al. 2022."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, shortened
from symmeter.measures.distances import DISTANCES, Channelwise, Distance, by_channel, parse_distance
from symmeter.measures.measure import Average, Pool
from symmeter.measures.orbit import Chunk, View
from symmeter.measures.quantity import PROBABILITY, Quantity
from symmeter.symmetry.groups.group import ElementSet


class GEED(Average):
    """G-EED = 1/(|D||G|) sum over x, g of m(f(g x), g fhat(x)), fhat the mean of f over the kernel of rho_out.

    fhat is the mean over the orbit where rho_out is trivial, and f(x) where it is faithful. The identity counts, as in
    the definition. The kernel is that in the whole group, so sampled elements give an unbiased estimate for every
    distance. A kernel without end (SO2 on an invariant output) is estimated from the sampled elements themselves:
    without bias for `l2`, with a bias of order 1/N^2 for other distances, and `kernel_mean` in the header says so.

    Where no distance is given, one that fits the output is taken: KL for probabilities, channelwise cosine for maps,
    Euclidean for a single number, cosine for all else. `normalised` divides by the largest value that KL and JS can
    have, min(log |G|, log K), and for other distances by the distance to another image.

    Source: Kvinge et al. 2022, Section 3.
    """

    name = "geed"
    direction = "lower = more symmetric"
    description = "group equivariance error, mean distance of f(gx) to g f(x) (Kvinge et al. 2022)"
    needs_mean = True
    compares = False
    arguments = f"{', '.join(DISTANCES)}, normalised"

    def __init__(
        self,
        distance: "str | Distance | Callable[[Tensor, Tensor], Tensor] | None" = None,
        normalised: bool = False,
    ):
        self.distance: Distance | None = None
        self.normalised = normalised
        self.needs_other = normalised
        self.power = 2
        words = []
        if distance is not None:
            self.distance = parse_distance(distance)
            self.power = self.distance.power
            words.append(self.distance.name)
        if normalised:
            words.append("normalised")
        if words:
            self.name = f"geed({','.join(words)})"

    @classmethod
    def parse(cls, *words: str) -> "GEED":
        distances = [word for word in words if word != "normalised"]
        if len(distances) > 1:
            raise SymmeterError(
                f"geed({','.join(words)}) has two distances; give one of {', '.join(DISTANCES)}"
            )
        return cls(*distances, normalised="normalised" in words)

    def fitted(self, quantity: Quantity) -> "GEED":
        """The same with a distance that fits the output, where none was chosen."""
        if self.distance is not None:
            return self
        return GEED(_fitting(quantity), self.normalised)

    @property
    def m(self) -> Distance:
        """The distance; there must be one by now."""
        assert self.distance is not None
        return self.distance

    @property
    def share(self) -> bool:  # type: ignore[override]
        """Whether the distance is, and nothing divides it."""
        return self.distance is not None and self.distance.share and not self.normalised

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        self.m.check(quantity)

    def error(self, view: View) -> Tensor:
        errors = []
        for weight, (expected, mask) in view.expected:
            errors.append(weight * self.m.error(view.y, expected, mask, view.chunk.rho))
        return sum(errors[1:], errors[0])

    def multiplier(self, chunk: Chunk) -> float:
        return 1 / self._most(chunk) if self.normalised and self.m.unit == "nat" else 1.0

    @staticmethod
    def _most(chunk: Chunk) -> float:
        """The largest value of KL and JS: min(log |G|, log K), for |G| elements and K classes."""
        return min(math.log(max(2, chunk.count)), math.log(max(2, chunk.reference.shape[1])))

    def scale(self, chunk: Chunk) -> Tensor | None:
        if not self.normalised or self.m.unit == "nat":
            return None
        if chunk.other is None:
            raise SymmeterError(
                f"{self.name} compares with other samples: give more than one, and leave the control on"
            )
        one = torch.ones((), dtype=chunk.reference.dtype, device=chunk.reference.device)
        return self.m.error(chunk.other, chunk.reference, one, chunk.rho)

    def value(self, error: float) -> float:
        return error if self.normalised else error + self.m.offset

    def pool(self) -> Pool | None:
        return _Channels() if isinstance(self.m, Channelwise) else None

    def unit(self, quantity: Quantity) -> str:
        if not self.normalised:
            return self.m.unit
        if self.m.unit == "nat":
            return "share of the most possible"
        return "share of the distance between samples"


def _fitting(quantity: Quantity) -> str:
    """The name of the distance that fits an output of which nothing else is said."""
    if math.prod(quantity.shape) == 1:
        return "euclidean"
    if quantity.unit == PROBABILITY:
        return "kl"
    positions = math.prod(quantity.shape[1:])
    return "channelwise" if len(quantity.shape) > 1 and positions > 1 else "cosine"


class _Channels(Pool):
    """Which channels are 0 on every image: they have no direction to compare."""

    def __init__(self) -> None:
        # (channels,) from the first element on, the largest absolute value of each
        self._peak = torch.zeros((), dtype=torch.float64)

    def add(self, view: View) -> None:
        channels = by_channel(view.y, view.chunk.rho.channel_axis)
        self._peak = self._peak.maximum(channels.abs().amax((0, 2)).double().cpu())

    def notes(self, quantity: Quantity) -> list[str]:
        dead = (self._peak == 0).nonzero().flatten().tolist()
        if not dead:
            return []
        which = shortened(map(str, dead), most=8)
        return [
            f"{quantity.name}: {len(dead)} of {len(self._peak)} channels are 0 on every sample and left out: {which}"
        ]
