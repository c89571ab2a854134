"""What passes through layers, against a network whose deviations are computed by hand."""

import numpy as np
import pytest
import torch
from torch import nn

import symmeter
from symmeter.autodiff.strategies import OneByOne
from symmeter.curing.diagnosis import FEW, MOST, Diagnosis
from symmeter.curing.passing import _Ends
from symmeter.curing.remedies.blur import BlurBeforeStride
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.layers.attribute import profiled
from symmeter.measuring.execution import run_along
from symmeter.measuring.plan import Given, Settings, plan_along
from symmeter.symmetry.conjugate import lie_derivative, stack
from symmeter.symmetry.representations.trivial import Trivial


def network() -> nn.Sequential:
    torch.manual_seed(3)
    layers = [
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.Conv2d(4, 4, 3, stride=2, padding=1),
        nn.Tanh(),
    ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).eval()


class DarkOnly(nn.Module):
    """Has no answer for bright images."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x) / (x.amax((1, 2, 3)) < 2)[:, None]


def diagnosed(net: nn.Module, x: torch.Tensor, remedies: list | None = None, recalibrate=True):
    observer = Diagnosis([BlurBeforeStride()] if remedies is None else remedies, None, 0, recalibrate)
    given = Given(x, None, None, None, {"definition": "periodic"})
    plan = plan_along(net, given, "translation", "logits", Settings(control=False), "a test")
    done = run_along(plan, observer)
    profile = profiled(done, observer)
    return observer, profile, observer.known(done.run, profile)


def test_all_of_the_error_passes_through_the_last_layer_of_a_chain():
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    _, profile, known = diagnosed(network(), x)
    for t, name in enumerate(profile.symmetries):
        lee = torch.tensor(profile.contributions(name)[0])
        made = torch.tensor(profile.contributions(name)[[1, 2, 3]]).sum(
            0
        )  # by the first layers up to the last convolution
        passing = torch.tensor(known.passing["2"][t])
        assert torch.allclose(passing, made, rtol=1e-4, atol=1e-9 * float(lee.max()))


def test_what_passes_through_the_first_layer_is_what_it_makes():
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    _, profile, known = diagnosed(network(), x)
    for t, name in enumerate(profile.symmetries):
        own = torch.tensor(profile.contributions(name)[1])
        assert torch.allclose(torch.tensor(known.passing["0"][t]), own, rtol=1e-4, atol=1e-12)


def test_a_sample_that_is_left_out_takes_no_others_place():
    """The first has no finite output: what is known is of the others, in their order."""
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    x[0] *= 9
    net = DarkOnly(network()).eval()
    with pytest.warns(symmeter.SymmeterWarning, match="NaN or infinity"):
        _, profile, known = diagnosed(net, x)
    _, _, others = diagnosed(net, x[1:])
    assert profile.contributions("translation_x").shape[1] == known.lee.shape[1] == 5
    assert np.allclose(known.passing["net.2"], others.passing["net.2"], rtol=1e-4)


def test_without_layers_to_look_at_nothing_is_known():
    _, profile, known = diagnosed(network(), torch.rand(6, 1, 16, 16), [])
    assert known.passing == {} and known.kept == {} and known.names == profile.symmetries


def test_branches_share_what_passes():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = (nn.Conv2d(1, 2, 3, stride=2, padding=1) for _ in range(2))

        def forward(self, x):
            return (self.one(x) + self.two(x)).tanh().mean((-2, -1))

    torch.manual_seed(0)
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    _, profile, known = diagnosed(Branches().eval(), x)
    both = known.passing["one"] + known.passing["two"]
    for t, name in enumerate(profile.symmetries):
        made = torch.tensor(profile.contributions(name)[[1, 2]].sum(0))
        assert torch.allclose(torch.tensor(both[t]), made, rtol=1e-4, atol=1e-12)


class Shares(nn.Module):
    """One convolution, called twice, on maps of two sizes."""

    def __init__(self):
        super().__init__()
        self.first, self.shared = (
            nn.Conv2d(1, 4, 3, stride=2, padding=1),
            nn.Conv2d(4, 4, 3, stride=2, padding=1),
        )

    def forward(self, x):
        return self.shared(self.shared(self.first(x).tanh()).tanh()).mean((-2, -1))


def test_looking_on_leaves_every_call_of_a_layer_what_it_was():
    """The second call of a layer is seen by hooks too, and none may put anything in the place of its output."""
    torch.manual_seed(0)
    net, x = Shares().eval(), torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    ends, shapes = _Ends({"shared": net.shared}, []), []
    net.shared.register_forward_hook(lambda layer, given, out: shapes.append(tuple(out.shape)))
    with ends.watched():
        looked_on = net(x)
    assert shapes == [(4, 4, 4, 4), (4, 4, 2, 2)]
    torch.testing.assert_close(looked_on, net(x))
    _, profile, known = diagnosed(net, x)
    made = profile.contributions("translation_x")[1]
    assert np.allclose(known.passing["first"][0], made, rtol=1e-4, atol=1e-9 * known.lee.max())


def test_contributions_and_error_are_those_of_an_attribution():
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    net = network()
    _, profile, _ = diagnosed(net, x)
    plain = symmeter.attribute(net, x, "translation", "logits", "periodic", control=False, probes=0)
    assert [row.layer for row in profile.rows] == [row.layer for row in plain.rows]
    for own, other in zip(profile.rows, plain.rows, strict=True):
        assert abs(own.contribution - other.contribution) <= 1e-5 * abs(plain.rows[0].contribution)


def test_what_is_left_of_a_layer_that_stays_is_all_of_it():
    class Same(BlurBeforeStride):
        name = "same"

        def exchange(self, layer, seen):
            return layer if isinstance(layer, nn.Conv2d) else None

    x = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    observer, _, known = diagnosed(network(), x, [Same()])
    assert set(known.kept["same"]) == {"0", "2"}
    for layer, kept in known.kept["same"].items():
        assert np.allclose(kept, known.passing[layer], rtol=1e-5, atol=1e-9 * known.lee.max())
    assert not observer.failed


def by_hand(net, x, place, other):
    """(s^2 / k) <z, J d'> / outputs of every sample, (2, n), with another layer at a place; J by products forward."""
    shifts = [GENERATORS["translation_x"], GENERATORS["translation_y"]]
    grid = Grid(Periodic())
    _, z = lie_derivative(net, x, shifts, grid, Trivial())
    before, layer, after = net[:place], net[place], net[place + 1 :]
    h, pushed = OneByOne()(before, x, stack(grid.differentiate_all(shifts, x)))
    found = []
    for start in range(0, len(x), FEW):
        own = slice(start, start + FEW)
        out, deviation = lie_derivative(other, h[own], shifts, grid, grid, tangents=list(pushed[:, own]))
        # of h on h', by least squares, channel by channel
        k = [
            torch.cov(torch.stack([a.flatten(), b.flatten()]))
            for a, b in zip(layer(h[own]).unbind(1), out.unbind(1), strict=True)
        ]
        k = torch.stack([c[0, 1] / c[1, 1] for c in k])[:, None, None]
        responses = [torch.func.jvp(after, (layer(h[own]),), (one / k,))[1] for one in deviation]
        found.append((z[:, own] * torch.stack(responses)).mean(2))
    return torch.cat(found, 1).detach().numpy()


