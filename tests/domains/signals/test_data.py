"""Signals from tensors, datasets, loaders and files."""

from pathlib import Path

import numpy as np
import torch
from tests.helpers import Things, check_refused
from torch.utils.data import DataLoader, IterableDataset

from symmeter.domains.signals.data import SIGNALS as FORMS
from symmeter.domains.signals.data import open_signals
from symmeter.domains.signals.groups import InTime
from symmeter.domains.signals.names import named
from symmeter.domains.signals.options import SignalOptions
from symmeter.draw import Draw

SIGNALS = torch.randn(7, 2, 16, generator=torch.Generator().manual_seed(0))
LABELS = [0, 1, 2, 3, 4, 5, 6]
PAIRS = [(signal, label) for signal, label in zip(SIGNALS, LABELS, strict=True)]


def read(data, draw: Draw | None = None, group: InTime | None = None, **options):
    """All signals, and all labels."""
    batches = list(open_signals(data, SignalOptions(**options), draw or Draw(), group=group).batches(3))
    labels = None if batches[0].labels is None else torch.cat([batch.labels for batch in batches]).tolist()
    return torch.cat([batch.inputs for batch in batches]), labels


def test_all_forms_give_the_same(tmp_path: Path):
    np.savez(tmp_path / "signals.npz", signals=SIGNALS.numpy(), labels=np.array(LABELS))
    forms = (
        (SIGNALS, LABELS), [SIGNALS.numpy(), np.array(LABELS)], {"signals": SIGNALS, "labels": LABELS}, Things(PAIRS),
        DataLoader(Things(PAIRS), batch_size=2), [(SIGNALS[:3], LABELS[:3]), (SIGNALS[3:], LABELS[3:])],
        tmp_path / "signals.npz", str(tmp_path / "signals.npz"),
    )  # fmt: skip
    for data in forms:
        signals, labels = read(data)
        assert torch.equal(signals, SIGNALS) and labels == LABELS
        drawn, of_drawn = read(data, Draw(3, 1))
        assert len(drawn) == 3 and torch.equal(drawn, SIGNALS[of_drawn])
    assert torch.equal(read(SIGNALS)[0], SIGNALS) and read(SIGNALS)[1] is None


def test_a_stream_that_knows_its_length_is_read_as_a_stream():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(PAIRS)

        def __len__(self):
            return len(PAIRS)

    signals, labels = read(Stream())
    assert torch.equal(signals, SIGNALS) and labels == LABELS


def test_what_is_no_batch_of_signals_is_refused_in_one_line(tmp_path: Path):
    np.savez(tmp_path / "other.npz", pictures=SIGNALS.numpy())
    (tmp_path / "torn.npz").write_bytes(b"no archive")
    (tmp_path / "sound.wav").touch()
    check_refused(r"no axis of channels: give x\[:, None\]", read, SIGNALS[0])
    check_refused("int64 of shape", read, SIGNALS.long())
    check_refused("give floating point signals", read, SIGNALS[:, :, None])
    check_refused("cannot come from int", read, 3)
    check_refused("7 signals", read, (SIGNALS, [0]))
    check_refused("no signal in a dictionary with pictures", read, str(tmp_path / "other.npz"))
    check_refused("not a readable .npz", read, str(tmp_path / "torn.npz"))
    check_refused("read from an .npz", FORMS.check_path, str(tmp_path / "sound.wav"))
    check_refused("no such file", FORMS.check_path, str(tmp_path / "gone.npz"))
    check_refused(
        r"differ in length \(4, 5\): cut them to one length, length=4",
        read,
        Things([torch.rand(1, 4), torch.rand(1, 5)]),
    )
    check_refused(
        r"differ in their channels \(1, 2\): mono=True", read, Things([torch.rand(1, 4), torch.rand(2, 4)])
    )
    (group,) = named("shift(8,crop)")
    check_refused("no part inside of 8 samples at either end", read, SIGNALS, group=group)
    check_refused("a signal has 16 samples; give no more", read, SIGNALS, length="17")
    check_refused("length: 1s takes the sample rate", read, SIGNALS, length="1s")


def test_signals_are_cut_and_their_channels_averaged():
    assert torch.equal(read(SIGNALS, length="5")[0], SIGNALS[..., :5])
    assert torch.equal(read(SIGNALS, length="5ms", sample_rate=2000.0)[0], SIGNALS[..., :10])
    torch.testing.assert_close(read(SIGNALS, mono=True)[0], SIGNALS.mean(1, keepdim=True))
    ragged = Things([SIGNALS[0], SIGNALS[1, :, :9]])
    assert torch.equal(read(ragged, length="9")[0], SIGNALS[:2, :, :9])
