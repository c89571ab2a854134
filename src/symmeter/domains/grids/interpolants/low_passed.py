"""The cosine series whose derivative is that of an image without its highest frequencies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from torch import Tensor

from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.interpolants.waves import cosine, rounded


@dataclass(frozen=True)
class LowPassed(Bandlimited):
    """Cosine series, whose derivative is that of the frequencies below a share B of the highest: 0 < B <= 1.

    With P the projection on the waves k < `share` n along every axis, an image x moves in the direction X P x. It is a
    definition of directions: what exp(tX) does to a whole image is not filtered.

    >>> import torch
    >>> n = 8
    >>> position = torch.arange(n, dtype=torch.float64) + 0.5
    >>> low, high = (torch.cos(math.pi * position * k / n) for k in (3, 5))
    >>> smoothed = LowPassed(0.5).smoothed(low + high, [0])
    >>> torch.allclose(smoothed, low), LowPassed(0.5).name
    (True, 'bandlimited(0.5)')
    """

    share: float

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"bandlimited({self.share:g})"

    @property
    def keeps_all(self) -> bool:
        return False

    def smoothed(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        """P x for x (..., n, ...), along these axes. What is constant along one of them stays so to the bit."""
        for axis in axes:
            constant = x.narrow(axis, 0, 1)
            along = (x - constant).movedim(axis, -1)
            x = constant + (along @ _projection(self.share, x.shape[axis]).to(x)).movedim(-1, axis)
        return x


@lru_cache(maxsize=64)
def _projection(share: float, n: int) -> Tensor:
    """P, (n, n) float64 and symmetric: sum over k < share n of the cosines of pixels i and j."""
    kept = np.arange(math.ceil(share * n))
    waves = cosine((2 * np.arange(n)[:, None] + 1) * kept, n)
    return rounded((waves * np.where(kept == 0, 1, 2) / n) @ waves.T)
