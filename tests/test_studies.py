"""Every study runs, in its quick form, and goes on where it was stopped."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.stats import ttest_1samp

STUDIES = Path(__file__).resolve().parents[1] / "studies"
NAMES = sorted(path.stem for path in STUDIES.glob("*.py") if "sys.exit(main(" in path.read_text())

# Those that call what others do not are tests of every change.
OFTEN = {"aliasing", "cures", "difference", "distribution", "finetuning", "instrument"}


def started(name, folder, *more):
    return subprocess.run(
        [sys.executable, str(STUDIES / f"{name}.py"), "--quick", "--work", str(folder / "work"), "--out", str(folder),
         *map(str, more)], capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def run(name, folder, *more):
    done = started(name, folder, *more)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Colour images of four classes, laid out as ImageNet is."""
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for part, count in (("train", 80), ("val", 12)):
        for label in range(4):
            place = folder / part / f"class{label}"
            place.mkdir(parents=True)
            for i in range(count):
                pixels = random.integers(0, 64, (20, 24, 3)) + 48 * label
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{i}.png")
    return folder


@pytest.mark.parametrize(  # the others run on pictures, below
    "name",
    [pytest.param("aliasing", marks=pytest.mark.slow), pytest.param("instrument", marks=pytest.mark.long)],
)
def test_a_study_has_table_figure_and_verdicts_and_is_resumed(name, tmp_path):
    first = run(name, tmp_path, "--data", str(tmp_path / "none"))
    assert "| claim | verdict | numbers |" in first.stdout and f"{name}: " in first.stderr
    assert len(pd.read_csv(tmp_path / f"{name}.csv")) >= 5
    assert (tmp_path / f"{name}.svg").stat().st_size > 1000
    again = run(name, tmp_path, "--data", str(tmp_path / "none"))
    assert again.stdout == first.stdout and again.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name if name in OFTEN else pytest.param(name, marks=pytest.mark.long) for name in NAMES]
)
def test_a_study_takes_colour_images_of_any_size_and_number_of_classes(name, tmp_path, pictures):
    run(name, tmp_path, "--data", tmp_path / "none", "--images", pictures, "--side", 12)
    assert json.loads((tmp_path / f"{name}.json").read_text())["images"] == pictures.name
    table = pd.read_csv(tmp_path / f"{name}.csv")
    assert "images" not in table or set(table["images"]) == {pictures.name}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["aliasing", "distribution", pytest.param("instrument", marks=pytest.mark.long)]
)
def test_trained_networks_are_measured_where_they_are_at_hand(name, tmp_path, shared_data):
    run(name, tmp_path, "--data", shared_data)
    table = pd.read_csv(tmp_path / f"{name}.csv")
    if name != "instrument":  # of which that network is the only one
        assert "cifar10_resnet20" in set(table["name" if name == "aliasing" else "kind"])
    verdicts = (tmp_path / f"{name}.md").read_text().splitlines()
    assert all("more than a quick look" in line for line in verdicts if "not testable here" in line)


@pytest.mark.slow
def test_steps_of_other_settings_are_not_mixed(tmp_path):
    run("aliasing", tmp_path, "--data", tmp_path / "none")
    done = started("aliasing", tmp_path, "--data", tmp_path / "none", "--scale", 2)
    assert done.returncode == 1 and "has steps of another run (scale 1): remove it" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_images_without_labels_are_refused(tmp_path, pictures):
    done = started("augmentation", tmp_path, "--images", pictures / "val" / "class0")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and "images without labels" in done.stderr


@pytest.mark.slow
def test_a_device_that_is_not_there_is_named(tmp_path):
    done = started("augmentation", tmp_path, "--device", "cud")
    assert (done.returncode, done.stderr.count("\n")) == (
        1,
        1,
    ) and "device 'cud' cannot be used" in done.stderr


def test_intervals_over_seeds(monkeypatch):
    monkeypatch.syspath_prepend(str(STUDIES))
    intervals = importlib.import_module("intervals")
    table = pd.DataFrame({"seed": [0, 0, 1, 1, 2, 2], "kind": ["a", "b"] * 3, "error": [1, 2, 3, 2, 4, None]})
    assert intervals.pick(table, "error", kind="b", seed=1) == 2
    found = intervals.difference(table, "error", {"kind": "a"}, {"kind": "b"})
    low, high = ttest_1samp([-1, 1], 0).confidence_interval()  # the third seed has no number
    assert (found.value, found.low, found.high) == pytest.approx((0, low, high))
    found = intervals.ratio(table, "error", {"kind": "a"}, {"kind": "b"})
    low, high = ttest_1samp(np.log([1 / 2, 3 / 2]), 0).confidence_interval()
    assert (found.value, found.low, found.high) == pytest.approx((0.75**0.5, np.exp(low), np.exp(high)))
    assert not found.below(1) and not found.above(0.7)
    assert str(found).endswith("; 1 seed left out)") and found.left_out == 1
    assert str(intervals.of_values([2.0])) == "2" and str(intervals.of_values([np.nan])) == "not defined"
    nothing = table.assign(error=table["error"].where(table["kind"] == "a", 0.0))
    assert str(intervals.ratio(nothing, "error", {"kind": "a"}, {"kind": "b"})) == "not defined"


def test_folders_of_images(pictures, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(STUDIES))
    images = importlib.import_module("images")
    split = images.labelled(pictures, 12)
    assert (split.channels, split.side, split.classes) == (3, 12, 4)
    assert len(split.train_x) == 320 and len(split.test_x) == 48
    rough = (split.train_x.mean((1, 2, 3)) * 255 / 48 - 31.5 / 48).round().long()
    assert (rough == split.train_y).all() and len(set(split.train_y[:16].tolist())) > 1
    whole = images.labelled(pictures / "val", 12)
    assert len(whole.train_x) == 38 and len(whole.test_x) == 10
    assert {tuple(x.shape) for x in whole.of_classes([1]).train_x} == {(3, 12, 12)}

    (tmp_path / "cifar-10-batches-py").mkdir()
    pixels, asked = Image.fromarray(np.full((32, 32, 3), 51, np.uint8)), []

    def stored(root, train):
        asked.append((root, train))
        return [(pixels, label) for label in range(10)] * (2 if train else 1)

    monkeypatch.setattr("torchvision.datasets.CIFAR10", stored)
    found = images.labelled(tmp_path, 16)
    assert asked == [(str(tmp_path), True), (str(tmp_path), False)]
    assert (len(found.train_x), len(found.test_x), found.classes) == (20, 10, 10)
    assert found.test_x.shape[1:] == (3, 16, 16) and torch.allclose(found.test_x, torch.tensor(0.2))
