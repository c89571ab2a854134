"""Stopping when intervals are narrow: that they hold all the same, and that it is said where they are not."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from tests.measuring.test_prediction import Functional
from torch import nn

import symmeter
from symmeter.draw import Draw
from symmeter.errors import SymmeterWarning
from symmeter.measuring.precision import FIRST, Precision, joined, planned_looks, widest
from symmeter.results.estimate import estimate
from symmeter.samples import Batch, Preparation, Samples
from symmeter.source import from_tensors
from symmeter.streams import Reader

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")


def row(**columns):
    known = {"symmetry": "rotation", "verdict": "unclear", "value": 2.0, "interval_low": 1.0, "interval_high": 4.0,
             "standard_error": 0.1, "stability": None, "stability_low": None, "stability_high": None}  # fmt: skip
    return SimpleNamespace(**known | columns)


def test_the_widest_interval_is_relative_and_of_a_ratio_on_the_log_scale():
    assert widest(row()) == (0.75, "rotation, value")
    stable = row(stability=0.5, stability_low=0.1, stability_high=0.9)
    assert widest(stable) == (pytest.approx(2.0), "rotation, stability")
    assert widest(row(stability=0.5, stability_low=0.0, stability_high=0.9))[0] == math.inf
    assert widest(row(interval_low=None, interval_high=None, standard_error=0.0))[0] == 0
    assert widest(row(interval_low=None, interval_high=None))[0] == math.inf
    assert widest(row(interval_high=None))[0] == math.inf
    assert widest(row(verdict="not resolved", interval_high=1e9))[0] == 0


def test_batches_end_where_there_is_a_look():
    def sizes(count, most):
        read = [Batch(torch.zeros(len(part), 1), None, tuple(map(str, part)))
                for part in torch.arange(count).split(FIRST)]  # fmt: skip
        precision, found, looks = Precision(0.0, count, lambda: [row()]), [], []
        for batch in precision.batches(SimpleNamespace(batches=lambda size: iter(read)), most):
            precision.enough(len(batch.names))
            found.append(len(batch.names))
            looks.append(precision.looks)
        precision.finish()
        assert precision.looks <= planned_looks(count) and precision.looked_at == count
        return found, looks

    assert sizes(200, 64) == ([16, 16, 32, 64, 64, 8], [1, 2, 3, 4, 4, 4])
    assert sizes(64, 32) == ([16, 16, 32], [1, 2, 3])
    assert sizes(100, 100) == ([16, 16, 32, 36], [1, 2, 3, 3])
    assert sizes(5, 64) == ([5], [0])


def test_batches_are_joined_with_their_labels():
    one = Batch(torch.zeros(2, 1), torch.tensor([3, 4]), ("a", "b"))
    other = Batch(torch.ones(1, 1), None, ("c",))
    whole = joined([one, other])
    assert whole.names == ("a", "b", "c") and whole.labels.tolist() == [3, 4, -1] and len(whole.inputs) == 3
    assert joined([other, other]).labels is None


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_stopped_intervals_hold(spread):
    """In populations of known means, looked at up to six times, the interval that a run ends with holds it."""
    random = np.random.default_rng(0)
    truth, stability = math.exp(spread**2 / 2), 0.7
    held, held_ratio, stopped, draws = 0, 0, 0, 150
    for _ in range(draws):
        values = random.lognormal(0, spread, 512)
        controls = values / stability * random.lognormal(0, 0.8 * spread, 512)
        precision, taken = None, 0

        def rows():
            e = estimate(values[:taken], {"stability": controls[:taken]}, confidence=precision.confidence)  # noqa: B023
            return [SimpleNamespace(symmetry="s", **e.columns())]

        precision = Precision(0.25, 512, rows)
        for size in (16, 16, 32, 64, 128, 256):
            taken += size
            precision.enough(size)
            if precision.reached:
                break
        (found,) = rows()
        stopped += taken < 512
        held += found.interval_low <= truth <= found.interval_high
        held_ratio += found.stability_low <= stability <= found.stability_high
    assert stopped > 0.2 * draws
    assert held / draws > 0.92 and held_ratio / draws > 0.92


def population(count, spread=0.5):
    """(network, images): f(e^t c w) = e^t f(c w), so that LEE under gain is f^2, lognormal."""
    w = torch.ones(4, 4, dtype=torch.float64)
    sizes = torch.exp(spread / 2 * torch.randn(count, 1, 1, 1, dtype=torch.float64))
    return Functional(w / 16).double(), sizes * w.expand(1, 1, 4, 4)


def measured(net, x, **options):
    known = {"symmetry": "gain", "output": "logits", "control": "none", "progress": False}
    return symmeter.measure(net, x, **known | options)


def test_a_run_stops_when_it_is_precise_enough():
    net, x = population(2000)
    result = measured(net, x, precision=0.2)
    row, said = result.rows[0], result.header["spec"]["wanted_precision"]
    assert row.n == said["images"] == FIRST * 2 ** (said["looks"] - 1) < 500
    assert said["reached"] and said["widest"] == pytest.approx(
        (row.interval_high - row.interval_low) / 2 / row.value
    )
    assert said["widest"] <= 0.2 and said["confidence"] == pytest.approx(1 - 0.05 / 8)
    assert row.interval_low < float(x.square().mean()) < row.interval_high
    assert result.status == "complete" and not any("precision" in note for note in result.warnings)
    assert "(wanted 20%)" in str(result)
    assert measured(net, x, precision=0.05).rows[0].n > row.n


def test_the_same_seed_gives_the_same_answer_and_another_another_whatever_the_batch_size():
    net, x = population(400)
    first, again = measured(net, x, precision=0.2), measured(net, x, precision=0.2, batch_size=5)
    assert first.sample_names == again.sample_names
    assert first.rows[0].interval_low == pytest.approx(again.rows[0].interval_low, rel=1e-9)
    assert measured(net, x, precision=0.2, seed=1).sample_names != first.sample_names


def test_where_images_end_first_it_is_said():
    net, x = population(40)
    result = measured(net, x, precision=1e-3)
    assert result.rows[0].n == 40 and not result.header["spec"]["wanted_precision"]["reached"]
    (note,) = [note for note in result.warnings if "precision" in note]
    assert (
        note.startswith("precision 0.001 not reached with all 40 images: widest is ±")
        and "gain, value" in note
    )
    assert result.header["spec"]["wanted_precision"]["looks"] == planned_looks(40) == 3


def test_groups_stop_too_each_by_itself():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, 3)).eval()
    x = torch.rand(600, 1, 8, 8)
    result = measured(net, x, symmetry="translation_x,C4", measure="lee,relative_error", precision=0.25,
                      control="both")  # fmt: skip
    whole = result.header["spec"]["wanted_precision"]
    runs = [run["wanted_precision"] for run in result.header["spec"]["runs"]]
    assert [row.n for row in result.rows] == [run["images"] for run in runs]
    assert whole["reached"] == all(run["reached"] for run in runs) and max(row.n for row in result.rows) < 600
    assert all(widest(row)[0] <= 0.25 for row in result.rows)


def test_what_is_sorted_is_taken_at_random():
    """A folder is sorted by class: the first 16 must be a sample of all."""
    x = torch.arange(100.0)[:, None]
    labels = [0] * 50 + [1] * 50

    def names(draw, source=None):
        samples = Samples(source or from_tensors(x, labels, "", "row"), _Ready(), draw)
        return [name for batch in samples.batches(16) for name in batch.names]

    class _Ready(Preparation):
        item = "row"

        def input(self, raw):
            return raw

        def summary(self):
            return None

    drawn = names(Draw(seed=0, shuffled=True))
    assert sorted(drawn) == sorted(names(Draw())) and drawn != names(Draw())
    first = [int(name[4:-1]) < 50 for name in drawn[:16]]
    assert 2 <= sum(first) <= 14
    assert drawn == names(Draw(seed=0, shuffled=True)) != names(Draw(seed=1, shuffled=True))
    assert len(names(Draw(30, 0, shuffled=True))) == 30
    batches = Reader("row", ["x"], lambda rows, name: rows, 2).source([x[:60], x[60:]])
    assert names(Draw(seed=0, shuffled=True), batches) == drawn


def test_of_a_stream_of_unknown_length_it_is_said_that_it_comes_in_its_order():
    net, x = population(64)
    result = measured(net, iter(x.split(8)), precision=0.5)
    assert any("taken as they came" in note for note in result.warnings)
    assert result.header["spec"]["wanted_precision"]["planned"] == 16


def test_mistakes():
    net, x = population(8)
    check_refused("precision is", symmeter.measure, net, x, precision=0)
    check_refused("precision is", symmeter.measure, net, x, precision="fine")
    check_refused("not with untrained", symmeter.measure, net, x, precision=0.2, control="untrained")
