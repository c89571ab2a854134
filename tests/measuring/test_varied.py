"""Samples of several shapes in one run: the same numbers as in runs of their own, with the control of their own shape."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.domains.points.data import SetPreparation
from symmeter.domains.points.domain import Points
from symmeter.measuring.measure import measure
from symmeter.samples import Samples
from symmeter.source import Item, indexed


class AnyNumber(SetPreparation):
    varied = True


class Clouds(Points):
    """Lists of clouds (N, 3), each with its own number of points."""

    def open(self, data, model, draw, group=None):
        item = lambda i: Item(f"set[{i}]", lambda: (data[i], None))
        return Samples(indexed(item, len(data), "clouds", "set", "set"), AnyNumber(), draw)


class Net(nn.Module):
    """Features of all points together that know up from down, and which point is the first."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 4)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.layer(x)).mean(1) + 0.1 * x[:, 0].tanh().sum(-1, keepdim=True)


def cloud(n: int, seed: int) -> Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


DATA = [cloud(n, 10 * n + i) for i in range(9) for n in (4, 7)]
WORDS: dict[str, Any] = {
    "symmetry": "SO3,permutation",
    "output": "logits:invariant",
    "elements": 60,
    "progress": False,
    "domain": Clouds,
}


def columns(data: list[Tensor], symmetry: str = "SO3,permutation") -> dict:
    result = measure(Net(), data, **WORDS | {"symmetry": symmetry})
    return {"result": result, **result.samples}


def test_values_are_those_of_runs_of_their_own():
    together = columns(DATA)
    names = together["result"].sample_names
    for start in range(2):
        alone = columns(DATA[start::2])
        for key in ("equivariance_error:SO3", "equivariance_error:permutation"):
            chosen = [names.index(f"set[{2 * i + start}]") for i in range(9)]
            np.testing.assert_allclose(together[key][chosen], alone[key], rtol=1e-12)


def test_the_row_is_about_all_of_them():
    result = columns(DATA)["result"]
    for row in result.rows:
        values = result.samples[row.column]
        assert row.n == 18 and row.value == pytest.approx(np.sqrt(values.mean()))
        assert row.control is not None and row.floor is not None and row.floor < 1e-14
        assert row.verdict not in ("not resolved", "no control")


def test_elements_that_hang_on_the_shape_are_not_listed():
    result = columns(DATA)["result"]
    assert {element.symmetry for element in result.elements} == {"SO3"}
    assert {row.symmetry: row.worst_element is None for row in result.rows} == {
        "SO3": False,
        "permutation": True,
    }


def test_the_error_over_elements_is_there_where_all_were_drawn():
    large = [cloud(n, 10 * n + i) for i in range(9) for n in (6, 7)]  # 720 and 5040 permutations
    few = columns(large, "permutation")["result"].rows[0]
    assert few.element_standard_error is not None and few.element_standard_error > 0
    assert (
        columns(DATA, "permutation")["result"].rows[0].element_standard_error is None
    )  # 24 are all there are


def test_a_shape_with_one_sample_has_no_control():
    data = [*DATA[::2], cloud(9, 0)]
    with pytest.warns(match=r"without set\[9\]: every set that could stand in is blank, or there is none"):
        result = measure(Net(), data, **WORDS | {"symmetry": "SO3"})
    control = result.samples["equivariance_error:SO3:control"]
    assert np.isnan(control[list(result.sample_names).index("set[9]")]) and np.isnan(control).sum() == 1
    assert result.rows[0].n == 10 and result.rows[0].stability_pairs == 9


def test_derivatives_of_several_shapes_are_those_of_each():
    words = WORDS | {"symmetry": "rotation_x,scale", "elements": None}
    together, *apart = [measure(Net(), data, **words) for data in (DATA, DATA[::2], DATA[1::2])]
    for key in ("lee:rotation_x", "lee:scale"):
        expected = np.sort(np.concatenate([one.samples[key] for one in apart]))
        np.testing.assert_allclose(np.sort(together.samples[key]), expected, rtol=1e-9)
    assert together.status == "complete" and together.rows[0].n == 18


def test_a_shape_with_one_sample_has_no_control_of_derivatives():
    words = WORDS | {"symmetry": "rotation_x", "elements": None}
    with pytest.warns(match=r"without set\[9\]: every set that could stand in is blank, or there is none"):
        result = measure(Net(), [*DATA[::2], cloud(9, 0)], **words)
    control = result.samples["lee:rotation_x:control"]
    assert np.isnan(control[list(result.sample_names).index("set[9]")]) and np.isnan(control).sum() == 1


def test_what_compares_with_other_samples_needs_two_of_a_shape():
    words = WORDS | {"symmetry": "SO3", "measure": "relative_invariance"}
    (row,) = measure(Net(), DATA, **words).rows
    assert row.n == 18
    check_refused("compares with other samples", measure, Net(), [cloud(4, 0)], **words)
