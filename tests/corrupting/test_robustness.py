"""`robustness` against measurements of data that was corrupted by hand, and what users may do wrong."""

import math
import signal
import threading

import numpy as np
import pytest
import torch
from tests.corrupting.networks import LABELS, MEAN, PIXELS, STD, net
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.corrupting.change import seed_of
from symmeter.corruption import Corruption
from symmeter.domains.images.domain import Images
from symmeter.measuring.interrupt import Interrupted

QUIET = {"progress": False, "mean": MEAN, "std": STD}
BY_ROW = ("symmetry", "measure", "value", "stability", "specificity", "control", "verdict", "n", "accuracy")


def by_hand(name, strength, seed=0, count=12):
    """The pixels as inputs, each corrupted under a seed of its own."""
    one = Images.corruptions()[name]
    images = []
    for i in range(count):
        random = torch.Generator().manual_seed(seed_of(seed, name, f"image[{i}]"))
        images.append(one(PIXELS[i] / 255, strength, random))
    return (torch.stack(images) - MEAN) / STD


def same(row, other, tolerance=1e-3):
    for name in BY_ROW:
        if isinstance(row[name], float):
            assert math.isclose(row[name], other[name], rel_tol=tolerance, abs_tol=1e-12), name
        else:
            assert row[name] == other[name], name


@pytest.mark.parametrize("symmetry", ["rotation,translation_x", "C4", "hue,hflip"])
def test_clean_is_measure_exactly_and_corrupted_is_measure_of_corrupted_data(symmetry):
    model = net()
    found = symmeter.robustness(model, (PIXELS, LABELS), symmetry, "gaussian_noise", "2,5", **QUIET)
    clean = symmeter.measure(model, (PIXELS, LABELS), symmetry, **QUIET)
    assert len(found) == 3 * len(clean)
    for row in clean:
        own = found["clean", row.symmetry]
        assert own is found[row.symmetry] and own.whole and own.strength == 0
        assert all(own[name] == row[name] for name in row)
    for strength in (2, 5):
        x = by_hand("gaussian_noise", strength)
        for row in symmeter.measure(model, (x, LABELS), symmetry, **QUIET):
            same(found["gaussian_noise", strength, row.symmetry], row)
    assert all(np.array_equal(found.samples[name], column) for name, column in clean.samples.items())
    assert found.status == "complete" and found.corruptions == ("gaussian_noise",)


def test_several_measures_over_a_group_are_rows_of_their_own():
    found = symmeter.robustness(net(), PIXELS, "C4", "contrast", [3], measure="geed,relative_error", **QUIET)
    assert [(row.measure.partition("(")[0], row.strength) for row in found] == [
        ("geed", 0), ("relative_error", 0), ("geed", 3), ("relative_error", 3)
    ]  # fmt: skip
    assert all(row.value_ratio is not None for row in found if row.strength)


def test_ratios_are_those_of_a_comparison():
    model, few = net(), {"corruptions": "contrast", "strengths": 4}
    found = symmeter.robustness(model, PIXELS, "rotation", **few, **QUIET)["contrast"]
    before = symmeter.measure(model, PIXELS, "rotation", **QUIET)
    after = symmeter.measure(model, by_hand("contrast", 4), "rotation", **QUIET)
    logs = np.log(after.samples["lee:rotation"]) - np.log(before.samples["lee:rotation"])
    assert math.isclose(found.value_ratio, math.exp(logs.mean()), rel_tol=1e-4)
    assert found.value_ratio_low < found.value_ratio < found.value_ratio_high < 1
    assert found.value_change == "smaller error"
    control = [np.log(one.samples["lee:rotation:control"]) for one in (after, before)]
    stability = math.exp((logs - (control[0] - control[1])).mean())
    assert math.isclose(found.stability_ratio, stability, rel_tol=1e-4)


