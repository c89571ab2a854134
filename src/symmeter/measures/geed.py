"""G-EED, the group equivariance error of Kvinge et al. 2022."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, shortened
from symmeter.measures.distances import Channelwise, Distance, channels_of, parse_distance
from symmeter.measures.measure import Average, Pool
from symmeter.measures.orbit import Chunk, View
from symmeter.models.outputs import Output
from symmeter.symmetry.groups.group import ElementSet


class GEED(Average):
    """G-EED = 1/(|D||G|) sum over x, g of m(f(g x), g fhat(x)), fhat the mean of f over the kernel of rho_out.

    fhat is the mean over the orbit where rho_out is trivial, f(x) where it is faithful. The identity counts, as in
    the definition. The kernel is that in the whole group, so sampled elements give an unbiased estimate for every
    distance. A kernel with no end (SO2, an invariant output) is estimated from the sampled elements themselves: without
    bias for `l2`; for others a bias of order 1/N^2 remains, and `kernel_mean` in the header says so.

    Without a distance one that fits the output is taken: KL for probabilities, channelwise cosine for maps, Euclidean
    for a single number, cosine for all else. `normalised` divides by what it can be at most (KL, JS: min(log |G|, log
    K)), or by the distance to another image.

    Source: Kvinge et al. 2022, Section 3.
    """

    direction = "lower = more symmetric"
    description = "group equivariance error, mean distance of f(gx) to g f(x) (Kvinge et al. 2022)"
    needs_mean = True
    compares = False

    def __init__(
        self,
        distance: "str | Distance | Callable[[Tensor, Tensor], Tensor] | None" = None,
        normalised: bool = False,
    ):
        self.distance = None if distance is None else parse_distance(distance)
        self.normalised = normalised
        self.needs_other = normalised
        self.power = 2 if self.distance is None else self.distance.power
        words = ([self.distance.name] if self.distance else []) + ["normalised"] * normalised
        self.name = "geed" + (f"({','.join(words)})" if words else "")

    def fitted(self, output: Output, y: Tensor) -> "GEED":
        """The same with a distance that fits an output (of one image), where none was chosen."""
        if self.distance is not None:
            return self
        maps = y.ndim > 2 and y[0, 0].numel() > 1
        fits = "kl" if output.name == "softmax" else "channelwise" if maps else "cosine"
        return GEED(fits if y[0].numel() > 1 else "euclidean", self.normalised)

    @property
    def m(self) -> Distance:
        """The distance; there must be one by now."""
        assert self.distance is not None
        return self.distance

    def check(self, output: Output, y: Tensor, elements: ElementSet) -> None:
        self.m.check(output, y)

    def error(self, view: View) -> Tensor:
        errors = [
            weight * self.m.error(view.y, expected, mask, view.chunk.rho)
            for weight, (expected, mask) in view.expected
        ]
        return sum(errors[1:], errors[0])

    def factor(self, chunk: Chunk) -> float:
        return 1 / self._most(chunk) if self.normalised and self.m.unit == "nat" else 1.0

    @staticmethod
    def _most(chunk: Chunk) -> float:
        return min(math.log(max(2, chunk.count)), math.log(max(2, chunk.reference.shape[1])))

    def scale(self, chunk: Chunk) -> Tensor | None:
        if not self.normalised or self.m.unit == "nat":
            return None
        if chunk.other is None:
            raise SymmeterError(
                f"{self.name} compares with other images: give more than one, and leave the control on"
            )
        one = torch.ones((), dtype=chunk.reference.dtype, device=chunk.reference.device)
        return self.m.error(chunk.other, chunk.reference, one, chunk.rho)

    def value(self, error: float) -> float:
        return error if self.normalised else error + self.m.offset

    def pool(self) -> Pool | None:
        return _Channels() if isinstance(self.m, Channelwise) else None

    def unit(self, output: Output) -> str:
        if not self.normalised:
            return self.m.unit
        return (
            "share of the most possible" if self.m.unit == "nat" else "share of the distance between images"
        )


class _Channels(Pool):
    """Which channels are 0 on every image: they have no direction to compare."""

    def __init__(self) -> None:
        self._peak: Tensor | None = None

    def add(self, view: View) -> None:
        peak = channels_of(view.y, view.chunk.rho).abs().amax((0, 2)).double().cpu()
        self._peak = peak if self._peak is None else self._peak.maximum(peak)

    def notes(self, output: Output) -> list[str]:
        if self._peak is None:
            return []
        dead = (self._peak == 0).nonzero().flatten().tolist()
        if not dead:
            return []
        which = shortened(map(str, dead), most=8)
        return [
            f"{output}: {len(dead)} of {len(self._peak)} channels are 0 on every image and left out: {which}"
        ]
