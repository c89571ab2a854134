"""Signals from tensors, arrays, pairs with labels, datasets, loaders and files, all at one rate and of one length."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from symmeter.domains.signals import files
from symmeter.domains.signals.groups import InTime
from symmeter.domains.signals.options import SignalOptions
from symmeter.domains.signals.recording import Recording
from symmeter.domains.signals.spans import parse_span
from symmeter.draw import Draw
from symmeter.errors import SymmeterError, counted
from symmeter.samples import Preparation, Samples
from symmeter.source import Item, Source, axes_of, indexed, opened_npz
from symmeter.streams import Reader, as_tensor

ITEM = "signal"
RATE_KEYS = ("sample_rate", "rate")  # of an .npz
_WANTED = "give floating point signals (N, C, L)"
_TRIED = 8  # items, for a first one that can be read
_FEW, _MANY = 8, 16  # with no more samples, and so many times as many channels, axes are taken to be swapped
_LOWEST_RATE = 1000  # a whole number behind a waveform is its rate from here on


@dataclass(frozen=True)
class SignalPreparation(Preparation):
    """Signals (C, L), cut to the length that is asked for; a `group` may hear only a part of them."""

    options: SignalOptions = field(default_factory=SignalOptions)
    rate: float | None = None
    group: InTime | None = None

    item = ITEM

    def input(self, raw: Any) -> Tensor:
        """One signal as network input (C, L)."""
        values = raw.samples if isinstance(raw, Recording) else as_tensor(raw, ITEM)
        (signal,) = rows_of(values[None], "one by one")
        signal = self._cut(signal.mean(0, keepdim=True) if self.options.mono else signal)
        length = signal.shape[-1]
        if self.group is not None and length <= 2 * self.group.margin(length):
            raise SymmeterError(
                f"{self.group.name}: signals of {length} samples have no part inside of "
                f"{self.group.margin(length)} samples at either end: give longer ones"
            )
        return signal

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        if shape[0] != first[0]:
            return SymmeterError(
                f"signals differ in their channels ({first[0]}, {shape[0]}): mono=True takes their mean"
            )
        shortest = min(first[1], shape[1])
        return SymmeterError(
            f"signals differ in length ({first[1]}, {shape[1]}): cut them to one length, length={shortest}"
        )

    def _cut(self, signal: Tensor) -> Tensor:
        """The first samples of a signal (C, L), as many as are asked for."""
        if self.options.length is None:
            return signal
        wanted = round(parse_span(self.options.length).samples(self.rate, "length"))
        if signal.shape[-1] < wanted:
            raise SymmeterError(
                f"length={self.options.length}: a signal has {signal.shape[-1]} samples; give no more than that"
            )
        return signal[..., :wanted]

    def summary(self) -> dict[str, Any]:
        return {"sample_rate": self.rate, "length": self.options.length, "mono": self.options.mono}


@dataclass(frozen=True)
class OneRate:
    """All signals of some data at one rate: that which was said, else that of the first."""

    rate: float | None
    said: bool = False

    def __call__(self, recording: Recording, name: str) -> Recording:
        """The recording; SymmeterError where it is at another rate."""
        if None not in (recording.rate, self.rate) and recording.rate != self.rate:
            other = f"sample_rate={self.rate:g}" if self.said else f"others at {self.rate:g}"
            raise SymmeterError(f"{name} is at {recording.rate:g} Hz, and {other}: resample to one rate")
        return recording


def rate_of(data: Any, options: SignalOptions) -> OneRate:
    """The rate of some data: the option, else what the first file, the archive or the first item says."""
    if options.sample_rate is not None:
        return OneRate(options.sample_rate, said=True)
    if isinstance(data, str | Path):
        return OneRate(_rate_of_path(str(data)))
    if isinstance(data, Mapping):
        return OneRate(_said_in(data))
    item = _with_rate(_items_of(data))
    return OneRate(None if item is None else _recording(item).rate)


def open_signals(
    data: Any,
    options: SignalOptions,
    draw: Draw,
    one_rate: OneRate | None = None,
    group: InTime | None = None,
) -> Samples:
    """Signals from whatever `data` is; SymmeterError, in one line, for what cannot be used.

    >>> import torch
    >>> samples = open_signals((torch.rand(5, 1, 8), [0, 1, 2, 3, 4]), SignalOptions(length="6"), Draw(2))
    >>> [(tuple(batch.inputs.shape), batch.labels.tolist()) for batch in samples.batches(2)]
    [((2, 1, 6), [0, 4])]
    """
    one_rate = one_rate or rate_of(data, options)
    return Samples(_source(data, one_rate), SignalPreparation(options, one_rate.rate, group), draw)


def check_data(path: str) -> None:
    """SymmeterError for a path of no signals, or without the package that reads them."""
    if Path(path).suffix.lower() == ".npz":
        SIGNALS.check_path(path)
    else:
        files.check_path(path)


def rows_of(signals: Any, name: str) -> Tensor:
    """A batch of signals (N, C, L) in floating point; SymmeterError for anything else."""
    rows = as_tensor(signals, name)
    if rows.ndim == 2:
        raise SymmeterError(f"{name}: shape {tuple(rows.shape)} has no axis of channels: give x[:, None]")
    if rows.ndim != 3 or 0 in rows.shape or not rows.is_floating_point():
        kind = str(rows.dtype).removeprefix("torch.")
        raise SymmeterError(f"{name}: {kind} of shape {tuple(rows.shape)}; {_WANTED}")
    channels, length = rows.shape[1:]
    if length <= _FEW and channels >= _MANY * length:
        raise SymmeterError(
            f"{name}: {channels} channels of {counted(length, 'sample')} have their axes swapped: give (N, C, L), "
            "time last, such as x.mT"
        )
    return rows


SIGNALS = Reader(ITEM, ("signals", ITEM, "x"), rows_of)


def _source(data: Any, one_rate: OneRate) -> Source:
    if not isinstance(data, str | Path):
        items = _items_of(data)
        return SIGNALS.source(data) if _with_rate(items) is None else _from_dataset(items, one_rate)
    ending, place = Path(data).suffix.lower(), Path(data).expanduser()
    if ending == ".npz":
        return SIGNALS.from_npz(str(data))
    if axes_of(place) == SIGNALS.axes:
        return replace(SIGNALS.from_arrays(np.load(place), None, place.name), path=str(data))
    return files.from_path(str(data), one_rate)


def _from_dataset(data: Any, one_rate: OneRate) -> Source:
    """Items as torchaudio's datasets have them: (waveform (C, L), rate, label, ...)."""

    def item(i: int) -> Item:
        name = f"{ITEM}[{i}]"
        return Item(name, lambda: (one_rate(_recording(data[i]), name), data[i][2]))

    return indexed(item, len(data), type(data).__name__, "dataset", ITEM)