def test_accuracy_and_confidence_are_means_over_images():
    model = net()
    row = symmeter.robustness(model, (PIXELS, LABELS), "hue", "gaussian_noise", [5], **QUIET)[
        "gaussian_noise"
    ]
    with torch.no_grad():
        before = model((PIXELS / 255 - MEAN) / STD).softmax(1)
        after = model(by_hand("gaussian_noise", 5)).softmax(1)
    hits = [(y.argmax(1) == LABELS).float() for y in (before, after)]
    assert row.accuracy == pytest.approx(float(hits[1].mean()))
    assert row.accuracy_change == pytest.approx(float((hits[1] - hits[0]).mean()))
    assert row.confidence == pytest.approx(float(after.amax(1).mean()), rel=1e-5)
    assert row.confidence_low <= row.confidence <= row.confidence_high
    logits = symmeter.robustness(model, PIXELS, "hue", "contrast", [1], output="logits", **QUIET)
    assert {(one.accuracy, one.accuracy_change, one.confidence) for one in logits} == {(None, None, None)}


def test_neither_the_batch_nor_the_model_nor_other_images_change_the_noise():
    seen = []

    class Seeing(nn.Module):
        def __init__(self, model, half=False):
            super().__init__()
            self.model = model

        def forward(self, x):
            if not x.is_meta:
                seen[-1].append(x)
            return self.model(x)

    def images(**more):
        """The images, as far as they went through unmoved: of a group of one flip, every second."""
        seen.append([])
        model = Seeing(net(more.pop("of", 0))).eval()
        symmeter.robustness(model, PIXELS, "hflip", "gaussian_noise", [3], control=False, **QUIET | more)
        return torch.cat(seen[-1])

    noisy = by_hand("gaussian_noise", 3)
    has = lambda among, image: bool(((among - image).abs().flatten(1).amax(1) < 1e-5).any())
    for case in ({}, {"batch_size": 1}, {"batch_size": 5}, {"of": 1}):
        among = images(**case)
        assert all(has(among, image) for image in noisy)
    few = images(samples=4)
    assert sum(has(few, image) for image in noisy) == 4
    assert not any(has(images(seed=1), image) for image in noisy)


def test_names_families_and_objects():
    mild = Corruption("half", "half of it", (0.5, 0.1), lambda x, level, random: x * level)
    names = lambda what, strengths=1: (
        symmeter.robustness(net(), PIXELS[:2], "hue", what, strengths, control=False, **QUIET).corruptions
    )
    assert names("blur") == ("gaussian_blur", "defocus_blur")
    assert names(["noise", "shot_noise", mild])[-2:] == ("speckle_noise", "half")
    assert names(None) == ("gaussian_blur", "jpeg_compression", "contrast", "gaussian_noise")
    assert set(names("all")) == set(Images.corruptions())
    assert names(mild, [2, 1, 2]) == ("half",)


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (
            "unknown corruption 'gausian_noise'; did you mean 'gaussian_noise'",
            {"corruptions": "gausian_noise"},
        ),
        ("unknown corruption 'xyz'; choose from all, blur", {"corruptions": ["fog", "xyz"]}),
        ("strength 6: fog has strengths 1 to 5; 0, clean data", {"corruptions": "fog", "strengths": "1,6"}),
        ("strength 0: ", {"strengths": 0}),
        ("strengths is 'strong'; give whole numbers", {"strengths": "strong"}),
        ("strengths is 1.5", {"strengths": 1.5}),
        ("corruptions is 5; give names", {"corruptions": 5}),
        ("mean=0, std=1 where they were not", {"data": PIXELS / 255, "mean": None}),
        ("pixels of an image run from", {"data": by_hand("contrast", 1), "mean": 0.0, "std": 1.0}),
        ("no corruptions of volumes are known", {"data": torch.rand(2, 1, 4, 4, 4), "domain": "volumes"}),
    ],
)
def test_mistakes_are_one_line_before_anything_is_measured(words, more):
    model = net()
    model.register_forward_pre_hook(lambda module, args: args[0].is_meta or pytest.fail("it was called"))
    options = QUIET | more
    if options.get("domain"):
        options = {"progress": False} | more
    check_refused(words, symmeter.robustness, model, options.pop("data", PIXELS), **options)


