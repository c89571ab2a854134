"""Networks that have a symmetry by design have it, and those that must fail do: with floors and both controls."""

import pytest
import torch
from tests.domains.signals.networks import Applied, LogSpectrum, Normalised, tones
from torch import Tensor, nn

import symmeter

RATE = 8000
CLIPS = torch.randn(10, 1, 240, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def classifier() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(1, 6, 9, padding=4, padding_mode="circular"), nn.Tanh(), nn.Conv1d(6, 4, 5), nn.ReLU(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3),
    ).double().eval()  # fmt: skip


def measured(
    net: nn.Module, data: Tensor, symmetry: str, output: str = "logits", **options
) -> dict[str, symmeter.Result]:
    result = symmeter.measure(
        net.eval(), data, symmetry, output=output, domain="signals", sample_rate=RATE, elements=12, **options
    )
    return {row.symmetry: row for row in result.rows}


CASES = [
    ("gain,gain(0.5,2),polarity,reversal,shift(20)", Applied(lambda x: torch.ones_like(x[..., 0]))),
    ("polarity", Applied(lambda x: x.abs().unfold(-1, 3, 1).amax(-1).mean(-1))),
    ("polarity,reversal,shift(20),translation", Applied(lambda x: x.square().mean(-1))),  # a detector of energy
    ("gain,gain(0.5,2)", Normalised(classifier())),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:logits. neither the symmetry nor changes")  # the constant one
@pytest.mark.parametrize(
    ("symmetry", "net"), CASES, ids=["constant", "absolute value", "energy", "normalised"]
)
def test_what_is_symmetric_by_design_is_not_resolved(symmetry: str, net: nn.Module):
    for row in measured(net, CLIPS, symmetry, definition="periodic").values():
        assert row.verdict == "not resolved", row
        assert row.floor is not None and row.asymmetry <= 10 * row.floor


def test_what_is_not_symmetric_is_found_with_both_controls():
    """A network that weighs every sample by itself has none of these symmetries."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(CLIPS.shape[-1] - 8, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    smooth = nn.functional.avg_pool1d(CLIPS, 9, 1)
    words = "gain,scale,translation,gain(0.5,2),polarity,reversal"
    for name, row in measured(net, smooth, words).items():
        assert row.verdict != "not resolved" and row.stability is not None, name
        assert (row.specificity is not None) == (name in ("gain", "scale", "translation_x")), name


def test_a_change_of_pace_is_resolved_where_nothing_is_made_up():
    """Of the whole, moving it there and back loses its ends, and the floor says so; of a part of it nothing is lost."""
    smooth = nn.functional.avg_pool1d(CLIPS, 9, 1)
    words = "scale(0.8,1.25),scale(0.8,1.25,crop)"
    whole, part = measured(classifier(), smooth, words, measure="relative_error").values()
    assert whole.floor > 1e5 * part.floor
    assert whole.verdict == "not resolved" != part.verdict
    assert part.stability is not None


def test_each_fails_where_it_must():
    energy, loud = Applied(lambda x: x.square().mean(-1)), Normalised(classifier())
    assert measured(energy, CLIPS, "gain(0.5,2)")["gain(0.5,2)"].verdict != "not resolved"
    found = measured(loud, CLIPS, "polarity,reversal")
    assert "not resolved" not in {row.verdict for row in found.values()}
    ramp = Applied(lambda x: (x * torch.linspace(-1, 1, x.shape[-1], dtype=x.dtype)).mean(-1))
    odd = measured(ramp, CLIPS, "polarity,reversal")
    assert "not resolved" not in {row.verdict for row in odd.values()}


@pytest.mark.slow
def test_circular_convolutions_commute_with_all_that_moves_time_around():
    torch.manual_seed(0)
    net = nn.Conv1d(1, 2, 7, padding=3, padding_mode="circular", bias=False).double()
    found = measured(
        net, CLIPS, "translation,shift,T1(0.125,circular),gain(0.5,2),polarity", "logits:signal",
        definition="periodic",
    )  # fmt: skip
    assert {row.verdict for row in found.values()} == {"not resolved"}
    assert abs(found["shift"].error or 0) < 1e-14
    assert measured(net, CLIPS, "reversal", "logits:signal")["reversal"].verdict != "not resolved"


def test_a_log_spectrum_moves_by_bins_with_pitch():
    """Windows of so many periods: what is twice as high is the same, an octave further. Moved the other way it fails."""
    net = LogSpectrum(lowest=400, per_octave=24, bins=48).double()
    frequencies = 2 * torch.pi * 800 * 2 ** (torch.arange(8) / 8)
    net.omega /= RATE
    clips = tones(frequencies / (2 * torch.pi), 1200, RATE)
    word = "bins(24 per octave)"
    right = measured(net, clips, "pitch(6,24,crop)", f"logits:{word}", measure="relative_error")
    wrong = measured(net, clips, "pitch(6,24,crop)", "logits:invariant", measure="relative_error")
    (right,), (wrong,) = right.values(), wrong.values()
    assert right.value < 1e-3 and wrong.value > 0.3
    assert right.stability < 0.01 < wrong.stability
    other = measured(net, clips, "pitch(6,24,crop)", "logits:bins(48 per octave)", measure="relative_error")
    assert other["pitch(6,24,crop)"].value > 0.3
    assert (
        measured(net, clips, "polarity,gain(0.5,2)", f"logits:{word}")["polarity"].verdict == "not resolved"
    )


def test_bins_of_an_octave_that_they_are_not_are_told_by_the_measure():
    """Semitones of a spectrum of 24 bins an octave are two bins each."""
    net = LogSpectrum(lowest=400, per_octave=24, bins=48).double()
    net.omega /= RATE
    clips = tones(torch.full((6,), 800.0) + 100 * torch.arange(6), 1200, RATE)
    found = measured(net, clips, "pitch(2,12,crop)", "logits:bins(24 per octave)", measure="relative_error")
    assert found["pitch(2,12,crop)"].value < 1e-3


def test_layers_add_up_through_strides_dilations_and_interpolation():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv1d(1, 4, 6, stride=3), nn.GELU(), nn.Conv1d(4, 4, 3, dilation=4), nn.MaxPool1d(2), nn.Upsample(scale_factor=2),
        nn.ConvTranspose1d(4, 3, 4, stride=2), nn.AdaptiveAvgPool1d(1), nn.Flatten(),
    ).double().eval()  # fmt: skip
    for symmetry in ("translation", "scale"):
        profile = symmeter.attribute(net, CLIPS[:4], symmetry, output="logits", domain="signals")
        parts = sum(row.value for row in profile.rows if row.terminal)
        assert parts == pytest.approx(profile.rows[0].value, rel=1e-9)
    gain = symmeter.attribute(net, CLIPS[:4], "gain", output="logits", domain="signals")
    assert sum(row.value for row in gain.rows if row.terminal) == pytest.approx(gain.rows[0].value, rel=1e-9)
