"""The derivative of a sampled image, against closed forms."""

import math

import pytest
import torch

from symmeter.domains.grids.interpolants import INTERPOLANTS, parse_interpolant
from symmeter.domains.grids.interpolants.local import Gruver2023
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.errors import SymmeterError

SIZES = [1, 2, 7, 8, 224]


@pytest.mark.parametrize("n", SIZES)
def test_bandlimited_differentiates_every_cosine_exactly(n):
    position = torch.arange(n, dtype=torch.float64) + 0.5
    for k in range(0, n, max(1, n // 7)):
        slope = Bandlimited().derivative(n) @ torch.cos(math.pi * position * k / n)
        exact = -math.pi * k / n * torch.sin(math.pi * position * k / n)
        torch.testing.assert_close(slope, exact, atol=1e-11, rtol=0)


@pytest.mark.parametrize("n", SIZES)
def test_periodic_differentiates_every_wave_below_nyquist_exactly(n):
    position = torch.arange(n, dtype=torch.float64)
    for k in range(0, (n + 1) // 2, max(1, n // 7)):
        omega = 2 * math.pi * k / n
        slope = Periodic().derivative(n) @ torch.sin(omega * position + 0.3)
        torch.testing.assert_close(slope, omega * torch.cos(omega * position + 0.3), atol=1e-10, rtol=0)


def test_gruver2023_is_the_forward_difference_with_a_mirror_at_the_last_pixel():
    x = torch.tensor([1.0, 4.0, 9.0, 16.0], dtype=torch.float64)
    assert (Gruver2023().derivative(4) @ x).tolist() == [3, 5, 7, -7]
    half = Gruver2023().interpolation(4, torch.tensor([0.5, 3.5, -0.5])) @ x
    assert half.tolist() == [2.5, 12.5, 2.5]


@pytest.mark.parametrize("name", INTERPOLANTS)
@pytest.mark.parametrize("n", SIZES)
def test_interpolation_returns_the_samples_and_its_slope_is_the_derivative(name, n):
    definition = INTERPOLANTS[name]
    position = torch.arange(n, dtype=torch.float64)
    x = torch.randn(n, dtype=torch.float64)
    torch.testing.assert_close(definition.interpolation(n, position) @ x, x)
    h = 1e-6
    ahead = definition.interpolation(n, position + h) @ x
    behind = definition.interpolation(n, position - (0 if name == "gruver2023" else h)) @ x
    slope = (ahead - behind) / (h if name == "gruver2023" else 2 * h)
    torch.testing.assert_close(slope, definition.derivative(n) @ x, atol=1e-6 * n, rtol=1e-6)


def test_differentiate_works_on_any_axis_and_keeps_the_dtype():
    x = torch.randn(2, 5, 6, dtype=torch.float32)
    along = Bandlimited().differentiate(x, 1)
    slow = torch.einsum("ij,bjc->bic", Bandlimited().derivative(5).float(), x)
    torch.testing.assert_close(along, slow)
    assert along.dtype == torch.float32


def test_unknown_definition_names_the_nearest():
    with pytest.raises(SymmeterError, match="did you mean 'bandlimited'"):
        parse_interpolant("bandlimit")


@pytest.mark.parametrize("name", INTERPOLANTS)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("cutoff", [1.0, 0.6])
@pytest.mark.parametrize(("dtype", "precision"), [(torch.float32, 3e-7), (torch.float64, 1e-12)])
def test_the_stencil_is_the_dense_interpolation(name, n, cutoff, dtype, precision):
    definition = INTERPOLANTS[name]
    positions = torch.linspace(-n, 2 * n, 301, dtype=torch.float64)
    x = torch.randn(n, dtype=torch.float64)
    refined = definition.refinement(n, cutoff, dtype)
    fine = x if refined is None else refined @ x
    stencil = definition.stencil(n, positions, cutoff, dtype)
    exact = definition.interpolation(n, positions, cutoff) @ x
    tolerance = 1e-14 if refined is None else precision
    found = (stencil.weights * fine[definition.fold(stencil.indices, len(fine))]).sum(1)
    torch.testing.assert_close(found, exact, atol=tolerance * float(x.abs().max()), rtol=0)


@pytest.mark.parametrize("name", ["bandlimited", "periodic", "sinc"])
def test_a_cutoff_keeps_low_frequencies_and_takes_high_ones_out(name):
    definition, n = INTERPOLANTS[name], 64
    position = torch.arange(n, dtype=torch.float64)
    inner = position[12:-12] + 0.3
    for k, kept in ((4, 1.0), (56, 0.0)):
        wave = torch.cos(torch.pi * k * (position + 0.5) / n)
        exact = kept * torch.cos(torch.pi * k * (inner + 0.5) / n)
        torch.testing.assert_close(definition.interpolation(n, inner, 0.5) @ wave, exact, atol=2e-2, rtol=0)


def _exact(name, n):
    """The derivative as the sum over waves that defines it, to 40 digits."""
    import mpmath

    mpmath.mp.dps = 40
    pi = mpmath.pi
    rows = []
    for i in range(n):
        row = []
        for j in range(n):
            if name == "bandlimited":
                terms = [-(pi * k / n) * mpmath.sin(pi * (2 * i + 1) * k / (2 * n)) * 2 / n
                         * mpmath.cos(pi * (2 * j + 1) * k / (2 * n)) for k in range(1, n)]  # fmt: skip
            else:
                terms = [
                    -(2 * pi * k / n) * mpmath.sin(2 * pi * k * (i - j) / n) * 2 / n
                    for k in range(1, (n + 1) // 2)
                ]
            row.append(float(mpmath.fsum(terms)))
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64)


@pytest.mark.parametrize("name", ["bandlimited", "periodic"])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 45])
def test_every_entry_of_a_derivative_is_right_to_the_last_bit(name, n):
    found, exact = INTERPOLANTS[name].derivative(n), _exact(name, n)
    size = exact.abs().max()
    wrong = (found - exact).abs() > 2.3e-16 * exact.abs() + 1e-30 * size
    assert not wrong.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [2, 7, 8, 31, 224])
def test_symmetries_of_the_derivatives_hold_to_the_bit(n, dtype):
    circulant = Periodic().derivative(n).to(dtype)
    assert torch.equal(circulant.roll((1, 1), (0, 1)), circulant)
    assert torch.equal(circulant.T, -circulant)
    mirrored = Bandlimited().derivative(n).to(dtype)
    assert torch.equal(mirrored.flip(0, 1), -mirrored)


@pytest.mark.parametrize("name", ["bandlimited", "periodic"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_constant_has_no_derivative_at_all(name, dtype):
    x = torch.full((2, 3, 31, 28), 1234.567, dtype=dtype)
    for axis in (1, 2, -1):
        assert not INTERPOLANTS[name].differentiate(x, axis).any()


@pytest.mark.parametrize("name", ["bandlimited", "periodic"])
def test_far_positions_and_fine_grids_are_as_exact_as_near_ones(name):
    definition, n = INTERPOLANTS[name], 224
    whole = definition.interpolation(n, torch.arange(n, dtype=torch.float64) + 2 * n * 1000)
    torch.testing.assert_close(whole, torch.eye(n, dtype=torch.float64), atol=3e-15, rtol=0)
    fine = definition.refinement(n)
    assert torch.equal(fine.flip(0, 1), fine)
