"""Sines and cosines at whole parts of a turn, right to the last bit.

An angle that is a whole number of parts of a turn is reduced in whole numbers before its sine is taken, and folded into
one quarter, so what is symmetric in mathematics is symmetric to the bit. Extended precision is used where the machine
has it; quotients and products are rounded once, to float64.
"""

import math

import numpy as np
import torch
from torch import Tensor

Whole = int | np.ndarray  # one whole number, or an array of them
Extended = np.ndarray | np.longdouble  # in extended precision, of the shape of what it came from
_PI = np.longdouble(4) * np.arctan(np.longdouble(1))


def sine(m: Whole, quarter: int) -> Extended:
    """sin(pi m / (2 quarter)) for whole m, in extended precision: `quarter` steps are a quarter of a turn.

    >>> [int(v) for v in sine(np.arange(5), 1)], float(sine(1, 3)) == 0.5
    ([0, 1, 0, -1, 0], True)
    """
    m = np.asarray(m) % (4 * quarter)
    sign = np.where(m >= 2 * quarter, -1, 1)
    m = m % (2 * quarter)
    return sign * np.sin(_PI * np.minimum(m, 2 * quarter - m) / (2 * quarter))


def cosine(m: Whole, quarter: int) -> Extended:
    """cos(pi m / (2 quarter)), likewise."""
    return sine(np.asarray(m) + quarter, quarter)


def rounded(values: Extended) -> Tensor:
    """Values (n, ...) in float64."""
    return torch.from_numpy(np.asarray(values, np.float64))


def pi_over(n: int) -> np.longdouble:
    """pi / n in extended precision."""
    return _PI / n


def series(weights: Tensor, period: int, m: Tensor) -> Tensor:
    """sum_k weights[k] cos(2 pi k m / period) for whole m, of the shape of m and even in m to the bit.

    One transform of the weights (K,) gives a table, which is read.
    """
    table = torch.fft.rfft(weights, n=period).real
    m = m % period
    return table[torch.minimum(m, period - m)]


def angle(u: Tensor, k: Tensor, half: int) -> Tensor:
    """pi u k / half for any u (..., 1) and whole k (K,), with whole turns left out before anything is rounded."""
    whole = torch.round(u)
    turns = (whole.long() * k.long()) % (2 * half)
    return math.pi * (turns.double() + (u - whole) * k) / half
