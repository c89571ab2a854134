import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.networks import PERIODIC, Energies, before_energies, noise, smooth
from torch import nn

from symmeter.curing.remedies.filtered_activation import Filtered, FilteredActivation, half_way


class TestFilteredActivation(RemedyContract):
    remedy = FilteredActivation()
    case = Case(before_energies(nn.ReLU), smooth(), options=PERIODIC)
    factor = 3.0
    not_for = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Softmax(1), nn.Flatten(), nn.Linear(8, 8), nn.ReLU())
    # an activation that makes no overtones: the error is that of the stride before it
    unhelped = Case(before_energies(lambda: nn.Conv2d(2, 4, 3, 4), lambda: nn.LeakyReLU(0.99)), noise())


class TestWithParameters(TestFilteredActivation):
    case = Case(before_energies(lambda: nn.PReLU(2)), smooth(), options=PERIODIC)
    factor = 2.0


def test_it_is_the_low_pass_of_a_grid_twice_as_fine():
    """The definition: zeros between samples, one filter of 11 taps, the activation, half of that filter, every second."""
    x = torch.rand(1, 1, 24, 1, dtype=torch.float64) - 0.5
    taps = torch.tensor([3, 0, -25, 0, 150, 256, 150, 0, -25, 0, 3], dtype=x.dtype)[None, None] / 256
    column = x[0, :, :, 0]
    fine = torch.zeros(1, 48, dtype=x.dtype)
    fine[:, ::2] = column
    fine = nn.functional.relu(nn.functional.conv1d(fine[None], taps, padding=5))
    wanted = nn.functional.conv1d(fine, taps / 2, padding=5)[0, :, ::2]
    made = Filtered(nn.ReLU())(x)[0, :, :, 0]
    torch.testing.assert_close(made[:, 8:-8], wanted[:, 8:-8])
    assert not torch.allclose(made, column.relu(), atol=1e-2)


def test_it_shifts_nothing():
    x = noise(18)
    made = Filtered(nn.SiLU())
    for axis in (-1, -2):
        torch.testing.assert_close(made(x.flip(axis)), made(x).flip(axis))
    torch.testing.assert_close(made(x.mT), made(x).mT)


def test_a_linear_activation_leaves_low_frequencies_as_they_are():
    t = torch.arange(32, dtype=torch.float64)
    low = torch.sin(2 * torch.pi * t / 16).expand(1, 1, 32, 32)
    high = torch.cos(torch.pi * t).expand(1, 1, 32, 32)
    made = Filtered(nn.LeakyReLU(1.0))
    inside = (..., slice(8, -8), slice(8, -8))
    torch.testing.assert_close(made(low)[inside], low[inside], atol=2e-3, rtol=0)
    torch.testing.assert_close(made(high)[inside], high[inside] / 2)


def test_polynomials_are_met_half_way():
    t = torch.arange(12, dtype=torch.float64)
    for degree in range(6):
        torch.testing.assert_close(half_way(t[None] ** degree, -1)[0], (t[2:-3] + 0.5) ** degree)


def test_what_is_no_map_goes_through_as_before():
    act = nn.SiLU(inplace=True)
    for shape in ((3, 5), (3, 5, 8), (3, 5, 1, 1)):
        x = torch.randn(shape)
        torch.testing.assert_close(Filtered(act)(x.clone()), act(x.clone()))
        assert FilteredActivation().exchange(act, x) is None
    assert act.inplace


def test_a_layer_that_has_seen_no_maps_stays_in_its_place():
    model = nn.Sequential(nn.Flatten(), nn.ReLU(), Energies())
    assert FilteredActivation().places(model) == ["1"]
    purpose = TestFilteredActivation.case.purpose()
    FilteredActivation().apply(model, ["1"], {"1": torch.rand(2, 8)}, purpose)
    assert isinstance(model[1], nn.ReLU)


def test_one_activation_in_several_places_is_exchanged_in_all():
    act = nn.ReLU()
    model = nn.Sequential(nn.Conv2d(2, 2, 3), act, nn.Conv2d(2, 2, 3), act)
    remedy, purpose = FilteredActivation(), TestFilteredActivation.case.purpose()
    assert remedy.places(model) == ["1"]
    model = remedy.apply(model, ["1"], {}, purpose)
    assert isinstance(model[1], Filtered) and model[1] is model[3]


def test_overtones_that_a_quarter_of_the_band_makes_are_gone_where_there_is_no_edge():
    """In the interior, against the activation on a grid eight times as fine."""
    x = smooth(32)
    from symmeter.domains.grids.aliasing.kinks import resample

    fine = resample(resample(x, 8, -1), 8, -2).relu()
    spectrum = torch.fft.fft2(fine)
    low = (torch.fft.fftfreq(256) * 8).abs() < 0.45
    wanted = torch.fft.ifft2(spectrum * low[:, None] * low).real[..., ::8, ::8]
    inside = (..., slice(8, -8), slice(8, -8))
    plain = (x.relu() - wanted)[inside].square().mean()
    filtered = (Filtered(nn.ReLU())(x) - wanted)[inside].square().mean()
    assert filtered < plain / 2
