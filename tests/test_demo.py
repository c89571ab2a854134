"""The demo: what it trains, what it measures, and that its sentences follow from the numbers."""

import dataclasses
import io

import pytest
import torch
from rich.console import Console

import symmeter
from symmeter.cli.app import main
from symmeter.demo.findings import Findings, examine, quarter_turn_error, run_demo, statements
from symmeter.demo.networks import (
    AVERAGED,
    PLAIN,
    TURNED,
    Digits,
    QuarterTurnAverage,
    cnn,
    load_digits,
    train_digit_nets,
    turn,
)
from symmeter.results.estimate import BETWEEN_NETWORKS
from symmeter.results.intervals import Ratio, of_ratios
from symmeter.results.numbers import ratio

pytest.importorskip("sklearn")
SHORT = 4


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits(seed=1)


@pytest.fixture(scope="module")
def found(digits: Digits) -> dict[str, Findings]:
    """What the demo finds after a short training."""
    networks = train_digit_nets(seed=1, epochs=SHORT, digits=digits)
    fewer = dataclasses.replace(digits, test_x=digits.test_x[:150], test_y=digits.test_y[:150])
    return {name: examine(name, network, fewer, progress=False) for name, network in networks.items()}


def test_digits_are_split_under_the_seed(digits):
    assert tuple(digits.train_x.shape) == (1297, 1, 16, 16)
    assert len(digits.test_x) == len(digits.test_y) == 500
    assert 0 <= float(digits.train_x.min()) <= float(digits.train_x.max()) <= 1
    assert torch.equal(load_digits(1).test_x, digits.test_x)
    assert not torch.equal(load_digits(2).test_y, digits.test_y)


def test_training_is_reproducible_and_leaves_random_state_and_threads(digits):
    few = Digits(*(tensor[:100] for tensor in dataclasses.astuple(digits)))
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    first, second, other = (train_digit_nets(seed, 1, few) for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    for name in first:
        same, weights = second[name].state_dict(), first[name].state_dict()
        assert all(torch.equal(weights[key], same[key]) for key in weights)
        assert not first[name].training
    assert not torch.equal(*(next(nets[PLAIN].parameters()) for nets in (first, other)))


def test_turn_is_a_rotation_about_the_centre():
    images = torch.rand(3, 1, 8, 8)
    images[..., :1, :], images[..., -1:, :], images[..., :, :1], images[..., :, -1:] = 0, 0, 0, 0
    generator = torch.Generator().manual_seed(0)
    turned = turn(images, generator)
    assert turned.shape == images.shape
    assert not torch.allclose(turned, images)
    assert torch.equal(turned, turn(images, torch.Generator().manual_seed(0)))
    disc = torch.ones(1, 1, 33, 33) * (torch.linspace(-1, 1, 33).square() * 8).neg().exp()
    disc = disc * disc.mT
    assert float((turn(disc) - disc).abs().max()) < 0.02


def test_quarter_turn_error_tells_exact_from_broken():
    x = torch.rand(6, 1, 16, 16)
    network = cnn().eval()
    assert quarter_turn_error(QuarterTurnAverage(network).eval(), x) < 1e-5
    assert quarter_turn_error(network, x) > 1e-3


def test_the_networks_are_told_apart(found):
    plain, turned = (found[name].row("rotation") for name in (PLAIN, TURNED))
    assert turned.stability_high < plain.stability_low
    assert turned.specificity_high < plain.specificity_low
    assert turned.verdict == "specific"
    assert found[AVERAGED].quarter_turn < 1e-6
    assert min(found[PLAIN].quarter_turn, found[TURNED].quarter_turn) > 0.05
    assert found[TURNED].turned_accuracy > found[PLAIN].turned_accuracy + 0.1
    assert found[PLAIN].accuracy > 0.8
    assert found[AVERAGED].row("rotation").value > 0  # invariant under quarter turns only


def test_what_is_measured_is_in_the_result(found):
    result = found[PLAIN].result
    assert result.status == "complete"
    assert result.header["model"]["name"] == PLAIN
    assert result.header["accuracy"]["top1"] == pytest.approx(found[PLAIN].accuracy)
    assert {row.symmetry for row in result.rows} == {"rotation", "translation_x", "translation_y", "scale"}
    assert {row.output for row in result.rows} == {"logits"}


def with_row(one: Findings, **changed) -> Findings:
    """The same with another row of rotation."""
    rows = [dataclasses.replace(r, **changed) if r.symmetry == "rotation" else r for r in one.result.rows]
    return dataclasses.replace(one, result=dataclasses.replace(one.result, rows=tuple(rows)))


def ratio_of(one: Findings, which: str, count: int | None = None, beyond: float = 0.0) -> Ratio:
    """A ratio for rotation, from the values of single images."""
    suffix = {"stability": "control", "specificity": "specificity_control"}[which]
    samples = one.result.samples
    return of_ratios(
        samples["lee:rotation"][:count], samples[f"lee:rotation:{suffix}"][:count], beyond=beyond
    )


def test_statements_follow_from_the_intervals(found):
    stability, specificity, few = statements(found)
    row = found[TURNED].row("rotation")
    assert f"{ratio(row.stability, row.stability_low, row.stability_high)} ({TURNED})" in stability
    assert specificity.count(TURNED) == 2
    assert "specific: " in specificity
    times = ratio_of(found[TURNED], "stability").value / ratio_of(found[PLAIN], "stability").value
    assert (
        f"{TURNED} {ratio(times)} [" in stability
    )  # on the same images the ratio of means of logs is the mean of ratios
    of_few = ratio_of(found[PLAIN], "specificity", 16, beyond=BETWEEN_NETWORKS)
    assert ratio(of_few.value, of_few.interval.low, of_few.interval.high) in few
    assert (
        of_few.interval.high - of_few.interval.low
        > found[PLAIN].row("rotation").specificity_high - found[PLAIN].row("rotation").specificity_low
    )


def test_equal_networks_are_not_told_apart(found):
    same = dict.fromkeys(found, found[PLAIN])
    stability, specificity, _ = statements(same)
    for said in (stability, specificity):
        assert said.count("not told apart from it") == 2


def test_a_network_is_called_what_its_verdict_says(found):
    for word in ("specific", "stable", "unclear"):
        changed = {name: with_row(one, verdict=word) for name, one in found.items()}
        said = statements(changed)[1]
        shown = {"stable": "only stable"}.get(word, word)
        assert f"For rotation, {shown}: {PLAIN} (" in said


def test_demo_prints_within_80_columns_and_saves(digits, tmp_path, monkeypatch):
    few = Digits(*(tensor[:64] for tensor in dataclasses.astuple(digits)))
    monkeypatch.setattr("symmeter.demo.networks.load_digits", lambda seed: few)
    stream = io.StringIO()
    console = Console(file=stream, width=80, color_system=None)
    run_demo(console, epochs=1, out=tmp_path / "demo", progress=False)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "symmeter measure timm:resnet50 photos/" in lines[-1]
    names = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert names == ["c4-averaged", "plain_cnn", "turned_in_training"]
    assert len(symmeter.load(tmp_path / "demo" / "plain_cnn").rows) == 4


def test_missing_scikit_learn_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    assert main(["demo"]) == 2
    expected = "symmeter: error: the demo needs scikit-learn: pip install 'symmeter[demo]'\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.long
def test_the_whole_demo(capsys):
    assert main(["demo", "--seed", "3"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    said = " ".join(out.split())
    assert "Stability is" in said and "Specificity is" in said and "Below 8 images" in said
    assert f"specific: {PLAIN}" in said or f"specific: {TURNED}" in said
