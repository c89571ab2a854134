"""Floors of layers: how far contributions may be from exact ones, from a few images computed again."""

from collections.abc import Callable
from itertools import product

import numpy as np
import torch
from torch import Tensor

from symmeter.measuring.floor import FLOOR_IMAGES, nudged_within

_DRAWS = 2  # of round-off, beside the image as it is
_FAR = 4096  # units of round-off: a move that meets so many times more kinks than one unit does
_REACH = 4  # units by which the round-off of all layers together moves what is inside
_CROSSINGS = 2.0  # floors that one crossed kink in one image may cost
_CLEAR = 5.0  # deviations of round-off beyond which a change is a jump


class LayerFloors:
    """Gathers the images that carry LEE, and finds what round-off does to their contributions.

    The error of a contribution c in float32 has two parts. *Round-off* falls out anew when the input moves by one
    unit of it, so its variance is that of c over the input and such moves. *Kinks* (ReLU, max pooling) are rare and
    large: where the argument of one is closer to it than round-off, c jumps. A few images hardly ever show one; but
    the chance of a crossing grows with the length of the move and the jump does not. So images are moved there and back
    by 4096 units: J = c(x + d) + c(x - d) - 2 c(x) is what jumped, and smooth parts cancel. It meets 2 * 4096 / 4 times
    as many kinks as the round-off of a network, and a square found there counts 4 / 8192. That is right on average, but
    where kinks are few the average is far below a crossing, which some image may have: then the mean over all n images
    is off by J / n, which is let cost two floors.

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

    def find(self, contributions: Callable[[Tensor], Tensor], unit: float, count: int) -> None:
        """Compute the contributions (T, parts, B) of images that are moved by `unit`, by one `contributions(x)`.

        `count` is the number of images of which the mean is reported.
        """
        if self._x is None or self._found is None:
            return
        x, times = self._x, max(1, FLOOR_IMAGES // len(self._x))
        seeds = list(range((_DRAWS + 1) * times))
        near, far = seeds[: _DRAWS * times], seeds[_DRAWS * times :]
        moves = [*product(near, [1]), *product(far, [_FAR]), *product(far, [-_FAR])]
        moved = torch.cat([nudged_within(x, seed, units * unit) for seed, units in moves])
        found = contributions(moved).unflatten(-1, (len(moves), len(x))).movedim(-2, 0)
        close, there, back = found.split([len(near), len(far), len(far)])
        here = torch.cat([self._found[None], close])
        squares = (there + back - 2 * here.mean(0)).square()
        finite = torch.cat([squares, here]).isfinite().flatten(0, 2).all(0)
        if finite.any():
            squares = squares[..., finite]
            round_off = here[..., finite].var(0, correction=1).mean(-1)
            crossings = squares.mean((0, -1)) * _REACH / (2 * _FAR)
            noise = (2 + 4 / len(here)) * round_off  # the variance of J without any jump
            jumped = squares > _CLEAR**2 * noise[..., None]
            one_crossing = torch.where(jumped, squares, 0).amax((0, -1)) / (_CROSSINGS * count) ** 2
            self._squares = round_off + torch.maximum(crossings, one_crossing)

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