def test_a_run_that_fails_is_left_out_and_said():
    class Picky(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = net()

        def forward(self, x):
            if not x.is_meta and x.flatten(1).std(1).min() < 0.1:
                raise ValueError("too flat")
            return self.model(x)

    with pytest.warns(symmeter.SymmeterWarning, match="contrast 5 failed and is left out: .*too flat"):
        found = symmeter.robustness(
            Picky().eval(), PIXELS, "hflip", "contrast", "1,5", control=False, **QUIET
        )
    assert found.status == "partial" and [row.strength for row in found] == [0, 1]
    assert any("too flat" in line for line in found.warnings) and "PARTIAL" in str(found)


def test_clean_data_that_fails_is_an_error():
    def broken(x):
        raise ValueError("never")

    check_refused("never", symmeter.robustness, broken, PIXELS, "hue", "contrast", **QUIET)


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_keeps_what_was_done():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = net()

        def forward(self, x):
            if (
                not x.is_meta
                and x.flatten(1).std(1).min() < 0.1
                and threading.current_thread() is threading.main_thread()
            ):
                signal.raise_signal(signal.SIGINT)
            return self.model(x)

    with (
        pytest.warns(symmeter.SymmeterWarning, match="interrupted: contrast 5 not measured"),
        pytest.raises(Interrupted) as caught,
    ):
        symmeter.robustness(
            Counting().eval(), PIXELS, "hflip", "low_light,contrast", [1, 4, 5], control=False, **QUIET
        )
    found = caught.value.result
    assert found.status == "partial"
    done = [(row.corruption, row.strength) for row in found]
    assert done == [("clean", 0), *(("low_light", k) for k in (1, 4, 5)), ("contrast", 1), ("contrast", 4)]


def test_the_model_and_the_random_numbers_are_left_as_they_were():
    model = net().train()
    before = torch.get_rng_state()
    with pytest.warns(symmeter.SymmeterWarning, match="train mode") as said:
        symmeter.robustness(model, PIXELS, "hue", "noise", 1, control=False, **QUIET)
    assert len(said) == 1  # once, and not for every run
    assert model.training and torch.equal(before, torch.get_rng_state())


def test_of_several_inputs_those_that_are_images_are_corrupted():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = net()

        def forward(self, image, other):
            return self.model(image) + other

    x, other = (PIXELS / 255 - MEAN) / STD, torch.rand(12, 4)
    words = {"inputs": ("image", "scalars"), **QUIET}
    found = symmeter.robustness(Two().eval(), (x, other), "rotation", "gaussian_noise", 5, **words)
    expected = symmeter.measure(Two().eval(), (by_hand("gaussian_noise", 5), other), "rotation", **words)
    same(found["gaussian_noise"], expected["rotation"])
    words = {**words, "inputs": ("vectors", "scalars")}
    check_refused(
        "corruptions act on inputs that are image, and the inputs are 0=vectors",
        symmeter.robustness, Two().eval(), (torch.rand(12, 2, 8, 8), other), "rotation", **words,
    )  # fmt: skip


def test_signals_and_points_have_corruptions_too():
    torch.manual_seed(0)
    x = torch.randn(12, 1, 32)
    heard = nn.Sequential(nn.Conv1d(1, 4, 5, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(56, 3)).eval()
    found = symmeter.robustness(heard, x, "gain", "noise,dropouts", "5", domain="signals", progress=False)
    assert found.corruptions == ("noise", "dropouts") and found.header["spec"]["domain"] == "signals"
    gone = symmeter.robustness(heard, x, "shift(4)", "gain", "5", domain="signals", progress=False)
    assert gone["gain"].value < gone["clean"].value

    class Cloud(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 4)

        def forward(self, x):
            return self.layer(x).relu().amax(1)

    points = torch.randn(10, 20, 3)
    for more in ({}, {"inputs": "points"}):
        found = symmeter.robustness(
            Cloud().eval(), points, "SO3", "jitter", [1, 5], elements=4, progress=False, **more
        )
        assert [row.strength for row in found] == [0, 1, 5] and found["jitter", 5].value_ratio is not None
