"""`assert_equivariant`: passes what is symmetric, and says what is wrong with what is not."""

import pytest
import torch
from studies.steerable import discs, steerable
from tests.helpers import check_refused
from tests.measuring.test_ground_truth import broken
from torch import nn

import symmeter

X = discs(2)


@pytest.mark.parametrize("group", ["C4", "D4"])
def test_steerable_layers_keep_their_promise(group):
    result = symmeter.assert_equivariant(steerable(group), X, group, f"2:regular({group})")
    assert result.rows[0].measure == "relative_error"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_tolerance_knows_the_dtype(dtype):
    net = steerable("C4").to(dtype)
    symmeter.assert_equivariant(net, X.to(dtype), "C4")
    with torch.no_grad():
        net[5].weight += 1e-9
    symmeter.assert_equivariant(net, X.to(dtype), "C4")
    almost = Almost(net, 1e-8).eval()
    if dtype == torch.float32:
        symmeter.assert_equivariant(almost, X.to(dtype), "C4")
    else:
        with pytest.raises(AssertionError):
            symmeter.assert_equivariant(almost, X.to(dtype), "C4")


class Almost(nn.Module):
    """A network and a little of what breaks its symmetry."""

    def __init__(self, net, share):
        super().__init__()
        self.net, self.share = net, share

    def forward(self, x):
        return self.net(x) + self.share * x[:, 0, :4, 12] + self.share * x[:, 0, 14:18, 10]


def test_the_message_names_element_floor_tolerance_and_causes():
    with pytest.raises(AssertionError) as caught:
        symmeter.assert_equivariant(broken(steerable("C4")), X, "C4", "2:regular(C4)")
    words = str(caught.value)
    for word in ("not symmetric under C4", "output 2", "worst element is 'rotate", "relative error of", "tolerance",
                 "floor", "sual causes"):  # fmt: skip
        assert word in words
    assert "\n" not in words


def test_a_tolerance_may_be_given():
    spoilt = broken(steerable("C4"))
    symmeter.assert_equivariant(spoilt, X, "C4", "2:regular(C4)", tolerance=2.0)
    with pytest.raises(AssertionError, match="as given"):
        symmeter.assert_equivariant(steerable("C8"), X, "C8", tolerance=1e-12)


def test_pytest_shows_the_callers_line_only():
    with pytest.raises(AssertionError) as caught:
        symmeter.assert_equivariant(nn.Flatten(), X, "hflip")
    frames = [entry for entry in caught.traceback if not entry.ishidden(caught)]
    assert frames[-1].path.name == "test_assertion.py"


def test_networks_that_are_not_finite_do_not_pass():
    class Nan(nn.Module):
        def forward(self, x):
            return x.mean((2, 3)) * torch.where(torch.arange(len(x)) == 0, torch.nan, 1.0)[:, None]

    with pytest.raises((AssertionError, symmeter.SymmeterError), match="NaN"):
        symmeter.assert_equivariant(Nan(), X, "C4")


def test_a_user_mistake_is_no_failed_assertion():
    with pytest.raises(symmeter.SymmeterError, match="square images"):
        symmeter.assert_equivariant(nn.Flatten(), torch.rand(2, 1, 4, 6), "C4")


# along generators


class Spectrum(nn.Module):
    """The power of some low frequencies, which no translation changes, and a share of some pixels, which it does."""

    def __init__(self, share):
        super().__init__()
        self.share = share
        self.eval()

    def forward(self, x):
        power = torch.fft.fft2(x)[..., :3, :3].abs().square().flatten(1) / 100
        return torch.cat([power, self.share * x[..., 2, 3]], 1)


