"""The split of the squared error and what averages gain: closed forms first, then what must not fit."""

import json
import re

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.domains.points.domain import Points
from symmeter.domains.space.components import Positions, Vectors
from symmeter.domains.space.field import NODE, Field
from symmeter.domains.space.motion import rotation_about
from symmeter.measuring.measure import measure
from symmeter.results.saved import from_parts

SIZES = (2, 4, 12, 60)
RANDOM = torch.Generator().manual_seed(0)
COUNT = 20
POINTS = torch.randn(COUNT, 3, 3, generator=RANDOM, dtype=torch.float64)
STRENGTH, OFF = 1.5, 0.25


def direction(x: Tensor) -> Tensor:
    """Of a cloud x (B, N, 3), (B, 3)."""
    return nn.functional.normalize(x[:, 0], dim=1)


def energy(x: Tensor) -> Tensor:
    """(B, 1), of distances alone."""
    return x.square().sum((1, 2))[:, None]


class Planted(nn.Module):
    """f = e + a (n . d)^2, with n along z, and the moved points themselves as vectors, longer along z."""

    def __init__(self, strength: float = STRENGTH, turn: Tensor | None = None):
        super().__init__()
        self.strength = nn.Parameter(torch.tensor(strength, dtype=torch.float64))
        self.turn = torch.eye(3, dtype=torch.float64) if turn is None else turn

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        pull = torch.diag(torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))
        along = direction(x)[:, 2:].square()
        vectors = x + self.strength * x @ pull
        return {"energy": energy(x) + self.strength * along, "forces": vectors @ self.turn}


def labels(off: float = OFF) -> dict[str, Tensor]:
    return {"energy": energy(POINTS) + off, "forces": POINTS}


def measured(model: nn.Module, data: Tensor = POINTS, symmetry: str = "SO3", **more):
    more = {"labels": labels(), "average": SIZES, "control": False} | more
    output = {"energy": "invariant", "forces": "node vectors"}
    return measure(model.eval(), data, symmetry, output=output, inputs="points", **more)


def spread_of_quadratic(m: Tensor) -> Tensor:
    """The variance of u^T M u over the sphere of u, for symmetric M (B, 3, 3): 2/15 |M - tr M / 3|^2."""
    trace = m.diagonal(dim1=1, dim2=2).sum(1)
    traceless = m - trace[:, None, None] * torch.eye(3, dtype=m.dtype) / 3
    return 2 / 15 * traceless.square().sum((1, 2))


@pytest.fixture(scope="module")
def planted():
    return measured(Planted())


def test_the_split_of_a_planted_direction_is_the_closed_form(planted):
    """A^2 = a^2 (1/5 - 1/9), and the mean over rotations of a (n . d)^2 is a / 3."""
    split = planted.splits[0]
    assert (split.output, split.unit, split.root_unit, split.n) == ("energy", "output^2", "output", COUNT)
    assert split.asymmetry == pytest.approx(4 * STRENGTH**2 / 45, rel=1e-12)
    assert split.symmetrised == pytest.approx((STRENGTH / 3 - OFF) ** 2, rel=1e-12)
    assert split.error == pytest.approx(split.symmetrised + split.asymmetry, rel=1e-12)
    assert split.share == pytest.approx(split.asymmetry / split.error, rel=1e-12)
    along = STRENGTH * direction(POINTS)[:, 2] ** 2 - OFF
    assert split.given == pytest.approx(float(along.square().mean()), rel=1e-12)
    row = next(row for row in planted.rows if row.output == "energy")
    assert row.value**2 == pytest.approx(split.asymmetry, rel=1e-12)


def test_elements_of_unequal_weight_have_unequal_parts():
    """Squares are of degree 4, which Lebedev's rule of order 5 has without error, and its plain mean has not."""
    result = measured(Planted(), sampling="lebedev(5)", average=(2,))
    split = result.splits[0]
    assert split.asymmetry == pytest.approx(4 * STRENGTH**2 / 45, rel=1e-9)
    assert split.symmetrised == pytest.approx((STRENGTH / 3 - OFF) ** 2, rel=1e-9)
    assert split.error == pytest.approx(split.symmetrised + split.asymmetry, rel=1e-9)
    assert {row.over for row in result.averages} == {"independent"}