@pytest.mark.parametrize("place", [0, 2])
def test_what_a_remedy_lets_through_is_what_the_network_makes_of_it(place):
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    net = network()
    _, _, known = diagnosed(net, x)
    other = BlurBeforeStride().exchange(net[place], None)
    expected = by_hand(net, x, place, other)
    assert np.allclose(known.kept["blur"][str(place)], expected, rtol=1e-3, atol=1e-6 * known.lee.max())
    assert known.kept["blur"][str(place)].sum() < 0.8 * known.passing[str(place)].sum()


@pytest.mark.parametrize("recalibrate", [True, False])
def test_a_batch_norm_behind_gives_channels_their_spread_back(recalibrate):
    """A layer that is half of what it was passes a quarter of a square, and with new statistics as much as before."""

    class Half(BlurBeforeStride):
        name = "half"

        def exchange(self, layer, seen):
            return nn.Sequential(layer, Times(0.5)) if isinstance(layer, nn.Conv2d) else None

    class Times(nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def forward(self, x):
            return self.factor * x

    torch.manual_seed(3)
    x = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    layers = [nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4, eps=1e-9), nn.Tanh()]
    behind = [
        nn.Conv2d(4, 4, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 2),
    ]
    _, _, known = diagnosed(nn.Sequential(*layers, *behind).eval(), x, [Half()], recalibrate)
    for layer, factor in (("0", 1 if recalibrate else 0.25), ("3", 0.25)):
        kept, passing = known.kept["half"][layer], known.passing[layer]
        assert np.allclose(kept, factor * passing, rtol=1e-4, atol=1e-9 * known.lee.max())


