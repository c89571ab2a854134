"""Networks that are symmetric by construction score at the floor, broken copies and wrong representations do not."""

import copy

import pytest
import torch
from studies.steerable import Averaged, discs, steerable
from tests.helpers import check_refused
from tests.measures import plain
from torch import nn

import symmeter
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.errors import SymmeterWarning
from symmeter.kinds_of_data import parse_group
from symmeter.measures import known_measures

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")
X = discs(4)


def errors(net, group, output, measure="relative_error,geed,twirled_variance", x=X, **options):
    rows = symmeter.measure(net, x, group, measure, output, progress=False, **options).rows
    return {row.measure: row for row in rows}


def broken(net):
    """A copy with one weight of one filter perturbed, after the filter was moved: no longer equivariant."""
    other = copy.deepcopy(net)
    filters = other[2].filters
    original = filters.forward

    def forward(g):
        kernel = original(g)
        if g.is_identity:
            kernel = kernel.clone()
            kernel[0, 0, 1, 3] += 1.0
        return kernel

    filters.forward = forward
    return other


@pytest.mark.slow
@pytest.mark.parametrize("group", ["C4", "D4"])
@pytest.mark.parametrize(("output", "action"), [("0", "regular"), ("2", "regular"), ("5", "invariant")])
def test_steerable_networks_of_exact_groups_score_zero_and_broken_ones_do_not(group, output, action):
    net = steerable(group)
    name = f"{output}:{action}({group})" if action == "regular" else f"{output}:invariant"
    found = errors(net, group, name)
    assert found["relative_error"].value < 1e-12
    assert found["twirled_variance"].value < 1e-20
    assert all(row.error < 1e-12 for row in found.values())
    if output != "0":
        spoilt = errors(broken(net), group, name)
        assert spoilt["relative_error"].value > 1e-6
        assert all(row.verdict != "not resolved" for row in spoilt.values())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_in_float32_the_error_is_round_off(dtype):
    found = errors(steerable("C4").to(dtype), "C4", "2:regular(C4)", x=X.to(dtype))
    assert found["relative_error"].value < 1e-6


def test_the_wrong_representation_is_noticed():
    net = steerable("C4")
    spatial = errors(net, "C4", "2:equivariant")["relative_error"]
    invariant = errors(net, "C4", "2:invariant")["relative_error"]
    assert spatial.value > 0.05 and invariant.value > 0.05
    check_refused(r"regular\(C2\): rotate (90|270) is no element of C2", errors, net, "C4", "2:regular(C2)")


@pytest.mark.slow
def test_steerable_c8_is_exact_for_quarter_turns_and_small_between_them():
    """Filters are sampled functions: turned by 45 degrees they are not the same filter, and the grid shows."""
    net = steerable("C8", size=13)
    for output in ("2:regular(C8)", "5:invariant"):
        result = symmeter.measure(net, X, "C8", "relative_error", output, progress=False)
        by_name = {row.element: row.value for row in result.elements}
        assert by_name["rotate 90"] < 1e-12
        assert 1e-9 < by_name["rotate 45"] < 5e-3
        spoilt = errors(broken(net), "C8", output)["relative_error"]
        assert spoilt.value > 10 * result.rows[0].value


def test_c8_tells_the_floor_of_interpolation_from_an_error_of_the_model():
    """Averaged over interpolated turns a network is invariant but for the interpolation, which the floor shows."""
    torch.manual_seed(0)
    base = nn.Sequential(nn.Conv2d(1, 4, 5, stride=4), nn.Tanh(), nn.Flatten(), nn.Linear(256, 6)).double()
    grid = Grid(Bandlimited())
    acts = [lambda z, g=g: grid.act(g, z)[0] for g in parse_group("C8").enumerate()]
    x = X + 0.02 * torch.randn(X.shape, dtype=torch.float64) * (X > 0.1)  # nothing that the grid turns well
    found = errors(Averaged(base, acts).eval(), "C8", "logits", "relative_error", x)["relative_error"]
    assert found.value > 1e-6
    assert found.verdict == "not resolved"
    wrong = errors(Averaged(base, acts[:4]).eval(), "C8", "logits", "relative_error", x)["relative_error"]
    assert wrong.value > 10 * found.value and wrong.verdict != "not resolved"
    assert (
        errors(Averaged(base, acts[::2]).eval(), "C4", "logits", "relative_error", x)["relative_error"].value
        < 1e-12
    )