def _items_of(data: Any) -> Any:
    """The dataset of a loader, for the rates of batches are no classes; other data as it is."""
    return getattr(data, "dataset", data)


def _with_rate(data: Any) -> Any:
    """The first item that can be read, where it is (waveform, rate, label, ...); None for any other, and for none.

    It has three parts or more, the second a whole number of a rate's size. Items that fail are named in their turn.
    """
    for i in range(_TRIED):
        with contextlib.suppress(Exception):
            item = data[i]
            waveform, rate, _, *_ = item
            return item if np.ndim(waveform) == 2 and isinstance(rate, int) and rate >= _LOWEST_RATE else None
    return None


def _recording(item: Any) -> Recording:
    """The first two of an item."""
    return Recording(as_tensor(item[0], ITEM), float(item[1]))


def _rate_of_path(path: str) -> float | None:
    if Path(path).suffix.lower() == ".npz":
        SIGNALS.check_path(path)
        with opened_npz(Path(path).expanduser()) as archive:
            return _said_in({key: archive[key] for key in RATE_KEYS if key in archive.files})
    files.check_path(path)
    return files.first_rate(path)


def _said_in(arrays: Mapping[str, Any]) -> float | None:
    """The rate that stands beside signals."""
    return next((float(np.asarray(arrays[key])) for key in RATE_KEYS if key in arrays), None)
