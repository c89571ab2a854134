"""Both controls: what they compare with, that a basis serves all generators, and what they cost."""

import numpy as np
import pytest
import torch
from torch import nn

import symmeter
from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.images.domain import Images
from symmeter.measuring.directions import Directions
from symmeter.measuring.reference_samples import Beside, ReferenceSamples, length_of, random_numbers
from symmeter.models.load import describe
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.trivial import Trivial

AFFINE = [GENERATORS[name] for name in FAMILIES["affine"]]


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 100, 4)).double().eval()


def images(n=6):
    return torch.rand(n, 3, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def slow(x, model, generator, seed=0):
    """Value and both controls of every image, by the definition: a direction for each, scaled to the own one."""
    rho = Images().rho_in(describe(model))
    references = ReferenceSamples.among(x, seed).of(torch.arange(len(x)))
    random = random_numbers(len(x), seed)
    own = rho.differentiate(generator, x)
    others = rho.differentiate(generator, references)
    (turned,) = Images().deformed(rho, [generator], x, random)
    found = []
    for direction in (own, others, turned):
        size = (own.flatten(1).norm(dim=1) / direction.flatten(1).norm(dim=1))[:, None, None, None]
        _, pushed = torch.func.jvp(model, (x,), (direction * size,))
        found.append(pushed.square().mean(1))
    return torch.stack(found)


def test_controls_by_a_basis_are_those_of_every_generator_by_itself():
    model, x = net(), images()
    result = symmeter.measure(model, x, "affine", output="logits", progress=False)
    for generator in AFFINE:
        key = f"lee:{generator.name}"
        columns = np.array([result.samples[key + end] for end in ("", ":control", ":specificity_control")])
        np.testing.assert_allclose(columns, slow(x, model, generator).detach().numpy(), rtol=1e-6)


def directions_of(generators, dtype=torch.float64, **controls):
    x = images(4).to(dtype)
    directions = Directions(Images(), Images().rho_in(describe(net())), generators)
    found, part = directions.of(x, torch.arange(4), Beside(**controls))
    return x, directions, found, part


@pytest.mark.parametrize(
    ("names", "rank"), [(FAMILIES["affine"], 6), (("rotation", "scale"), 2), (("hue",), 1)]
)
def test_generators_and_either_control_cost_as_many_directions_as_a_basis_has(names, rank):
    generators = [GENERATORS[name] for name in names]
    random = random_numbers(4, 0)
    for dtype, own in ((torch.float32, rank), (torch.float64, len(names))):
        both = {"references": ReferenceSamples.among(images(4).to(dtype), 0), "random": random}
        assert len(directions_of(generators, dtype)[2]) == own
        assert len(directions_of(generators, dtype, references=both["references"])[2]) == own + rank
        assert len(directions_of(generators, dtype, random=random)[2]) == own + rank
        assert len(directions_of(generators, dtype, **both)[2]) == own + 2 * rank


def test_what_is_compared_is_as_long():
    """By the identity as the model: responses are the directions themselves."""
    references, random = ReferenceSamples.among(images(4), 0), random_numbers(4, 0)
    _, directions, found, part = directions_of(AFFINE, references=references, random=random)
    lengths = length_of(directions.responses(found, part)).reshape(3, len(AFFINE), 4)
    torch.testing.assert_close(lengths[1:], lengths[:1].expand(2, -1, -1))


def test_a_basis_gives_what_all_directions_give():
    model, x = net(), images()
    options = {"output": "logits", "progress": False, "control": False}
    precise = symmeter.measure(model, x, "affine", **options)
    single = symmeter.measure(model.float(), x.float(), "affine", **options)
    for row, other in zip(single.rows, precise.rows, strict=True):
        assert row.value == pytest.approx(other.value, rel=1e-5)


def test_leaves_of_several_inputs_are_deformed_each_in_its_way():
    grid = Images().rho_in(describe(net()))
    rho = Packed(((3, 12, 12), (5,)), (grid, Trivial()))
    x = torch.cat([images(4).flatten(1), torch.rand(4, 5, dtype=torch.float64)], 1)
    directions = Directions(Images(), rho, AFFINE)
    random = random_numbers(4, 0)
    for found, alone in zip(
        directions.deformed(AFFINE, x, random),
        Directions(Images(), grid, AFFINE).deformed(AFFINE, images(4), random),
        strict=True,
    ):
        torch.testing.assert_close(found[:, :432], alone.flatten(1))
        assert not found[:, 432:].any()


@pytest.mark.parametrize("output", ["logits", "0:channels_first"])
def test_the_batch_size_changes_no_control(output):
    runs = [
        symmeter.measure(net(), images(9), "rotation,hue", output=output, progress=False, batch_size=size)
        for size in (None, 1, 4)
    ]
    for name, values in runs[0].samples.items():
        for run in runs[1:]:
            np.testing.assert_allclose(run.samples[name], values, rtol=1e-6, err_msg=name)


def test_seeds_choose_other_references_and_other_deformations():
    one, same, other = (
        symmeter.measure(net(), images(9), "rotation", output="logits", progress=False, seed=seed).samples
        for seed in (0, 0, 1)
    )
    for name, values in one.items():
        np.testing.assert_allclose(values, same[name], rtol=1e-9)
        if "control" in name:
            assert not np.allclose(values, other[name])
        else:
            np.testing.assert_allclose(values, other[name], rtol=1e-6)


@pytest.mark.parametrize(("control", "there"), [
    (True, {"stability", "specificity"}), ("both", {"stability", "specificity"}), ("stability", {"stability"}),
    (False, set()), ("none", set()),
])  # fmt: skip
def test_controls_by_name(control, there):
    result = symmeter.measure(net(), images(9), "rotation", output="logits", progress=False, control=control)
    row = result.rows[0]
    assert {name for name in ("stability", "specificity") if row[name] is not None} == there
    assert set(result.header["spec"]["controls"]) == there
    assert (row.verdict == "no control") == (not there)


@pytest.mark.parametrize("names", ["rotation,hue,scale", "hue,rotation,gain,translation_x", "scale,gain,hue"])
@pytest.mark.parametrize("double", [False, True])
def test_the_order_in_which_generators_are_written_changes_no_number(names, double):
    model, x = (net(), images()) if double else (net().float(), images().float())
    together = symmeter.measure(model, x, names, output="logits", progress=False)
    assert [row.symmetry for row in together.rows] == names.split(",")
    for row in together.rows:
        alone = symmeter.measure(model, x, row.symmetry, output="logits", progress=False)
        assert row.value == pytest.approx(alone.rows[0].value, rel=1e-4)
        assert row.floor == pytest.approx(alone.rows[0].floor, rel=5)
        for end in (":control", ":specificity_control"):
            key = f"lee:{row.symmetry}{end}"
            np.testing.assert_allclose(together.samples[key], alone.samples[key], rtol=1e-3)
