"""Files of signals: sound, EDF, CSV and arrays, one rate for all, those that cannot be read named and counted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.helpers import Things, check_refused
from torch.utils.data import DataLoader

import symmeter
from symmeter.domains.signals.data import check_data, open_signals, rate_of
from symmeter.domains.signals.domain import Signals
from symmeter.domains.signals.options import SignalOptions
from symmeter.draw import Draw
from symmeter.samples import Samples

RATE, LENGTH = 8000, 64
CLIPS = (
    np.round(np.random.default_rng(0).uniform(-0.9, 0.9, (5, 2, LENGTH)) * 2**15) / 2**15
)  # 16 bits are exact


def opened(data: Any, **options: Any) -> Samples:
    return open_signals(data, SignalOptions(**options), Draw())


def inputs(samples: Samples) -> torch.Tensor:
    return torch.cat([batch.inputs for batch in samples.batches(4)])


def write_sound(path: Path, clip: np.ndarray, rate: int = RATE) -> Path:
    soundfile = pytest.importorskip("soundfile")
    path.parent.mkdir(exist_ok=True, parents=True)
    soundfile.write(str(path), clip.T, rate)
    return path


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_sounds_are_read_as_they_were_written(tmp_path: Path, ending: str):
    for i, clip in enumerate(CLIPS):
        write_sound(tmp_path / f"{i}.{ending}", clip)
    assert rate_of(str(tmp_path), SignalOptions()).rate == RATE
    found = inputs(opened(str(tmp_path)))
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.double().numpy(), CLIPS)
    mono = inputs(opened(tmp_path / f"0.{ending}", mono=True, length="5ms"))
    np.testing.assert_allclose(mono[0, 0].numpy(), CLIPS[0, :, :40].mean(0), atol=1e-7)
    assert Signals.takes(str(tmp_path)) and Signals.claims(tmp_path / f"0.{ending}")


def test_folders_in_a_folder_are_classes(tmp_path: Path):
    for i, name in enumerate(("bird", "bird", "car")):
        write_sound(tmp_path / name / f"{i}.wav", CLIPS[i])
    (batch,) = opened(str(tmp_path)).batches(8)
    assert batch.labels is not None and batch.labels.tolist() == [0, 0, 1]
    assert rate_of(str(tmp_path), SignalOptions()).rate == RATE


def test_another_rate_is_refused_by_the_name_of_the_file(tmp_path: Path):
    write_sound(tmp_path / "a.wav", CLIPS[0])
    write_sound(tmp_path / "b.wav", CLIPS[1], 16000)
    check_refused("b.wav is at 16000 Hz, and others at 8000: resample", inputs, opened(str(tmp_path)))
    said = opened(str(tmp_path / "a.wav"), sample_rate=44100.0)
    check_refused("a.wav is at 8000 Hz, and sample_rate=44100: resample", inputs, said)


def test_what_cannot_be_read_is_skipped_named_and_counted(tmp_path: Path):
    (tmp_path / "a.wav").write_bytes(b"no sound")
    (tmp_path / "b.csv").write_text("1,2\n3,x\n")
    (tmp_path / "c.npy").write_bytes(b"")
    for i, clip in enumerate(CLIPS):
        write_sound(tmp_path / f"d{i}.wav", clip)
    net = torch.nn.Sequential(
        torch.nn.Conv1d(2, 3, 5), torch.nn.AdaptiveAvgPool1d(1), torch.nn.Flatten()
    ).eval()
    with pytest.warns(match=r"3 unreadable signals skipped: a.wav .*b.csv .*c.npy"):
        result = symmeter.measure(net, str(tmp_path), "shift(2.5ms,open)", output="logits", control=False)
    assert result.status == "partial" and result.header["data"]["used"] == 5
    spec = result.header["spec"]
    assert (spec["sample_rate"], spec["length"]) == (RATE, LENGTH)
    assert {"shift 20 (2.5 ms)", "identity"} <= {row.element for row in result.elements}
    assert (
        "8000 Hz: half of 64 samples, the unit of translation_x, is 0.004 s, one sample is 0.125 ms"
        in " ".join(str(result).split())
    )


def test_tables_have_a_channel_in_each_column(tmp_path: Path):
    table = "\n".join(",".join(map(repr, row)) for row in CLIPS[0].T.tolist())
    (tmp_path / "plain.csv").write_text(table)
    (tmp_path / "named.csv").write_text("left,right\n" + table)
    for name in ("plain.csv", "named.csv"):
        np.testing.assert_array_equal(inputs(opened(tmp_path / name)).double().numpy()[0], CLIPS[0])


def test_arrays_hold_one_signal_or_many(tmp_path: Path):
    np.save(tmp_path / "many.npy", CLIPS)
    np.save(tmp_path / "one.npy", CLIPS[0, 0])
    np.savez(tmp_path / "rate.npz", signals=CLIPS, sample_rate=250)
    np.testing.assert_array_equal(inputs(opened(tmp_path / "many.npy")).numpy(), CLIPS)
    np.testing.assert_array_equal(inputs(opened(tmp_path / "one.npy")).numpy(), CLIPS[:1, :1])
    assert rate_of(str(tmp_path / "rate.npz"), SignalOptions()).rate == 250


def test_channels_of_an_edf_file(tmp_path: Path):
    edf = pytest.importorskip("pyedflib")
    path, units = tmp_path / "sleep.edf", 100 * CLIPS[0]
    heads = edf.highlevel.make_signal_headers(
        ["Fpz", "Cz"], sample_frequency=32, physical_min=-100, physical_max=100
    )
    edf.highlevel.write_edf(str(path), units, heads)
    found = inputs(opened(path))
    assert rate_of(str(path), SignalOptions()).rate == 32 and found.shape == (1, 2, LENGTH)
    np.testing.assert_allclose(found[0].numpy(), units, atol=200 / 2**16)
    for head, rate in zip(heads, (32, 16), strict=True):
        head["sample_frequency"] = rate
    edf.highlevel.write_edf(str(path), [units[0], units[1, ::2].copy()], heads)
    check_refused("several sample rates", inputs, opened(path))


def test_items_of_torchaudio_have_a_rate_and_no_class_that_is_a_rate():
    items = [(torch.from_numpy(clip), RATE, i, "speaker") for i, clip in enumerate(CLIPS)]
    data = Things(items)
    assert rate_of(data, SignalOptions()).rate == RATE
    (batch,) = opened(data).batches(8)
    assert batch.labels is not None and batch.labels.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(batch.inputs.numpy(), CLIPS)
    (loaded,) = opened(DataLoader(data, batch_size=2)).batches(8)
    assert loaded.labels is not None and loaded.labels.tolist() == [0, 1, 2, 3, 4]
    other = Things([*items, (torch.from_numpy(CLIPS[0]), 2 * RATE, 0, "speaker")])
    check_refused(r"signal\[5\] is at 16000 Hz, and others at 8000", inputs, opened(other))


@pytest.mark.parametrize(("name", "folder", "rate"), [
    ("YESNO", "waves_yesno", RATE), ("SPEECHCOMMANDS", "SpeechCommands/speech_commands_v0.02/bird", 16000),
])  # fmt: skip
def test_datasets_of_torchaudio_give_signals_and_their_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, folder: str, rate: int
):
    package = pytest.importorskip("torchaudio", reason="it comes with a real network: requirements/real.txt")
    soundfile = pytest.importorskip("soundfile")
    for i, clip in enumerate(CLIPS):
        bits = "_".join(f"{i:08b}")
        write_sound(
            tmp_path / folder / (f"{bits}.wav" if name == "YESNO" else f"a_nohash_{i}.wav"), clip[:1], rate
        )

    def load(path: str, **_: object) -> tuple[torch.Tensor, int]:
        """In place of its own way, which needs a codec that it does not bring."""
        samples, own = soundfile.read(path, dtype="float32", always_2d=True)
        return torch.from_numpy(samples.T), own

    monkeypatch.setattr(package, "load", load)
    data = getattr(package.datasets, name)(str(tmp_path))
    assert len(data) == len(CLIPS)
    assert rate_of(data, SignalOptions()).rate == rate
    found = inputs(opened(data))
    order = [int(np.abs(CLIPS[:, :1] - x.double().numpy()).max((1, 2)).argmin()) for x in found]
    np.testing.assert_array_equal(found.double().numpy(), CLIPS[order, :1])
    assert sorted(order) == list(range(len(CLIPS)))


def test_a_first_item_that_cannot_be_read_is_skipped_and_its_rate_is_no_class():
    items = [OSError("gone"), *((torch.from_numpy(clip), RATE, i, "speaker") for i, clip in enumerate(CLIPS))]
    assert rate_of(Things(items), SignalOptions()).rate == RATE
    samples = opened(Things(items))
    (batch,) = samples.batches(8)
    assert samples.skipped == [("signal[0]", "gone")]
    assert batch.labels is not None and batch.labels.tolist() == [0, 1, 2, 3, 4]


def test_axes_that_are_swapped_are_one_line(tmp_path: Path):
    np.save(tmp_path / "stereo.npy", CLIPS[0].T)
    words = r"64 channels of 2 samples have their axes swapped: give \(N, C, L\), time last, such as x.mT"
    check_refused(words, opened, torch.rand(3, 64, 2))
    check_refused(words, inputs, opened(tmp_path / "stereo.npy"))
    assert inputs(opened(torch.rand(3, 64, 8))).shape == (3, 64, 8)


def test_paths_without_signals_are_refused_before_a_model_is_built(tmp_path: Path):
    (tmp_path / "a.mp4").touch()
    check_refused("no such file", check_data, str(tmp_path / "gone.wav"))
    check_refused("signals are read from wav, flac, ogg", check_data, str(tmp_path / "a.mp4"))
    check_refused("no signals in this folder", opened, str(tmp_path))
