"""Kinks of pointwise non-linearities: where sigma(h(p)) is not smooth, and what that does to its spectrum.

At a position r with h(r) = c, c a kink of sigma, the derivatives of sigma(h(p)) jump by J_1, J_2, ..., and its
spectrum falls only as n^-2. The singular part sum_r sum_q J_q b_q(p - r) takes these jumps away: b_q is the
periodic function whose q-th derivative jumps by 1, a Bernoulli polynomial, so its spectrum needs no truncation.
What is left after q = 1, ..., Q falls as n^-(Q + 2). Source: Eckhoff 1995, on Fourier series with known jumps.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

_MOST_TERMS = 6
_TABLE_ENTRIES = 2**22  # of the (crossings, positions) table evaluated at a time: 32 MB
_SEARCH = 16  # points a pixel on which crossings are looked for


@dataclass(frozen=True)
class Kink:
    """sigma above minus sigma below `position` is sum_k jump[k - 1] u^k, u = h - position."""

    position: float
    jump: tuple[float, ...]


def kinks_of(module: nn.Module) -> tuple[Kink, ...]:
    """The kinks of an activation; () for smooth ones and for those not known here.

    >>> kinks_of(nn.ReLU6())
    (Kink(position=0.0, jump=(1.0,)), Kink(position=6.0, jump=(-1.0,)))
    """
    names = {c.__name__ for c in type(module).__mro__}
    if isinstance(module, nn.Hardtanh):  # ReLU6 too
        return Kink(float(module.min_val), (1.0,)), Kink(float(module.max_val), (-1.0,))
    if isinstance(module, nn.ReLU):
        return (Kink(0.0, (1.0,)),)
    if isinstance(module, nn.LeakyReLU):
        return (Kink(0.0, (1 - module.negative_slope,)),)
    if isinstance(module, nn.ELU):  # u - alpha (exp(u) - 1)
        rest = [-module.alpha / math.factorial(k) for k in range(2, _MOST_TERMS + 1)]
        return (Kink(0.0, (1 - module.alpha, *rest)),)
    if names & {"Hardsigmoid", "HardSigmoid", "HardSigmoidMe"}:
        return Kink(-3.0, (1 / 6,)), Kink(3.0, (-1 / 6,))
    if names & {"Hardswish", "HardSwish", "HardSwishMe"}:
        return Kink(-3.0, (-1 / 2, 1 / 6)), Kink(3.0, (-1 / 2, -1 / 6))
    return ()


def resample(h: Tensor, factor: int, axis: int) -> Tensor:
    """The `periodic` interpolant of h (..., N, ...) on a grid `factor` times finer along one axis; always a new tensor.

    >>> resample(torch.tensor([1.0, -1.0]), 2, -1)  # the Nyquist wave is shared by both signs: a cosine
    tensor([ 1.,  0., -1.,  0.])
    """
    if factor == 1:
        return h.clone()
    n = h.shape[axis]
    spectrum = torch.fft.rfft(h.double(), dim=axis)
    if n % 2 == 0:
        spectrum.select(axis, n // 2).mul_(0.5)
    return (torch.fft.irfft(spectrum, n=n * factor, dim=axis) * factor).to(h.dtype)


def singular_part(lines: Tensor, kinks: tuple[Kink, ...], factor: int) -> tuple[Tensor, Tensor]:
    """The singular part of sigma(h(p)), (L, K N) on a grid K times finer, and its slope at the pixels, (L, N).

    `lines` (L, N) holds samples of h, float64; positions and slopes are in pixels.
    """
    count, n = lines.shape
    # b_q grows as (n/2)^q and cancels against sigma(h): more terms than this cost more digits than they give
    terms = max(2, min(_MOST_TERMS, int(6 / math.log10(max(n / 2, 1.2)))))
    value = torch.zeros(count, n * factor, dtype=lines.dtype, device=lines.device)
    slope = torch.zeros_like(lines)
    spectrum = torch.fft.rfft(lines, norm="forward")
    inner = slice(1, (n + 1) // 2)
    spectrum[:, inner] *= 2  # so that h(p) = Re sum_k spectrum_k exp(2 pi i k p / n)
    value_table, slope_table = (_bernoulli_table(terms, n, down).to(lines) for down in (0, 1))
    fine = torch.arange(n * factor, dtype=lines.dtype, device=lines.device) / factor
    for kink in kinks:
        line, position, sign = _crossings(lines, spectrum, kink.position)
        step = max(1, _TABLE_ENTRIES // (n * factor))
        for start in range(0, len(line), step):
            part = slice(start, start + step)
            where, r = line[part], position[part, None]
            jumps = sign[part, None] * _jumps(_taylor(spectrum[where], n, r[:, 0], terms), kink)
            value.index_add_(0, where, _polynomial(jumps @ value_table, ((fine - r) / n) % 1))
            slope.index_add_(0, where, _polynomial(jumps @ slope_table, ((fine[::factor] - r) / n) % 1))
    return value, slope


def _crossings(lines: Tensor, spectrum: Tensor, level: float) -> tuple[Tensor, Tensor, Tensor]:
    """(line, position in pixels, +1 upwards or -1) of every crossing of the level, (M,) each."""
    n = lines.shape[1]
    u = resample(lines, _SEARCH, -1) - level
    above = u > 0
    changes = above != above.roll(-1, 1)
    line, index = changes.nonzero(as_tuple=True)
    low, sign = index / _SEARCH, torch.where(above[line, index], -1.0, 1.0).to(lines)
    # two crossings between two points: on both sides of an extremum that lies across the level
    omega = _wavenumbers(spectrum, n)
    slope = torch.fft.irfft(spectrum * (0.5j * omega), n=n * _SEARCH, norm="forward")
    turns = (slope > 0) != (slope.roll(-1, 1) > 0)
    found, index = (turns & ~changes).nonzero(as_tuple=True)
    peak = (index + 0.5) / _SEARCH
    for _ in range(3):
        series = _taylor(spectrum[found], n, peak, 2)
        peak = peak - (series[:, 1] / (2 * series[:, 2])).clamp(-0.5 / _SEARCH, 0.5 / _SEARCH)
    across = above[found, index] != (_taylor(spectrum[found], n, peak, 0)[:, 0] > level)
    found, index, peak = found[across], index[across], peak[across]
    first = torch.where(above[found, index], -1.0, 1.0).to(lines)
    high = torch.cat([low + 1 / _SEARCH, peak, (index + 1) / _SEARCH])
    low, line, sign = (
        torch.cat([low, index / _SEARCH, peak]),
        torch.cat([line, found, found]),
        torch.cat([sign, first, -first]),
    )
    return line, _root(spectrum[line], n, level, low, high, sign) % n, sign


def _root(spectrum: Tensor, n: int, level: float, low: Tensor, high: Tensor, sign: Tensor) -> Tensor:
    """The crossing (M,) between low and high (M,), where h rises (sign 1) or falls (-1), from a spectrum (M, K).

    By Newton's method, and by bisection where that leaves the interval.
    """
    low, high = low.to(sign), high.to(sign)
    position = (low + high) / 2
    for _ in range(9):
        series = _taylor(spectrum, n, position, 1)
        beyond = sign * (series[:, 0] - level) > 0
        low, high = torch.where(beyond, low, position), torch.where(beyond, position, high)
        newton = position - (series[:, 0] - level) / series[:, 1]
        inside = (newton > low - 1e-9) & (newton < high + 1e-9)  # slack for round-off: it may have converged
        position = torch.where(inside, newton, (low + high) / 2)
    return position


def _wavenumbers(spectrum: Tensor, n: int) -> Tensor:
    return 2 * math.pi * torch.arange(spectrum.shape[1], dtype=torch.float64, device=spectrum.device) / n


def _taylor(spectrum: Tensor, n: int, position: Tensor, order: int) -> Tensor:
    """(M, order + 1) Taylor coefficients of line i at position[i]."""
    omega = _wavenumbers(spectrum, n)
    waves = spectrum * torch.exp(1j * omega * position[:, None])
    powers = torch.stack([(1j * omega) ** q / math.factorial(q) for q in range(order + 1)], 1)
    return (waves @ powers).real


def _jumps(series: Tensor, kink: Kink) -> Tensor:
    """(M, Q) jumps of the derivatives 1, ..., Q of sum_k jump_k u(p)^k, from the Taylor coefficients of h."""
    u, order = series.clone(), series.shape[1] - 1
    u[:, 0] = 0  # by definition of a crossing
    total, power = torch.zeros_like(u), torch.zeros_like(u)
    power[:, 0] = 1
    for coefficient in kink.jump[:order]:
        power = torch.stack([(power[:, : q + 1] * u[:, : q + 1].flip(1)).sum(1) for q in range(order + 1)], 1)
        total += coefficient * power
    factorials = torch.tensor([math.factorial(q) for q in range(1, order + 1)]).to(u)
    return total[:, 1:] * factorials


def _bernoulli_table(terms: int, n: int, down: int) -> Tensor:
    """(Q, Q + 2) coefficients in x = p / n of b_(q - down), b_q = -n^q / (q + 1)! B_(q+1)(x), for q = 1, ..., Q."""
    numbers = [1.0]
    for m in range(1, terms + 2):
        numbers.append(-sum(math.comb(m + 1, k) * numbers[k] for k in range(m)) / (m + 1))
    table = torch.zeros(terms, terms + 2, dtype=torch.float64)
    for row in range(terms):
        q = row + 1 - down
        for k in range(q + 2):
            table[row, k] = -(n**q) / math.factorial(q + 1) * math.comb(q + 1, k) * numbers[q + 1 - k]
    return table


def _polynomial(coefficients: Tensor, x: Tensor) -> Tensor:
    """(M, P) values at x (M, P) of polynomials given by rows (M, Q), constants first."""
    result = torch.zeros_like(x)
    for column in reversed(coefficients.unbind(1)):
        result = result * x + column[:, None]
    return result
