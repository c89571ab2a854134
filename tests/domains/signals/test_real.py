"""Real networks of sound: the pitch of CREPE, and Silero's detector of voices."""

import math

import pytest
import torch
from tests.domains.signals.networks import crepe, tones, voice_activity
from torch import Tensor
from zoo.networks.sounds import FRAME, RATE, PitchNetwork

import symmeter
from symmeter.domains.signals.domain import Signals
from symmeter.domains.signals.groups import TimeShifts
from symmeter.domains.signals.spans import Span
from symmeter.models.load import describe

pytestmark = pytest.mark.slow
BINS = "logits:bins(60 per octave)"


def scale_of_tones(length: int) -> Tensor:
    """Eight tones, a quarter of an octave apart."""
    return tones(110 * 2 ** (torch.arange(8) / 4), length).float()


def test_octaves_are_sixty_bins_apart():
    """At the floor of its bins: the number of the loudest one moves by as many as the pitch does."""
    net = PitchNetwork(crepe()).eval()
    octaves = tones(torch.tensor([220.0, 440.0, 880.0]), FRAME).float()
    assert net(octaves).argmax(1).tolist() == [168, 228, 288]
    rho, clips = Signals().rho_in(describe(net)), tones(torch.tensor([440.0]), 2 * FRAME).float()
    for g in Signals.symmetry("pitch(12,60)")[0].enumerate():
        moved = int(net(rho.act(g, clips)[0]).argmax())
        assert abs(moved - 228 - 60 * g.octaves) <= 1, g.name


def test_bins_move_with_pitch_and_only_so():
    net, clips = PitchNetwork(crepe()).eval(), scale_of_tones(2 * FRAME)
    options = {"domain": "signals", "sample_rate": RATE}
    moved = symmeter.measure(net, clips, "pitch(4,60),gain(0.5,2)", "relative_error", BINS, **options)
    pitch, gain = moved.rows
    assert pitch.value < 0.3 and pitch.stability < 0.4 and pitch.verdict == "stable"
    assert gain.verdict == "not resolved"  # its frames are normalised
    still, *_ = symmeter.measure(
        net, clips, "pitch(4,60)", "relative_error", "logits:invariant", **options
    ).rows
    assert still.value > 3 * pitch.value and still.stability > 1


def test_frames_follow_shifts_by_whole_hops_only():
    """Sounds that change; a hop of 16 samples in place of 160, so that every phase is seen."""
    hop, length = 16, FRAME + 3 * 16
    random = torch.Generator().manual_seed(0)
    clips = torch.randn(2, 1, length + 2 * hop, generator=random).cumsum(-1)
    net = PitchNetwork(crepe(), hop).eval()
    output = f"logits:bins(60 per octave, hop={hop})"
    result = symmeter.measure(
        net, clips, f"shift({hop},crop)", "relative_error", output, domain="signals", control=False
    )
    whole, *others = result.phases()
    assert len(others) == hop - 1 and whole.value < 1e-5
    assert min(row.value for row in others) > 100 * whole.value
    assert f"has a frame every {hop} samples" in " ".join(str(result).split())


class EveryTwentieth(TimeShifts):
    """Shifts by up to a hop of 160 samples, one of every 20: eight phases, and whole hops either way."""

    def _steps(self) -> list[int]:
        return sorted(range(-160, 161, 20), key=abs)


def test_at_its_own_hop_the_error_is_a_curve_over_the_phase():
    """The hop of 160 samples that CREPE has; the same for shifts by k and by k - 160, and 0 for whole hops."""
    hop, length = 160, FRAME + 3 * 160
    random = torch.Generator().manual_seed(0)
    clips = torch.randn(4, 1, length + 2 * hop, generator=random).cumsum(-1)
    result = symmeter.measure(
        PitchNetwork(crepe(), hop).eval(), clips, EveryTwentieth("crop", limit=Span(hop)), "relative_error",
        f"logits:bins(60 per octave, hop={hop})", domain="signals", sample_rate=RATE, control=False,
    )  # fmt: skip
    assert {row.parameter for row in result.elements} == set(range(-160, 161, 20))
    by_shift = {row.parameter: row.value for row in result.elements}
    assert max(by_shift[-160], by_shift[160]) < 1e-5
    whole, *others = result.phases()
    assert [row.phase for row in others] == list(range(20, 160, 20))
    assert whole.value < 1e-5
    assert min(row.value for row in others) > 1000 * whole.value
    between = [by_shift[k] for k in (20, 80, 140)]
    assert (
        between[1] > between[0] and between[1] > between[2]
    )  # half-way between two frames is farthest from both


@pytest.mark.filterwarnings("ignore:`torch.jit.load:FutureWarning")  # the wheel's own way to load it
def test_the_detector_of_voices_hears_loudness_and_place_but_no_sign():
    """Single frames of sung vowels: it looks at the sizes of a spectrum, which have no polarity."""
    t = torch.arange(512) / RATE
    harmonics = range(1, 20)
    vowel = lambda f: sum(
        math.exp(-(((f * k - 600) / 300) ** 2)) * torch.sin(2 * math.pi * f * k * t + k) for k in harmonics
    )
    clips = 0.2 * torch.stack([vowel(100 + 15 * i) for i in range(8)])[:, None]
    detector = voice_activity()
    result = symmeter.measure(
        detector, clips, "gain(0.5,2),polarity,shift(40)", "relative_error", "logits", domain="signals",
        sample_rate=RATE, elements=8,
    )  # fmt: skip
    gain, polarity, shift = result.rows
    assert polarity.error in (None, 0.0) and polarity.value == 0 and polarity.verdict == "not resolved"
    for row in (gain, shift):
        assert 3 * row.floor < row.value and row.stability is not None, row
    again = symmeter.measure(
        detector, clips, "shift(40)", "relative_error", "logits", domain="signals", elements=8
    )
    assert again.rows[0].value == pytest.approx(shift.value, rel=1e-5)  # it keeps nothing from call to call