IMAGES = torch.rand(24, 2, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
PERIODIC = {"symmetry": "translation", "output": "logits", "definition": "periodic"}


def test_exact_symmetries_along_generators_pass():
    result = symmeter.assert_equivariant(Spectrum(0.0), IMAGES, **PERIODIC)
    assert [row.symmetry for row in result.rows] == ["translation_x", "translation_y"]
    both = symmeter.assert_equivariant(lambda x: x.mean((2, 3)), IMAGES, "translation_x,C4", "logits", definition="periodic")  # fmt: skip
    assert {row.measure for row in both.rows} == {"lee", "relative_error"}


def test_what_is_not_exact_is_named_with_its_interval():
    with pytest.raises(AssertionError) as caught:
        symmeter.assert_equivariant(Spectrum(1e-3), IMAGES, **PERIODIC)
    words = str(caught.value)
    for word in (
        "Spectrum is not symmetric under translation_x",
        "Lie derivative",
        "10 floors",
        "max_stability",
        "[",
    ):
        assert word in words
    symmeter.assert_equivariant(Spectrum(1e-3), IMAGES, **PERIODIC, tolerance=1.0)


def test_a_learned_symmetry_is_promised_by_its_stability():
    result = symmeter.assert_equivariant(Spectrum(0.1), IMAGES, **PERIODIC, max_stability=0.5)
    assert all(row.stability_high < 0.5 for row in result.rows)
    with pytest.raises(
        AssertionError, match=r"not as symmetric under translation_x.*stability .* \[.* from 24 images"
    ):
        symmeter.assert_equivariant(Spectrum(100.0), IMAGES, **PERIODIC, max_stability=0.5)
    with pytest.raises(AssertionError, match="tolerance"):  # a tolerance is asserted as well
        symmeter.assert_equivariant(Spectrum(0.1), IMAGES, **PERIODIC, max_stability=0.5, tolerance=1e-12)


def test_it_says_how_many_images_would_decide():
    row = symmeter.measure(Spectrum(0.1), IMAGES, **PERIODIC, progress=False).rows[0]
    between = (row.stability * row.stability_high) ** 0.5
    with pytest.raises(
        AssertionError, match=r"about 9[67] images would decide"
    ):  # half of the width: 4 times as many
        symmeter.assert_equivariant(Spectrum(0.1), IMAGES, **PERIODIC, max_stability=between)


def test_specificity_is_promised_by_its_own_bound():
    result = symmeter.measure(Spectrum(0.1), IMAGES, **PERIODIC, progress=False)
    highest = max(row.specificity_high for row in result.rows)
    symmeter.assert_equivariant(Spectrum(0.1), IMAGES, **PERIODIC, max_specificity=1.01 * highest)
    with pytest.raises(AssertionError, match=r"specificity .* must be below"):
        symmeter.assert_equivariant(Spectrum(0.1), IMAGES, **PERIODIC, max_specificity=0.99 * highest)


def test_a_promise_of_stability_needs_images_and_a_network_that_reacts():
    with pytest.raises(symmeter.SymmeterError, match="needs 8 images or more, and there are 7"):
        symmeter.assert_equivariant(Spectrum(0.1), IMAGES[:7], **PERIODIC, max_stability=0.5)
    with pytest.raises(AssertionError, match="reacts to nothing"):
        symmeter.assert_equivariant(lambda x: 0 * x.mean((2, 3)) + 1, IMAGES, **PERIODIC, max_stability=0.5)
    symmeter.assert_equivariant(
        Spectrum(0.0), IMAGES, **PERIODIC, max_stability=1e-6
    )  # exact: nothing is resolved


def test_stability_over_a_group():
    images = torch.rand(16, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    symmeter.assert_equivariant(lambda x: x.mean((2, 3)), images, "C4", max_stability=0.1)
    with pytest.raises(AssertionError, match="stability"):
        symmeter.assert_equivariant(lambda x: x[:, :, 1, 2], images, "C4", max_stability=0.1)


# layers


class Ramp(nn.Module):
    """Brighter to the right: what breaks the symmetry."""

    def forward(self, x):
        return x * torch.linspace(0.5, 1.5, x.shape[-1], dtype=x.dtype)


def circular(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="circular")


def test_the_layer_that_breaks_the_symmetry_is_named():
    torch.manual_seed(0)
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    good = nn.Sequential(circular(2, 3), circular(3, 3), *pool).double().eval()
    symmeter.assert_equivariant(good, IMAGES, **PERIODIC, layers=True)
    bad = nn.Sequential(circular(2, 3), Ramp(), circular(3, 3), *pool).double().eval()
    spec = PERIODIC | {"tolerance": 1e9}  # of the whole nothing is asked
    symmeter.assert_equivariant(bad, IMAGES, **spec, layers=True)
    loose = PERIODIC | {"symmetry": "translation_x", "max_stability": 1e9}
    with pytest.raises(
        AssertionError, match=r"1 of \d layers break the symmetry, most of all 1 under translation_x"
    ):
        symmeter.assert_equivariant(bad, IMAGES, **loose, layers=True)
    symmeter.assert_equivariant(bad, IMAGES, **loose, layers=["0", "2"])
    with pytest.raises(AssertionError, match="100% of the error"):
        symmeter.assert_equivariant(bad, IMAGES, **loose, layers="1*")
    with pytest.raises(symmeter.SymmeterError, match="no layer has such a name"):
        symmeter.assert_equivariant(bad, IMAGES, **loose, layers="block*")
    with pytest.raises(symmeter.SymmeterError, match="layers: the error is attributed along generators"):
        symmeter.assert_equivariant(bad, IMAGES, "C4", layers=True)


def test_preprocessing_batch_size_and_options_are_passed_on():
    pixels = (255 * torch.rand(9, 12, 12, 3)).byte()
    preprocessing = {"img_size": 8, "mean": 0.5, "std": 0.5}
    result = symmeter.assert_equivariant(
        lambda x: x.mean((2, 3)),
        pixels,
        "C4",
        preprocessing=preprocessing,
        batch_size=4,
        device="cpu",
        samples=8,
    )
    assert result.header["data"]["preprocessing"]["size"] == [8, 8] and result.rows[0].n == 8


def test_over_groups_there_is_no_specificity_to_bound():
    check_refused("max_specificity=0.5: over a group such as C4", symmeter.assert_equivariant,
                  Spectrum(0.1), IMAGES, "rotation,C4", max_specificity=0.5)  # fmt: skip


# against a reference


def test_a_model_that_has_become_less_symmetric_is_caught():
    better, worse = Spectrum(0.1), Spectrum(1.0)
    passed = symmeter.assert_more_equivariant(better, worse, IMAGES, **PERIODIC)
    assert {row.verdict for row in passed.rows if row.quantity == "stability"} == {"more stable"}
    symmeter.assert_more_equivariant(better, better, IMAGES, **PERIODIC)
    with pytest.raises(AssertionError) as caught:
        symmeter.assert_more_equivariant(worse, better, IMAGES, **PERIODIC)
    words = str(caught.value)
    for word in (
        "Spectrum #2 is less symmetric under translation_x than Spectrum",
        "stability",
        "times as large",
        "[",
        "24 images",
    ):
        assert word in words
    with pytest.raises(AssertionError, match="where 2 times are allowed"):
        symmeter.assert_more_equivariant(worse, better, IMAGES, **PERIODIC, margin=2)
    symmeter.assert_more_equivariant(worse, better, IMAGES, **PERIODIC, margin=1e6)
    with pytest.raises(AssertionError, match="value 100 times as large"):  # a square
        symmeter.assert_more_equivariant(worse, better, IMAGES, **PERIODIC, quantity="value")


def test_an_exact_symmetry_is_not_lost():
    symmeter.assert_more_equivariant(Spectrum(0.0), Spectrum(0.0), IMAGES, **PERIODIC)
    with pytest.raises(AssertionError, match="not symmetric under translation_x, and Spectrum is, as far as"):
        symmeter.assert_more_equivariant(Spectrum(0.1), Spectrum(0.0), IMAGES, **PERIODIC)


def test_mistakes_of_a_comparison_are_no_failed_assertions():
    for kwargs, words in [
        ({"quantity": "colour"}, "unknown quantity 'colour'"),
        ({"margin": 0.5}, "margin is 0.5"),
    ]:
        with pytest.raises(symmeter.SymmeterError, match=words):
            symmeter.assert_more_equivariant(Spectrum(1.0), Spectrum(1.0), IMAGES, **PERIODIC, **kwargs)
    with pytest.raises(symmeter.SymmeterError, match="needs 8 images or more, and there are 7"):
        symmeter.assert_more_equivariant(Spectrum(1.0), Spectrum(1.0), IMAGES[:7], **PERIODIC)
