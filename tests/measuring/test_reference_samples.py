"""Reference images: another one for every image, never a blank one, and the same whatever the batch size."""

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.measuring.reference_samples import ReferenceSamples, blank

quiet = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 64, 4)).eval()


def some_blank(blanks=(1, 2, 3), n=7):
    x = torch.rand(n, 3, 8, 8)
    x[list(blanks)] = 0.25
    return x


@pytest.mark.parametrize("n", [2, 3, 5, 64])
@pytest.mark.parametrize("seed", range(5))
def test_no_image_is_its_own_reference_at_any_turn_and_all_others_come(n, seed):
    references = ReferenceSamples.among(torch.arange(n), seed)
    seen = torch.stack([references.of(torch.arange(n), turn) for turn in range(n - 1)])
    for i in range(n):
        assert sorted(seen[:, i].tolist()) == [k for k in range(n) if k != i]


def test_the_order_depends_on_the_seed_and_on_nothing_else():
    orders = [
        ReferenceSamples.among(torch.arange(30), seed).of(torch.arange(30)).tolist() for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2]


def test_directions_of_blank_references_are_taken_from_the_next():
    x = some_blank()
    references = ReferenceSamples.among(x, 0)
    move = lambda y: torch.stack([y.roll(1, -1) - y, y.roll(1, -2) - y])
    found, lacking = references.directions(torch.arange(7), move(x), move)
    assert not lacking.any()
    needed = torch.tensor([i not in (1, 2, 3) for i in range(7)])
    assert (found.flatten(2).norm(dim=2)[:, needed] > 0).all()
    for i in needed.nonzero().flatten():
        turn = next(
            t for t in range(6) if not blank(move(references.of(i[None], t)), references.of(i[None], t)).any()
        )
        assert torch.equal(found[:, i], move(references.of(i[None], turn))[:, 0])


def test_a_reference_sample_serves_all_directions_or_none():
    """One is blank along x only, the next along y only: what is linear in the generator needs one that has both."""
    x = torch.rand(4, 1, 4, 4)
    x[1], x[2] = x[1].mean(-1, keepdim=True), x[2].mean(-2, keepdim=True)
    move = lambda y: torch.stack([y.roll(1, -1) - y, y.roll(1, -2) - y])
    references = ReferenceSamples(x, torch.tensor([0, 1, 2, 3]))  # of image 0: first 1, then 2, then 3
    found, lacking = references.directions(torch.tensor([0]), move(x[:1]), move)
    assert torch.equal(found, move(x[3:])) and not lacking.any()
    found, lacking = ReferenceSamples(x[:3], torch.tensor([0, 1, 2])).directions(
        torch.tensor([0]), move(x[:1]), move
    )
    assert torch.equal(found, move(x[1:2])) and lacking.tolist() == [[True], [False]]


@pytest.mark.parametrize(("symmetry", "measure"), [
    ("translation,hue", "lee"), ("C4,shift(1)", "geed(l2),relative_error,normalised_variance"),
])  # fmt: skip
def test_blank_images_are_measured_as_0_and_never_compared_with(symmetry, measure):
    x = some_blank()
    with pytest.warns(SymmeterWarning, match=r"does not change 3 images \(blank ones\?\)"):
        result = symmeter.measure(net(), x, symmetry, measure, "logits", progress=False)
    assert result.status == "complete" and all(row.n == 7 for row in result.rows)
    for name, values in result.samples.items():
        assert np.isfinite(values).all(), name
        if name.startswith(("lee", "geed(l2)")):
            assert (np.abs(values[1:4]) < 1e-10).all() and (values[[0, 4, 5, 6]] > 1e-9).all(), name
    assert all(row.control and row.selectivity is not None for row in result.rows)


@quiet
@pytest.mark.parametrize("symmetry", ["translation_x", "C4"])
def test_where_all_others_are_blank_there_is_no_control_and_the_row_says_so(symmetry):
    x = some_blank(blanks=range(4), n=5)
    result = symmeter.measure(net(), x, symmetry, progress=False)
    row = result.rows[0]
    assert any(note.startswith(f"stability under {symmetry} without image[4]") for note in result.warnings)
    assert row.selectivity is None and row.value > 0 and row.verdict == "too few"


@quiet
@pytest.mark.parametrize("symmetry", ["translation_x", "hflip"])
def test_the_batch_size_changes_no_control(symmetry):
    x = torch.rand(9, 3, 8, 8)
    runs = [
        symmeter.measure(net(), x, symmetry, progress=False, batch_size=b).rows[0] for b in (None, 1, 2, 4)
    ]
    for row in runs[1:]:
        assert row.control == pytest.approx(runs[0].control, rel=1e-4)


@quiet
@pytest.mark.parametrize("symmetry", ["translation_x", "hflip"])
@pytest.mark.parametrize("n", [33, 65])
def test_an_image_that_is_left_over_is_compared_with_one_before(symmetry, n):
    small = nn.Sequential(nn.Flatten(), nn.Linear(48, 3)).eval()
    result = symmeter.measure(small, torch.rand(n, 3, 4, 4), symmetry, progress=False)
    controls = next(values for name, values in result.samples.items() if name.endswith(":control"))
    assert len(controls) == n and np.isfinite(controls).all() and controls[-1] > 0


@quiet
def test_one_image_alone_has_no_control():
    row = symmeter.measure(net(), torch.rand(1, 3, 8, 8), "translation_x", progress=False).rows[0]
    assert row.control is None
    check_refused("compares with other samples", symmeter.measure, net(), torch.rand(1, 3, 8, 8), "C4",
                  "relative_invariance", progress=False)  # fmt: skip
