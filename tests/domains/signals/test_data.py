"""Signals from tensors, datasets, loaders and files."""

from pathlib import Path

import numpy as np
import torch
from tests.helpers import Things, check_refused
from torch.utils.data import DataLoader, IterableDataset

from symmeter.domains.signals.data import SIGNALS as FORMS
from symmeter.domains.signals.data import open_signals
from symmeter.samples import Draw

SIGNALS = torch.randn(7, 2, 16, generator=torch.Generator().manual_seed(0))
LABELS = [0, 1, 2, 3, 4, 5, 6]
PAIRS = [(signal, label) for signal, label in zip(SIGNALS, LABELS, strict=True)]


def read(data, draw: Draw | None = None, margin: int = 0):
    """All signals, and all labels."""
    batches = list(open_signals(data, draw or Draw(), margin).batches(3))
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
    check_refused("differ in length", read, Things([torch.rand(1, 4), torch.rand(1, 5)]))
    check_refused("differ in their channels", read, Things([torch.rand(1, 4), torch.rand(2, 4)]))
    check_refused("no window inside of 8 samples at either end", read, SIGNALS, Draw(), 8)
