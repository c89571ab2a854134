"""Floors of layers: how far contributions may be from exact ones, from a few images computed again."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from symmeter.measuring.floor import DRAWS, FLOOR_IMAGES, nudged_within

_FAR = 256  # units of round-off: a move that meets so many times more kinks than one unit does
_REACH = 4  # units by which the round-off of all layers together moves what is inside


class LayerFloors:
    """Gathers the images that carry LEE, and finds what round-off does to their contributions.

    The error of a contribution c in float32 has two parts. *Round-off* falls out anew when the input moves by one
    unit of it, so its variance is that of c over the input and such moves. *Kinks* (ReLU, max pooling) are rare and
    large: where the argument of one is closer to it than round-off, c jumps. A few images hardly ever show one; but
    the chance of a crossing grows with the length of the move and the jump does not, so a move of 256 units meets
    256 / 4 times as many as the round-off of a network, and a square found there counts 4 / 256. That smooth parts
    move too makes the floor larger than it must be, by less than the error bar of any use.

    The mean square is over 4 images, those with the largest LEE: they carry the mean and its error (after a softmax
    the top 1 % may hold a third of it, and the first four images nothing). It is not divided by the number of
    images, for a kink is met by one of them. Fewer images are moved more often.
    """

    def __init__(self) -> None:
        self._x: Tensor | None = None
        self._found: Tensor | None = None
        self._score: Tensor | None = None
        self._squares: Tensor | None = None

    def gather(self, x: Tensor, contributions: Tensor, derivative: Tensor) -> None:
        """Take in images x (B, ...) with their contributions (T, parts, B) and Lie derivatives (T, B, ...)."""
        lee = derivative.flatten(2).double().square().mean(2)
        score = lee.clamp(min=torch.finfo(torch.float64).tiny).log().sum(0)  # each generator in its own unit
        if self._x is not None and self._found is not None and self._score is not None:
            x, contributions = torch.cat([self._x, x]), torch.cat([self._found, contributions], -1)
            score = torch.cat([self._score, score])
        best = score.topk(min(FLOOR_IMAGES, len(score))).indices
        self._x, self._found, self._score = x[best], contributions[..., best], score[best]

    def find(self, contributions: Callable[[Tensor], Tensor], unit: float) -> None:
        """Compute the contributions (T, parts, B) of images that are moved by `unit`, by `contributions(x)`."""
        if self._x is None or self._found is None:
            return
        times = max(1, FLOOR_IMAGES // len(self._x))
        near = [contributions(nudged_within(self._x, seed, unit)) for seed in range(DRAWS * times)]
        far = [
            contributions(nudged_within(self._x, DRAWS * times + seed, _FAR * unit)) for seed in range(times)
        ]
        here = torch.stack([self._found, *near])
        jumps = (torch.stack(far) - here.mean(0)).square().mean(0)
        squares = here.var(0, correction=1) + jumps * (_REACH / _FAR)
        finite = squares.isfinite().flatten(0, 1).all(0)
        if finite.any():
            self._squares = squares[..., finite].mean(-1)

    def of(self, t: int, values: np.ndarray, lee_floor: float | None) -> np.ndarray | None:
        """Floors of all parts (parts,) along generator t, whose mean contributions are `values`, LEE first.

        c = <L_X f, v> / dim is linear in L_X f, whose relative error is sqrt(floor / value) of LEE: where the whole is
        round-off, so is every part. And no part is known better than the float64 sums of all parts.
        """
        if self._squares is None:
            return None
        squares = self._squares[t].cpu().numpy() + (np.finfo(float).eps * np.abs(values).max()) ** 2
        if lee_floor and values[0] > 0:
            squares = squares + values**2 * min(lee_floor / values[0], 1.0)
        return np.sqrt(squares)
