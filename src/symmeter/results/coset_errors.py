"""Standard errors of estimates from random cosets of a design, of which there may be as few as two.

A coset of a design D integrates low degrees without error, so cosets scatter less than their elements would, and less
the smoother the response. Two of them tell that from one difference alone. The cosets of a coarser subgroup that D is
made of are more, and scatter more: what they say is too large for smooth responses, and may be too small, by a third,
where what D misses carries most. So the smaller of two bounds is taken,

    (1 + 2 / R) t(R - 1) e        and        t(4) max(e, e'),

with e and e' the errors by R cosets and by their parts, and t Student's quantiles. `benchmarks/sampling.py` prints how
often the interval holds, for smooth responses and for those of one high degree.
"""

import math
from dataclasses import dataclass

import numpy as np

_TWO_SIDED = 0.975
_FREEDOM = 4


@dataclass(frozen=True)
class Cosets:
    """`block` elements in a row are a coset of the design; `part` are one of a subgroup of that."""

    block: int
    part: int

    def error_of_mean(self, values: np.ndarray) -> float | None:
        """Standard error of the mean of values (N,) over elements; None for a single coset.

        1.96 of it are the half width of a 95 % interval.

        >>> Cosets(2, 1).error_of_mean(np.array([1.0, 3.0, 3.0, 1.0]))
        0.0
        """

        def error(size: int) -> float:
            means = _blocks(values, size).mean(1)
            return float(means.std(ddof=1)) / math.sqrt(len(means))

        count = len(values)
        if count < 2 * self.block:
            return None
        return self._bounded(count, error(self.block), error(self.part))

    def error_of_variance(self, distances: np.ndarray) -> float | None:
        """Relative standard error of half the mean of |z_i - z_j|^2, (N, N), over i and j of different cosets.

        With S_k the mean of |z|^2 and M_k that of z over a coset, about the mean of all, the estimate is the mean of
        S_k less that of <M_a, M_b>. Its variance is Var S / R + 2 tr C^2 / (R (R - 1)), where C is the covariance of M.
        """
        count = len(distances)
        if count < 2 * self.block:
            return None
        rows = distances.mean(0) / 2
        products = rows + rows[:, None] - rows.mean() - distances / 2  # <z_i, z_j> about the mean
        coset = np.arange(count) // self.block
        apart = coset[:, None] != coset
        variance = float(distances[apart].mean()) / 2
        if not variance > 0:
            return 0.0
        products = products / variance
        rank = min(1.0, float((products[apart] ** 2).mean()))  # tr C^2 / (tr C)^2, as that of single elements
        own, finer = (_error(products, size, rank) for size in (self.block, self.part))
        return self._bounded(count, own, finer)

    def _bounded(self, count: int, own: float, finer: float) -> float:
        """The smaller of the two bounds, from the errors by cosets and by their parts."""
        from scipy.special import stdtrit  # slow to import, and not needed to show help

        draws, parts = count // self.block, count // self.part
        bound = (1 + 2 / draws) * stdtrit(draws - 1, _TWO_SIDED) * own
        if self.part < self.block:
            bound = min(bound, stdtrit(min(_FREEDOM, parts - 1), _TWO_SIDED) * max(own, finer))
        return float(bound / stdtrit(np.inf, _TWO_SIDED))


def _error(products: np.ndarray, size: int, rank: float) -> float:
    """Standard error of the variance as if blocks of this size were independent, from products (N, N)."""
    squares = _blocks(products.diagonal(), size).mean(1)
    draws = len(squares)
    means = products.reshape(draws, size, draws, size).mean((1, 3))
    trace = float(means.trace() - means.mean() * draws) / (draws - 1)
    return math.sqrt(squares.var(ddof=1) / draws + 2 * rank * trace**2 / (draws * (draws - 1)))


def _blocks(values: np.ndarray, size: int) -> np.ndarray:
    """Values (N,) as (blocks, size)."""
    return values.reshape(-1, size)
