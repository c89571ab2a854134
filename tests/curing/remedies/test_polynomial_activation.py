import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.networks import PERIODIC, before_energies, noise, smooth
from torch import nn

from symmeter.curing.remedies.polynomial_activation import PolynomialActivation, fitted


class Means(nn.Module):
    def forward(self, x):
        return x.mean((-2, -1))


class TestPolynomialActivation(RemedyContract):
    remedy = PolynomialActivation()
    # the spectrum of a square reaches twice as far, and the mean takes none of it
    case = Case(lambda: nn.Sequential(nn.ReLU(), Means()), smooth(), options=PERIODIC)
    factor = 1e6
    not_for = nn.Sequential(nn.Conv2d(2, 2, 3), nn.PReLU(2), nn.Softmax(1), Means())
    unhelped = Case(
        before_energies(lambda: nn.Conv2d(2, 4, 3, 4), lambda: nn.LeakyReLU(0.99)), noise(), options=PERIODIC
    )
    arguments = ("1", "3", "8")
    atol = 1e-6  # coefficients are kept in single precision until they are fitted
    misfits = ("0", "9", "-1", "2.5", "nan", "x")


class TestOfDegreeThree(TestPolynomialActivation):
    remedy = PolynomialActivation(3)
    factor = 1e4  # three times a quarter of the samples stays below their number


def test_it_is_never_usual():
    assert list(PolynomialActivation.usual(TestPolynomialActivation.case.purpose())) == []


def test_a_polynomial_is_fitted_by_itself():
    class Cubic(nn.Module):
        def forward(self, x):
            return 1 - 2 * x + 0.5 * x**3

    x = 100 * torch.randn(2000, dtype=torch.float64)
    wanted = torch.tensor([1, -2, 0, 0.5], dtype=torch.float64)
    torch.testing.assert_close(fitted(Cubic(), x, 3), wanted, atol=1e-5, rtol=1e-6)


def test_it_is_nearest_in_the_mean_square():
    x = torch.randn(3000, dtype=torch.float64)
    c = fitted(nn.ReLU(), x, 2)
    error = lambda c: (c[0] + c[1] * x + c[2] * x**2 - x.relu()).square().mean()
    for index in range(3):
        for step in (1e-3, -1e-3):
            other = c.clone()
            other[index] += step
            assert error(other) > error(c)


def test_one_value_and_constants_are_enough_to_fit_something_finite():
    for x in (torch.zeros(1, 1, 1, 1), torch.ones(3, 2), torch.tensor([[-2.0]])):
        c = fitted(nn.ReLU(), x, 2)
        assert c.isfinite().all()
        torch.testing.assert_close(c[0] + c[1] * x + c[2] * x**2, x.relu(), atol=1e-5, rtol=1e-5)


def test_what_it_saw_and_the_layer_are_left_alone():
    x = torch.randn(2, 3, 4, 4)
    before, act = x.clone(), nn.ReLU(inplace=True)
    PolynomialActivation().exchange(act, x)
    assert torch.equal(x, before) and act.inplace


def test_far_beyond_the_values_that_were_seen_it_is_constant():
    made = PolynomialActivation(8).exchange(nn.GELU(), torch.linspace(-1, 2, 50))
    x = torch.tensor([-1e6, -1.75, 2.75, 1e30])
    low, least, most, high = made(x)
    assert low == least and high == most and made(x).abs().max() < 100