def test_averages_over_cosets_gain_what_the_closed_form_says(planted):
    """The mean over C2 leaves the blocks of d d^T, that over D2 its diagonal, that over the tetrahedral group nothing."""
    outer = direction(POINTS)[:, :, None] * direction(POINTS)[:, None]
    inside = torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.float64)
    left = {2: outer * inside, 4: outer * torch.eye(3, dtype=torch.float64)}
    whole = 4 * STRENGTH**2 / 45
    for row in planted.averages[:4]:
        remains = spread_of_quadratic(left[row.evaluations]).mean() if row.evaluations < 12 else 0.0
        expected = whole - STRENGTH**2 * float(remains)
        assert row.over.startswith("cosets of") and row.output == "energy"
        assert row.predicted_gain == pytest.approx(expected, rel=1e-9)
        assert row.gain == pytest.approx(expected, rel=1e-9)  # 30 cosets of C2 make up one that is exact
        assert row.error == pytest.approx((STRENGTH / 3 - OFF) ** 2 + whole - expected, rel=1e-9)
        assert row.predicted_error == pytest.approx(row.error, rel=1e-9)


def test_averages_of_vectors_gain_what_the_closed_form_says(planted):
    """g^-1 f(g x) = x + a u (u . x), u = g^-1 n: its mean is x (1 + a/3), its variance a^2 |x|^2 (1/3 - 1/9)."""
    split = planted.splits[1]
    square = float(POINTS.square().mean())
    assert split.asymmetry == pytest.approx(STRENGTH**2 * square * 2 / 9, rel=1e-12)
    assert split.symmetrised == pytest.approx(STRENGTH**2 * square / 9, rel=1e-12)
    gains = [row.gain for row in planted.averages if row.output == "forces"]
    assert gains == sorted(gains) and gains[-1] == pytest.approx(split.asymmetry, rel=1e-9)


@pytest.mark.parametrize("more", [{"sampling": "haar", "elements": 200}, {"elements": 20}])
def test_independent_elements_gain_by_their_number(more):
    """Where no cosets are drawn, k elements leave A^2 / k: predicted to the error of A^2, measured to its own."""
    result = measured(Planted(), average=(2, 7), **more)
    whole = {split.output: split.asymmetry for split in result.splits}
    for row in result.averages:
        assert row.over == "independent"
        assert row.predicted_gain == pytest.approx(whole[row.output] * (1 - 1 / row.evaluations), rel=1e-9)
        assert row.gain_low < row.predicted_gain < row.gain_high
    energies = result.splits[0]
    assert energies.asymmetry_low < 4 * STRENGTH**2 / 45 < energies.asymmetry_high
    assert energies.symmetrised_low < (STRENGTH / 3 - OFF) ** 2 < energies.symmetrised_high