@pytest.mark.parametrize("group", ["C4", "D4", "hflip", "shift(1)"])
def test_group_averaged_networks_are_invariant_under_their_group_only(group):
    torch.manual_seed(0)
    base = nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 13 * 13, 6)).double()
    x = torch.randn(3, 1, 17, 17, dtype=torch.float64)
    acts = [act for act, _ in plain.motions("shift(1)" if group.startswith("shift") else group)]
    if group.startswith("shift"):  # all circular shifts: a window of a group is not closed
        acts = [lambda z, i=i, j=j: z.roll((i, j), (-2, -1)) for i in range(17) for j in range(17)]
    net = Averaged(base, acts).eval()
    found = errors(net, group, "logits", x=x, elements=16)
    assert all(row.error < 1e-10 for row in found.values())
    assert errors(net, "SO2", "logits", x=x, elements=4)["relative_error"].value > 1e-3


def test_every_measure_of_symmetry_is_zero_on_a_symmetric_network_and_not_on_another():
    torch.manual_seed(0)
    base = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 13 * 13, 3)).double()
    net = Averaged(base, [act for act, _ in plain.motions("C4")]).eval()
    x, labels = 3 * torch.randn(8, 1, 17, 17, dtype=torch.float64), torch.arange(8) % 3
    names = [
        name
        for name, m in known_measures().items()
        if getattr(m, "tests_symmetry", False)
        and not getattr(m, "of_kind", "")
        and not name.startswith(("eq_", "mask_"))  # those are of maps
    ]
    symmetric = symmeter.measure(net, (x, labels), "C4", names, progress=False).rows
    other = symmeter.measure(base.eval(), (x, labels), "C4", names, progress=False).rows
    for row, wrong in zip(symmetric, other, strict=True):
        assert row.asymmetry < 1e-7 and row.verdict == "not resolved", row.measure
        assert wrong.asymmetry > 1e-3 and wrong.verdict != "not resolved", wrong.measure
        assert wrong.selectivity is not None and wrong.selectivity > 0.3, wrong.measure


def test_eq_measures_of_maps():
    blur = nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular", bias=False).double().eval()
    x = discs(3, 32)
    for measure, group in (("eq_t", "shift(4)"), ("eq_t_frac", "T2(0.1,circular)")):
        assert errors(blur, group, "logits", measure, x)[measure].value > 200
    symmetric = steerable("C4")
    turned = errors(symmetric, "C4", "0:regular(C4)", "eq_r")["eq_r"]
    assert turned.value > 200
    other = errors(blur, "SO2", "logits", "eq_r", x, elements=6)["eq_r"]
    assert other.value < 60
    assert other.unit == "dB, range 2"


def test_points_that_are_summed_are_symmetric_under_permutations():
    class Sum(nn.Module):
        def __init__(self, weight=None):
            super().__init__()
            self.weight = torch.ones(5, 1) if weight is None else weight

        def forward(self, x):
            return (torch.tanh(x) * self.weight.to(x)).sum(1)

    points = torch.randn(6, 5, 3, dtype=torch.float64)
    assert errors(Sum(), "S5", "logits:vectors", "relative_error", points)["relative_error"].value < 1e-6
    spoilt = Sum(torch.tensor([[1.0], [1], [1], [1], [2]]))
    row = errors(spoilt, "S5", "logits:vectors", "relative_error", points)["relative_error"]
    assert row.elements == 120 and row.value > 0.05


def test_colours_and_products():
    gray = (
        nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten()).double().eval()
    )
    gray[0].weight.data[:] = torch.tensor([1.0, 2.0]).reshape(2, 1, 1, 1)
    x = torch.rand(3, 3, 8, 8, dtype=torch.float64)
    assert errors(gray, "C4*colours", "logits", "relative_error", x)["relative_error"].value < 1e-14
    gray[0].weight.data[0, 0] = 3
    row = errors(gray, "C4*colours", "logits", "relative_error", x)["relative_error"]
    assert row.value > 0.005 and "channels" in row.worst_element


def test_the_wrong_group_control_is_large_for_an_equivariant_network():
    row = errors(steerable("C4"), "C4", "2:regular(C4)", "twirled_variance", control="wrong-group")[
        "twirled_variance"
    ]
    assert row.error < 1e-20 < 1e-6 < row.control
    with pytest.raises(
        symmeter.SymmeterError, match="wrong-group control needs an output that the group moves"
    ):
        errors(steerable("C4"), "C4", "logits", control="wrong-group")
