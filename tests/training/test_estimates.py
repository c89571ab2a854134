"""The estimates against slow oracles: all sign vectors, all elements, closed forms."""

import itertools
import math

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

from symmeter.domains.grids.planar import Cyclic, Rotations
from symmeter.measures.squared_error import SquaredError
from symmeter.measuring.measure import measure
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.training.call import TrainingCall
from symmeter.training.estimates import along_directions, draw, over_elements, signs
from symmeter.training.samples import Meant

WORDS = "translation,rotation"  # three generators


def network(seed=0):
    torch.manual_seed(seed)
    layers = nn.Conv2d(1, 3, 3), nn.GELU(), nn.Flatten(), nn.Linear(48, 4)
    return nn.Sequential(*layers).double().eval()


def images(count=5, seed=1):
    return torch.rand(count, 1, 6, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def prepared(net, x, symmetry=WORDS, output="softmax"):
    samples = Meant(symmetry, output).of(net, x)
    return samples, TrainingCall(net, samples.outputs, samples.packing, 0)


def lee_sum(net, x, output="softmax", symmetry=WORDS):
    """(B,) by a Lie derivative for every generator."""
    samples, _ = prepared(net, x, symmetry, output)
    f = (lambda z: net(z).softmax(1)) if output == "softmax" else net
    generators = samples.plan.symmetry.generators
    _, derivative = lie_derivative(f, x, generators, samples.rho_in(), Trivial())
    return derivative.square().mean(-1).sum(0)


def test_the_mean_over_all_sign_vectors_is_the_sum_of_lee():
    net, x = network(), images()
    samples, call = prepared(net, x)
    found = []
    for c in itertools.product((-1.0, 1.0), repeat=3):
        column = torch.tensor(c)[:, None].expand(3, len(x))
        found.append(along_directions(call, samples, column).errors)
    difference = torch.stack(found).mean(0) - lee_sum(net, x)
    assert difference.abs().max() < 1e-12 * lee_sum(net, x).max()
    assert torch.stack(found).std(0).min() > 1e-6  # one vector alone does not do it


def test_all_sign_vectors_do_not_make_the_sum_where_signs_are_biased():
    net, x = network(), images()
    samples, call = prepared(net, x)
    ones = along_directions(call, samples, torch.ones(3, len(x))).errors
    assert (ones / lee_sum(net, x) - 1).abs().max() > 0.05


def test_signs_are_independent_over_generators_and_samples():
    c = signs(3, 4000, torch.Generator().manual_seed(0))
    assert set(c.unique().tolist()) == {-1.0, 1.0}
    products = c @ c.T / 4000
    assert (products - torch.eye(3)).abs().max() < 4 / math.sqrt(4000)
    assert abs(float((c[:, 1:] * c[:, :-1]).mean())) < 4 / math.sqrt(3 * 3999)


def test_a_linear_network_has_the_closed_form():
    """f(x) = W x: the error is ||W sum_i c_i X_i x||^2 / m."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 2)).double()
    x = images()
    samples, call = prepared(net, x, output="logits")
    c = signs(3, len(x), torch.Generator().manual_seed(3))
    moved = samples.rho_in().differentiate_all(samples.plan.symmetry.generators, x)
    v = sum(c[i].double()[:, None] * moved[i].flatten(1) for i in range(3))
    expected = (v @ net[1].weight.T).square().mean(1)
    assert torch.allclose(along_directions(call, samples, c).errors, expected, rtol=1e-12)


def test_a_quadratic_function_has_the_closed_form():
    """f(x) = ||x||^2 / 2: the error is <x, X x>^2."""

    class Square(nn.Module):
        def forward(self, x):
            return x.square().flatten(1).sum(1) / 2

    x = images()
    samples, call = prepared(Square(), x, "rotation", "logits")
    (moved,) = samples.rho_in().differentiate_all(samples.plan.symmetry.generators, x)
    expected = (moved * x).flatten(1).sum(1).square()
    c = signs(1, len(x), torch.Generator())
    assert torch.allclose(along_directions(call, samples, c).errors, expected, rtol=1e-12)


def test_an_equivariant_output_moves_along():
    """A pointwise network commutes with motions; taken as invariant it does not."""
    net, x = nn.Conv2d(1, 2, 1).double(), images()
    c = signs(3, len(x), torch.Generator())
    samples, call = prepared(net, x, output="logits:equivariant")
    assert along_directions(call, samples, c).errors.max() < 1e-20
    samples, call = prepared(net, x, output="logits:invariant")
    assert along_directions(call, samples, c).errors.min() > 1e-3


def test_errors_of_several_outputs_are_added():
    net, x = network(), images()
    c = signs(3, len(x), torch.Generator())
    parts = [
        along_directions(*reversed(prepared(net, x, output=name)), c).errors for name in ("softmax", "logits")
    ]
    both = along_directions(*reversed(prepared(net, x, output="softmax,logits")), c).errors
    assert torch.allclose(both, sum(parts))


def test_the_mean_over_all_elements_is_the_squared_error():
    net, x = network(), images()
    samples, call = prepared(net, x, "C4")
    group = samples.plan.symmetry.groups[0]
    made = call(x)
    errors = [
        over_elements(call, samples, samples.rho_in(group), [g], made).errors for g in group.enumerate()[1:]
    ]
    row = measure(net, x, "C4", SquaredError(), control=False, progress=False).rows[0]
    assert float(torch.stack(errors).mean().detach()) == pytest.approx(row.value, rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_elements_are_for_parts_of_the_batch(count):
    net, x = network(), images()
    samples, call = prepared(net, x, "SO2")
    group, random = samples.plan.symmetry.groups[0], torch.Generator().manual_seed(0)
    elements = [draw(group, random) for _ in range(count)]
    made, rho = call(x), samples.rho_in(group)
    together = over_elements(call, samples, rho, elements, made).errors
    assert together.shape == (5,)
    alone = torch.stack([over_elements(call, samples, rho, [g], made).errors for g in elements])
    own = (together - alone).abs() < 1e-12
    assert bool(own.any(0).all())
    assert sorted(own.float().argmax(0).tolist()) == own.float().argmax(0).tolist()  # in turn


def test_the_identity_of_a_finite_group_is_not_drawn():
    random = torch.Generator().manual_seed(0)
    names = [draw(Cyclic(3), random).name for _ in range(300)]
    assert set(names) == {"rotate 120", "rotate 240"}
    assert abs(names.count("rotate 120") - 150) < 4 * math.sqrt(75)
    assert not draw(Rotations(), random).is_identity
    check_refused("one element", draw, Cyclic(1), random)