class Mixing(nn.Module):
    """A network with no symmetry at all, one vector per point."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(9, 16), nn.Tanh(), nn.Linear(16, 9)).double()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.layers(x.flatten(1)).unflatten(1, (3, 3))
        return {"energy": y[:, 0, :1], "forces": y}


@pytest.mark.parametrize("symmetry", ["icosahedral", "octahedral", "D3(z)", "S3"])
def test_the_split_is_an_identity_over_a_finite_group(symmetry):
    """The symmetrised model is made here, from nothing but the group, and its error is what the split leaves."""
    net = Mixing()
    (group,) = Points.symmetry(symmetry)
    result = measured(net, symmetry=symmetry, average=(group.order,))
    inputs, outputs = Field(Positions(), NODE), Field(Vectors(), NODE)
    elements = group.bind((3, 3)).enumerate()
    with torch.no_grad():
        moved = [outputs.act(g.inverse(), net(inputs.act(g, POINTS)[0])["forces"])[0] for g in elements]
    z = torch.stack(moved)
    split, average = result.splits[1], result.averages[1]
    assert split.error == pytest.approx(float((z - POINTS).square().mean()), rel=1e-10)
    assert split.symmetrised == pytest.approx(float((z.mean(0) - POINTS).square().mean()), rel=1e-10)
    assert split.error == pytest.approx(split.symmetrised + split.asymmetry, rel=1e-10)
    assert average.over == f"cosets of {group.name}" and average.evaluations == group.order
    assert average.error == pytest.approx(split.symmetrised, rel=1e-10)
    assert average.gain == pytest.approx(split.asymmetry, rel=1e-10)


@pytest.mark.slow
def test_predictions_hold_for_a_network_of_no_symmetry():
    """Of a response of high degree the elements are a sample only, and so are those of the averages."""
    result = measured(Mixing(), elements=600)
    for row in result.averages:
        assert row.gain_low < row.predicted_gain < row.gain_high, (row.output, row.evaluations)


def test_labels_of_other_samples_leave_the_asymmetry_and_raise_the_rest(planted):
    wrong = {name: values.roll(1, 0) for name, values in labels().items()}
    shuffled = measured(Planted(), labels=wrong)
    for own, other in zip(planted.splits, shuffled.splits, strict=True):
        assert other.asymmetry == pytest.approx(own.asymmetry, rel=1e-12)
        assert other.symmetrised > 3 * own.symmetrised
        assert other.error == pytest.approx(other.symmetrised + other.asymmetry, rel=1e-12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")  # the audit names it
def test_a_wrong_action_does_not_fit():
    """An exact model: with the right action all is 0, as invariant vectors its symmetrised error is that of no model."""
    exact = measured(Planted(0.0), labels=labels(0.0))
    assert max(split.error for split in exact.splits) < 1e-20
    wrong = measure(Planted(0.0).eval(), POINTS, "SO3", output={"forces": "invariant"}, inputs="points",
                    labels={"forces": POINTS}, average=(60,), control=False)  # fmt: skip
    (split,) = wrong.splits
    assert split.symmetrised == pytest.approx(float(POINTS.square().mean()), rel=1e-6)
    turned = measured(Planted(0.0, rotation_about("x", 20).rotation), labels=labels(0.0))
    assert turned.splits[1].symmetrised > 1e-3 and turned.splits[0].error < 1e-20


@pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
def test_a_label_that_is_missing_leaves_its_sample_out():
    some = labels()
    some["energy"] = some["energy"].clone()
    some["energy"][::2] = torch.nan
    result = measured(Planted(), labels=some, average=(12,))
    assert [split.n for split in result.splits] == [10, 20]
    assert result.splits[0].symmetrised == pytest.approx((STRENGTH / 3 - OFF) ** 2, rel=1e-12)
    one = measured(Planted(), labels={"forces": POINTS}, average=(12,))
    assert [split.output for split in one.splits] == ["forces"]
    assert any("no labels of energy" in warning for warning in one.warnings)


def test_labels_alone_make_the_split_and_classes_do_not():
    result = measured(Planted(), average=None)
    assert len(result.splits) == 2 and result.averages == ()
    assert measured(Planted(), average=None, labels=None).splits == ()
    assert not measured(Planted(), average=None, labels=torch.zeros(COUNT, dtype=torch.long)).splits


def test_batches_and_their_size_change_nothing():
    net = Mixing()
    whole, single = (measured(net, average=(2, 5), elements=24, batch_size=n) for n in (None, 7))
    for a, b in zip(whole.averages, single.averages, strict=True):
        assert a.gain == pytest.approx(b.gain, rel=1e-12) and a.predicted_gain == pytest.approx(
            b.predicted_gain
        )


def test_mistakes_are_one_line():
    refused = lambda message, **more: check_refused(re.escape(message), measured, Planted(), **more)
    refused("the error needs labels of energy, forces, and there are none: give labels=", labels=None)
    refused("labels of 'energy' have shape (7, 1), for 20", labels={"energy": torch.zeros(7, 1)})
    refused(
        "labels of 'forces' have shape (2,) and the output (3, 3)", labels={"forces": torch.zeros(COUNT, 2)}
    )
    refused("average is (1, 2); give a list of numbers of elements", average=(1, 2))
    refused("go with groups such as SO3 or D4, and rotation_x has none", symmetry="rotation_x")


def test_images_under_quarter_turns_have_it_too():
    """Averages over 2 of 4 quarter turns are over cosets of C2."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 5), nn.Tanh(), nn.Linear(5, 2)).double().eval()
    images = torch.rand(12, 1, 6, 6, dtype=torch.float64)
    values = {"logits": images.mean((1, 2, 3))[:, None].expand(12, 2)}
    result = measure(net, images, "C4", output="logits", labels=values, average=(2, 3, 4), control=False)
    (split,) = result.splits
    assert [row.over for row in result.averages] == ["cosets of C2", "independent", "cosets of C4"]
    assert result.averages[0].gain == pytest.approx(result.averages[0].predicted_gain, rel=1e-9)
    assert result.averages[2].error == pytest.approx(split.symmetrised, rel=1e-9)


def test_rows_are_saved_and_printed(planted, tmp_path):
    planted.to_json(tmp_path / "out.json")
    again = from_parts(json.loads((tmp_path / "out.json").read_text()))
    assert (again.splits, again.averages) == (planted.splits, planted.averages)
    assert len(planted.splits_to_pandas()) == 2 and len(planted.averages_to_pandas()) == 8
    shown = str(planted)
    assert "symmetrised" in shown and "12 tetrahedral" in shown and "60 icosahedral" in shown
    assert np.isfinite(planted.samples["error_split:SO3:energy:invariant:gain_of_12"]).all()
