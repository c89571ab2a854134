"""The variance of values over the elements of an orbit, entry by entry, from elements that come one after the other."""

import torch
from torch import Tensor

from symmeter.measures.orbit import Chunk, wide

PAIRED = 512  # elements whose pairs are looked at, for a standard error
_KEPT = 2**24  # numbers kept of a chunk, to compare elements in pairs


class RunningMean:
    """Mean and sum of squared deviations of values of one shape, in one pass (Welford 1962).

    >>> running = RunningMean()
    >>> for value in (1.0, 2.0, 6.0):
    ...     running.add(torch.tensor(value))
    >>> float(running.mean), float(running.deviations)
    (3.0, 14.0)
    """

    def __init__(self) -> None:
        self.count, self.weight = 0, 0.0
        self.mean = self.deviations = torch.zeros(())

    def add(self, z: Tensor, weight: float = 1.0) -> None:
        """Take values of any shape, always the same, and how much they count."""
        self.count += 1
        self.weight += weight
        change = z - self.mean
        self.mean = self.mean + change * (weight / self.weight)
        self.deviations = self.deviations + weight * change * (z - self.mean)


class OrbitSpread:
    """E_g |z(g) - mean z|^2 from the elements of a chunk, one value per entry of z (b, ...).

    Of all elements of a group, or of a quadrature, that is the mean square about the mean. Of R independent draws
    of blocks of elements, with means M_k over blocks, it is without bias

        mean |z|^2 - mean over a != b of M_a M_b = mean |z - mean z|^2 + sum_k (M_k - mean z)^2 / (R (R - 1)),

    which is never negative, and the well-known N / (N - 1) times the mean square for blocks of a single element.
    """

    def __init__(self, chunk: Chunk):
        self._sampled, self._block = chunk.sampled, chunk.block
        self._all = RunningMean()
        self._blocks = RunningMean()
        self._open = RunningMean()

    @property
    def count(self) -> int:
        """How many elements there were."""
        return self._all.count

    @property
    def mean(self) -> Tensor:
        """Over all elements so far, (b, ...)."""
        return self._all.mean

    def add(self, z: Tensor, weight: float = 1.0) -> None:
        """Take z(g), (b, ...), of the next element, and how much it counts where they were not drawn."""
        self._all.add(z, weight)
        if not self._sampled or self._block == 1:
            return
        self._open.add(z)
        if self._open.count == self._block:
            self._blocks.add(self._open.mean)
            self._open = RunningMean()

    def variance(self) -> Tensor:
        """(b, ...), when all elements were taken."""
        within = self._all.deviations
        if not self._sampled:
            return within / self._all.weight
        if self._block == 1:
            return within / (self.count - 1)
        draws = self._blocks.count
        return within / self.count + self._blocks.deviations / (draws * (draws - 1))


class Distances:
    """Squared distances between the values of PAIRED elements, from some entries where there are very many."""

    def __init__(self, chunk: Chunk):
        self._reference = chunk.reference
        self._kept: list[Tensor] = []
        self._mask: Tensor | None = None
        entries = chunk.reference[0].numel()
        self._step = max(1, entries * min(chunk.count, PAIRED) * len(chunk.reference) // _KEPT)

    def add(self, z: Tensor, mask: Tensor) -> None:
        """Take z(g), (b, ...), of the next element, and where it is valid."""
        self._mask = mask if self._mask is None else self._mask * mask
        if len(self._kept) < PAIRED:
            away = z - wide(self._reference)
            self._kept.append(away.flatten(1)[:, :: self._step].float())

    def between(self, keep: Tensor) -> Tensor:
        """(N, N) between the first N elements, summed over the images to `keep` (b,) and the valid entries."""
        z = torch.stack(self._kept)[:, keep]
        if self._mask is not None and self._mask.ndim:
            inside = self._mask.expand_as(self._reference[:1]).flatten()
            z = z * inside[:: self._step].to(z)
        z = z.flatten(1).double()
        squares = z.square().sum(1)
        return (squares + squares[:, None] - 2 * z @ z.T).clamp(min=0)
