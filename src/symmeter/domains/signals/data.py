"""Signals from tensors, arrays, pairs with labels, datasets, loaders and .npz files."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.samples import Draw, Preparation, Samples
from symmeter.streams import Reader, as_tensor

ITEM = "signal"
_WANTED = "give floating point signals (N, C, L)"


@dataclass(frozen=True)
class SignalPreparation(Preparation):
    """Signals (C, L) as they are; `margin` are the samples at either end that a window leaves out."""

    margin: int = 0

    item = ITEM

    def input(self, raw: Any) -> Tensor:
        """One signal as network input (C, L)."""
        (signal,) = rows_of(as_tensor(raw, ITEM)[None], "one by one")
        if signal.shape[-1] <= 2 * self.margin:
            raise SymmeterError(
                f"signals of {signal.shape[-1]} samples have no window inside of {self.margin} samples at either end: "
                "give longer ones"
            )
        return signal

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        if shape[0] != first[0]:
            return SymmeterError(f"signals differ in their channels ({first[0]}, {shape[0]})")
        return SymmeterError(f"signals differ in length ({first[1]}, {shape[1]}): cut them to one length")


def open_signals(data: Any, draw: Draw, margin: int = 0) -> Samples:
    """Signals from whatever `data` is; SymmeterError, in one line, for what cannot be used.

    >>> import torch
    >>> samples = open_signals((torch.rand(5, 1, 8), [0, 1, 2, 3, 4]), Draw(2))
    >>> [(tuple(batch.inputs.shape), batch.labels.tolist()) for batch in samples.batches(2)]
    [((2, 1, 8), [0, 4])]
    """
    return Samples(SIGNALS.source(data), SignalPreparation(margin), draw)


def rows_of(signals: Any, name: str) -> Tensor:
    """A batch of signals (N, C, L) in floating point; SymmeterError for anything else."""
    rows = as_tensor(signals, name)
    if rows.ndim == 2:
        raise SymmeterError(f"{name}: shape {tuple(rows.shape)} has no axis of channels: give x[:, None]")
    if rows.ndim != 3 or 0 in rows.shape or not rows.is_floating_point():
        kind = str(rows.dtype).removeprefix("torch.")
        raise SymmeterError(f"{name}: {kind} of shape {tuple(rows.shape)}; {_WANTED}")
    return rows


SIGNALS = Reader(ITEM, ("signals", "signal", "x"), rows_of)
