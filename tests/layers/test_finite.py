"""Contributions over groups: known ones, the limit along a generator, and layers that must not be blamed."""

import pytest
import torch
from torch import nn

from symmeter.domains.points.domain import Points
from symmeter.domains.space.components import Positions, Vectors
from symmeter.domains.space.field import NODE, Field
from symmeter.domains.space.generators import GENERATORS
from symmeter.domains.space.motion import rotation_about
from symmeter.layers.contributions import Attribution
from symmeter.layers.finite import FiniteAttribution
from symmeter.layers.fitted import Setting
from symmeter.layers.layouts import Layouts
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.groups.permutations import Permutation
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.symmetry.representations.trivial import Trivial

TURN = rotation_about((1, 2, 3), 77)
CYCLE = Permutation((1, 2, 4, 0, 3))


@pytest.fixture
def points():
    return torch.randn(3, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def attribution(net, x, elements, rho_in=None, rho_out=None, layouts=None):
    domain = Points()
    rho_in, rho_out = rho_in or Field(Positions(), NODE), rho_out or Trivial()
    setting = Setting(net, net, rho_in, rho_out, domain, Layouts(layouts, net, domain))
    return FiniteAttribution(setting, x, elements)


def by_layer(found, contributions):
    return dict(zip([part.layer for part in found.tree.parts], contributions.values[0], strict=True))


def check_sums(found, contributions, errors):
    """The root is the mean square of the error, terminal parts add up to it, and every parent is its children."""
    values = by_layer(found, contributions)
    whole = errors.square().flatten(2).mean(-1).mean(0)
    torch.testing.assert_close(values[""], whole, rtol=1e-10, atol=0)
    terminal = sum(values[part.layer] for part in found.tree.parts if part.terminal)
    torch.testing.assert_close(terminal, whole, rtol=1e-10, atol=1e-14)
    for part in found.tree.parts:
        inside = [values[other.layer] for other in found.tree.parts if other.parent == part.layer]
        if inside:
            torch.testing.assert_close(sum(inside), values[part.layer], rtol=1e-10, atol=1e-14)


def seeded(net):
    return net.double().eval()


def test_contributions_of_linear_layers_are_those_computed_by_hand(points):
    """v_1 = W2 (R^-1 W1 R - W1) x and v_2 = W2 (1 - R^-1) W1 R x, for a hidden vector."""
    torch.manual_seed(0)
    net = seeded(nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 2, bias=False)))
    x, rotation = points[:, 0], TURN.rotation
    found = attribution(net, x, [TURN], Field(Vectors()), layouts={"0": "vectors"})
    contributions, errors = found(x)
    first, second = (layer.weight.detach() for layer in net)
    one = x @ (second @ (rotation.T @ first @ rotation - first)).T
    two = x @ (second @ (torch.eye(3) - rotation.T) @ first @ rotation).T
    torch.testing.assert_close(errors[0], one + two)
    values = by_layer(found, contributions)
    torch.testing.assert_close(values["0"], (one * (one + two)).mean(1))
    torch.testing.assert_close(values["1"], (two * (one + two)).mean(1))
    torch.testing.assert_close(contributions.norms[0, 1], one.square().sum(1))


def test_near_the_identity_they_are_those_along_the_generator(points):
    torch.manual_seed(0)
    net = seeded(nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 2)))
    x, generator, t = points[:, 0], GENERATORS["rotation_y"], 1e-5
    layouts = {"2": "vectors", "3": "vectors"}
    found = attribution(net, x, [generator.motion(t)], Field(Vectors()), layouts=layouts)
    finite = found(x)[0].values[0] / t**2
    symmetry = Symmetry("test", (generator,), Field(Vectors()), Trivial())
    along = Attribution(net, net, x, symmetry, Points(), Layouts(layouts, net, Points()))
    _, derivative = lie_derivative(net, x, [generator], Field(Vectors()), Trivial())
    values = along(x, derivative, 0, 0).values[0]
    torch.testing.assert_close(finite, values, rtol=1e-3, atol=1e-4 * float(values.abs().max()))
    assert (values[[1, 3, 4]].abs().mean(1) > 1e-3 * values[0].mean()).all()  # several layers have their part


class Positional(nn.Module):
    """Adds a vector of its own to every point."""

    def __init__(self, n, width):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n, width))

    def forward(self, h):
        return h + self.weight


class Mean(nn.Module):
    def forward(self, h):
        return h.mean(1)


class Mixed(nn.Module):
    """Every point with the mean over all, by a non-linear map."""

    def __init__(self, width):
        super().__init__()
        self.own, self.others = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, h):
        return torch.tanh(self.own(h) + self.others(h.mean(1, keepdim=True)))


def test_symmetric_layers_behind_one_that_is_not_have_nothing_to_do_with_it(points):
    torch.manual_seed(0)
    layers = nn.Linear(3, 8), Mixed(8), Positional(5, 8), Mixed(8), Mixed(8), Mean(), nn.Linear(8, 2)
    net = seeded(nn.Sequential(*layers))
    found = attribution(net, points, [Permutation((1, 0, 2, 3, 4)), CYCLE])
    contributions, errors = found(points)
    check_sums(found, contributions, errors)
    values = by_layer(found, contributions)
    assert float(values["2"].mean()) > 1e-6
    innocent = [value for layer, value in values.items() if layer not in ("", "2")]
    assert float(torch.stack(innocent).abs().max()) < 1e-12 * float(values["2"].mean())
    (blamed,) = found.blame()
    assert max(blamed, key=lambda place: blamed[place].sum()) == "2"


def test_two_layers_that_break_it_share_the_error(points):
    torch.manual_seed(0)
    layers = nn.Linear(3, 8), Positional(5, 8), Mixed(8), Positional(5, 8), Mixed(8), Mean(), nn.Linear(8, 2)
    net = seeded(nn.Sequential(*layers))
    found = attribution(net, points, [CYCLE])
    contributions, errors = found(points)
    check_sums(found, contributions, errors)
    values = by_layer(found, contributions)
    assert {layer for layer, value in values.items() if float(value.abs().mean()) > 1e-8} == {"", "1", "3"}


def test_a_symmetric_network_has_nothing_but_round_off(points):
    torch.manual_seed(0)
    net = seeded(nn.Sequential(nn.Linear(3, 8), Mixed(8), Mean(), nn.Linear(8, 2)))
    contributions, _ = attribution(net, points, [CYCLE])(points)
    assert float(contributions.values.abs().max()) < 1e-28


def test_flattening_is_harmless_and_the_layer_behind_is_to_blame(points):
    torch.manual_seed(0)
    net = seeded(nn.Sequential(nn.Linear(3, 4), nn.Flatten(), nn.Linear(20, 2)))
    found = attribution(net, points, [CYCLE])
    contributions, errors = found(points)
    check_sums(found, contributions, errors)
    values = by_layer(found, contributions)
    assert float(values["1"].abs().max()) == 0
    torch.testing.assert_close(values["2"], values[""])


def test_a_module_that_is_called_twice_has_two_parts(points):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.lift, self.mixed, self.at = nn.Linear(3, 8), Mixed(8), Positional(5, 8)

        def forward(self, x):
            return self.at(self.mixed(self.at(self.mixed(self.lift(x))))).square().mean(1)

    torch.manual_seed(0)
    found = attribution(seeded(Twice()), points, [CYCLE])
    contributions, errors = found(points)
    check_sums(found, contributions, errors)
    values = by_layer(found, contributions)
    guilty = {layer for layer, value in values.items() if float(value.abs().mean()) > 1e-8}
    assert guilty == {"", "at", "at#2"}
