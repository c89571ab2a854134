"""What aliasing predicts of one layer's equivariance error: the theorem, applied to the layer's own spectrum.

Many layers are m = A F: a map F that commutes with translations of functions of a continuous position, then the
sampling A that folds frequency n onto alias(n). Under `periodic` their whole Lie derivative is aliasing:
L = A dF - d A F, so at frequency m

    L_m = sum_{n: alias(n) = m} 2 pi i H_n v.(n - alias(n)),          H the spectrum of F(h) before sampling.

Source: Gruver et al. 2023, section on aliasing and its theorem, with every n that folds onto m, not one.
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from symmeter.domains.grids.aliasing.kinks import resample, singular_part
from symmeter.domains.grids.aliasing.sampled_layers import Sampling, sampling
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator


@dataclass(frozen=True)
class AliasPrediction:
    """The Lie derivative that aliasing predicts, (T, B, C', ...), T over generators.

    `oversampling` is the factor K by which the grid was refined to find the spectrum, 1 where it is finite and
    the prediction exact. `change`, (T, B), is the norm of what the last doubling of K changed: an upper bound of
    the error that is left, except where the error falls as slowly as K^(-1/2): there it is about 2.4 times this.
    """

    derivative: Tensor
    change: Tensor
    oversampling: int

    def explained(self, measured: Tensor) -> Tensor:
        """(T,) shares 1 - ||L - prediction||^2 / ||L||^2 of a measured L; nan where L is 0."""
        left = (measured - self.derivative).flatten(1).square().sum(1)
        return 1 - left / measured.flatten(1).square().sum(1)


def alias_derivative(
    module: nn.Module,
    h: Tensor,
    generators: Sequence[Generator],
    *,
    oversampling: int | None = None,
    tolerance: float | None = None,
    cap: int = 32,
) -> AliasPrediction | None:
    """What aliasing predicts for L_X m(h) under `periodic`; None where the theorem says nothing of the module.

    `h` is (B, C, ...) on a grid of one to three axes, `generators` are translations. The prediction is
    - exact, from one finite spectrum, for convolution, average and blur pooling; 0 for linear maps without stride;
    - truncated for what is not linear, which makes frequencies without end: F is evaluated on a grid K times finer
      along the translation. Polynomials of degree <= K are exact, analytic functions converge exponentially in K
      (GELU, SiLU, tanh, norms over channels). Kinks make the error in norm fall only as K^(-1/2) (max pooling,
      activations that `kinks_of` does not know), unless they are known (ReLU, ReLU6, LeakyReLU, ELU, hard sigmoid
      and swish): their part of the spectrum is then summed without truncation, and the error is below 1e-8 at K = 16
      on grids of a dozen pixels, and larger on larger ones.
    From 8 on, K doubles until a doubling changes less than `tolerance` times the prediction (1e-8 in float64, 1e-4
    below) or K reaches `cap`; `oversampling` fixes K. See `AliasPrediction` for the error. Known kinks cost most: 8 s
    for 16 channels of 56 x 56 on one core, the smooth GELU 0.1 s. No hook of `module` itself runs.

    Layers that pad with anything but the circle are predicted as if they did not: what is left is their boundary.
    That a strided layer samples off the aligned grid is a constant shift, which commutes with translations.
    None also where the stride does not divide the grid: sampling then does not map waves to waves.

    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> h = torch.cos(2 * math.pi * torch.arange(8.0) * 3 / 8).expand(1, 1, 8, 8)  # 3 periods, folded onto -1 of 4
    >>> prediction = alias_derivative(nn.AvgPool2d(1, 2), h, [GENERATORS["translation_x"]])
    >>> expected = -math.pi * (3 + 1) * torch.sin(2 * math.pi * torch.arange(4.0) * 3 / 4)
    >>> prediction.oversampling, torch.allclose(prediction.derivative, expected.expand(1, 1, 1, 4, 4), atol=1e-5)
    (1, True)
    """
    shifts = [_shift(generator) for generator in generators]
    layer = sampling(module)
    if layer is None or h.ndim < 3:
        return None
    with torch.no_grad():
        h, dtype = h.detach(), h.dtype
        if not any(True for _ in (*module.parameters(), *module.buffers())):
            h = h.double()  # where the module has no dtype of its own
        y = module.forward(h.clone())
        if not isinstance(y, Tensor) or not _divides(layer.strides(h), y, h):
            return None
        if layer.linear:
            exact = _fold_all(layer, h, y, shifts, 1).to(dtype)
            return AliasPrediction(exact, exact.new_zeros(exact.shape[:2]), 1)
        if tolerance is None:
            tolerance = 1e-8 if dtype == torch.float64 else 1e-4
        result = _refined(layer, h, y, shifts, oversampling, tolerance, cap)
        return replace(result, derivative=result.derivative.to(dtype), change=result.change.to(dtype))


def _divides(strides: Sequence[int], y: Tensor, h: Tensor) -> bool:
    """Whether y (B, C', ...) has a sample at every stride of h (B, C, ...)."""
    return tuple(map(operator.mul, y.shape[2:], strides)) == tuple(h.shape[2:])


def _shift(generator: Generator) -> tuple[float, ...]:
    """Along the last axis, the one before it, ... in half-extents; SymmeterError for what is no translation."""
    if not isinstance(generator, AffineGenerator) or any(map(any, generator.linear)):
        raise SymmeterError(f"the aliasing theorem is about translations, not {generator.name}")
    return tuple(generator.on(3)[1].tolist())


def _refined(
    layer: Sampling, h: Tensor, y: Tensor, shifts: list, fixed: int | None, tolerance: float, cap: int
) -> AliasPrediction:
    """The fold at a fixed factor, or at 8, 16, ... until it settles, for h (B, C, ...) and y (B, C', ...).

    `change` is against half the factor.
    """
    factor = max((fixed or min(8, cap)) // 2, 1)
    previous = _fold_all(layer, h, y, shifts, factor)
    while True:
        factor = fixed or min(2 * factor, cap)
        derivative = _fold_all(layer, h, y, shifts, factor)
        change = _norm(derivative - previous)
        if fixed or factor >= cap or bool((change <= tolerance * _norm(derivative)).all()):
            return AliasPrediction(derivative, change, factor)
        previous = derivative


def _norm(x: Tensor) -> Tensor:
    return x.flatten(2).norm(dim=2)


def _fold_all(layer: Sampling, h: Tensor, y: Tensor, shifts: list, factor: int) -> Tensor:
    """(T, B, C', ...): the folds along all axes, weighted by each translation's components."""
    result = torch.zeros(len(shifts), *y.shape, dtype=h.dtype, device=h.device)
    if layer.linear and set(layer.strides(h)) == {1}:
        return result  # exactly, without round-off
    speeds = torch.tensor(shifts, dtype=h.dtype, device=h.device).T
    for last, speed in enumerate(speeds[: h.ndim - 2], start=1):
        if not speed.any():
            continue
        for image in range(len(h)):  # one at a time bounds the memory that the fine grid takes
            folded = _along(layer, h[image : image + 1], -last, factor)[0]
            result[:, image] += torch.tensordot(speed, folded, 0)
    return result


def _along(layer: Sampling, h: Tensor, axis: int, factor: int) -> Tensor:
    """The fold along one axis, counted from the last, of a translation by half of it: (B, C', ...)."""
    strides, refinement = list(layer.strides(h)), [1] * (h.ndim - 2)
    stride, strides[axis], refinement[axis] = strides[axis], 1, factor
    h = layer.before(h)
    fine = layer.dense(resample(h, factor, axis), tuple(refinement))
    kept = [slice(None, None, step) for step in strides]
    fine = torch.movedim(fine[..., *kept], axis, -1).double()  # waves along the other axes all move alike
    if layer.kinks and factor > 1:
        lines = torch.movedim(h, axis, -1).double()
        value, slope = singular_part(lines.flatten(0, -2), layer.kinks, factor)
        value, slope = value.view(fine.shape), slope.view(lines.shape)
        # its own fold needs no spectrum: the slope of a Bernoulli polynomial is another
        n = lines.shape[-1]
        folded = (
            fold(fine - value, n) + n / 2 * slope - Periodic().differentiate(n / 2 * value[..., ::factor], -1)
        )
    else:
        folded = fold(fine, h.shape[axis] // stride)
    return torch.movedim(folded, -1, axis).to(h.dtype)


def wavenumbers(n: int) -> Tensor:
    """Signed wavenumbers (n,) in the order of the FFT; 0 at the Nyquist frequency of even n, as `periodic` has it.

    >>> wavenumbers(4).tolist()
    [0.0, 1.0, 0.0, -1.0]
    """
    k = torch.arange(n, dtype=torch.float64)
    k = torch.where(k > n / 2, k - n, k)
    return torch.where(2 * k == n, 0.0, k)


def fold(fine: Tensor, n: int) -> Tensor:
    """A dF - d A F of a translation by half the last axis, from F on a grid that is a multiple of n samples.

    Returns sum_{k: alias(k) = m} pi i H_k (k - m), synthesised on the n samples: (..., n).
    """
    spectrum = torch.fft.fft(fine, norm="forward")
    ratio = fine.shape[-1] // n
    away = wavenumbers(n * ratio) - wavenumbers(n).repeat(ratio)
    folded = (spectrum * (1j * math.pi * away).to(spectrum)).unflatten(-1, (ratio, n)).sum(-2)
    return torch.fft.ifft(folded, norm="forward").real


def predicted_norm(spectrum: Tensor, grid: tuple[int, ...], generator: Generator) -> Tensor:
    """The theorem: ||L_v A h||^2 = (2 pi)^2 sum_m |sum_{n: alias(n) = m} H_n v.(n - m)|^2, a mean over the samples.

    `spectrum` holds H, (..., M, N) in the order of `torch.fft.fftn(..., norm="forward")`, with as many axes as `grid` =
    (H', W') has; that is what it is sampled on, and it divides (M, N); v in extents of the grid. Returns (...).

    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> wave = torch.zeros(1, 6, dtype=torch.complex128)
    >>> wave[0, 2] = 1  # 2 periods on 3 samples look like -1, so L moves by 3: (2 pi)^2 (3 / 2)^2
    >>> float(predicted_norm(wave, (1, 3), GENERATORS["translation_x"])) / math.pi**2
    9.0
    """
    count = len(grid)
    size = tuple(spectrum.shape[-count:])
    ratios = [fine // n for fine, n in zip(size, grid, strict=True)]
    if tuple(map(operator.mul, grid, ratios)) != size:
        raise SymmeterError(f"the grid {grid} does not divide the spectrum's {size}")
    along = list(zip(grid, ratios, reversed(_shift(generator)[:count]), strict=True))
    away = _outer_sum(
        [speed * (wavenumbers(n * ratio) - wavenumbers(n).repeat(ratio)) for n, ratio, speed in along]
    )
    folded = spectrum * away.to(spectrum)
    for axis, (n, ratio, _) in enumerate(along, start=-count):
        folded = folded.unflatten(axis, (ratio, n)).sum(axis - 1)
    return math.pi**2 * folded.abs().square().flatten(-count).sum(-1)


def _outer_sum(terms: list[Tensor]) -> Tensor:
    """(M, ..., N) sums of one entry of each of the terms, (M,), ..., (N,)."""
    return torch.stack(torch.meshgrid(terms, indexing="ij")).sum(0)