class Normed(nn.LayerNorm):
    """Over the channels of maps, as libraries have it."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


@pytest.mark.parametrize("norm", [lambda: Normed(4, eps=1e-9), lambda: nn.LayerNorm([4, 8, 8], eps=1e-9)])
def test_so_does_a_layer_norm_whatever_is_recalibrated(norm):
    class Double(BlurBeforeStride):
        name = "double"

        def exchange(self, layer, seen):
            return nn.Sequential(layer, layer_of_two()) if isinstance(layer, nn.Conv2d) else None

    def layer_of_two():
        two = nn.Conv2d(4, 4, 1, groups=4, bias=False)
        nn.init.constant_(two.weight, 2.0)
        return two

    torch.manual_seed(3)
    x = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), norm(), *list(network())[1:])
    _, _, known = diagnosed(net.eval(), x, [Double()], recalibrate=False)
    assert np.allclose(known.kept["double"]["0"], known.passing["0"], rtol=1e-4, atol=1e-9 * known.lee.max())
    assert np.allclose(known.kept["double"]["3"], 4 * known.passing["3"], rtol=1e-4)


def test_predictions_are_from_the_first_samples_and_contributions_from_all():
    x = torch.rand(MOST + 6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    _, profile, known = diagnosed(network(), x)
    assert known.lee.shape == (2, MOST) and known.kept["blur"]["0"].shape == (2, MOST)
    assert profile.contributions("translation_x").shape[1] == MOST + 6
    _, _, few = diagnosed(network(), x[:10])
    assert np.allclose(few.passing["2"], known.passing["2"][:, :10], rtol=1e-4, atol=1e-6 * known.lee.max())


def test_a_remedy_that_fails_is_said_and_the_others_go_on():
    class Broken(BlurBeforeStride):
        name = "broken"

        def exchange(self, layer, seen):
            if seen is None:
                return layer if isinstance(layer, nn.Conv2d) else None
            raise RuntimeError("no such kernel")

    x = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    observer, _, known = diagnosed(network(), x, [Broken(), BlurBeforeStride()])
    assert observer.failed == {"broken at 0": "no such kernel", "broken at 2": "no such kernel"}
    assert known.kept["broken"] == {}
    assert set(known.kept["blur"]) == {"0", "2"}


def test_a_remedy_that_no_pass_goes_through_is_said_and_the_others_go_on():
    class Odd(BlurBeforeStride):
        name = "odd"

        def exchange(self, layer, seen):
            return nn.Sequential(nn.Conv2d(99, 4, 1)) if isinstance(layer, nn.Conv2d) else None

    x = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    observer, _, known = diagnosed(network(), x, [Odd(), BlurBeforeStride()])
    assert set(observer.failed) == {"odd at 0", "odd at 2"}
    assert known.kept["odd"] == {} and set(known.kept["blur"]) == {"0", "2"}
