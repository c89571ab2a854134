"""Rules of recurrent nets: a sequence keeps its positions, its states have none."""

from typing import cast

import torch
from torch import Tensor

from symmeter.domains.grids.axes.axes import CHANNEL, Axes, axis
from symmeter.domains.grids.axes.operations.operation import AxesOf, Found, rule_of_one
from symmeter.domains.grids.axes.operations.whole import whole


@rule_of_one("mkldnn_rnn_layer _cudnn_rnn _thnn_fused_lstm")
def _kernel(axes: Axes, outputs: list[Tensor], x: Tensor, *_: object, **__: object) -> Found:
    """x (T, B, C) to a sequence (T, B, C'); the states at its end are told by the call around the kernel."""
    others = len(outputs) - 1
    return [_sequence(axes, outputs[0]), *[None] * others]


@whole(torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu)
def _recurrent(axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *args: object, **kwargs: object) -> Found:
    """x (T, B, C), or (B, T, C) where the last argument says so, to a sequence alike and states (layers, B, C').

    Either direction goes through the whole sequence, so its positions stay and the states are the same wherever it
    starts. Packed sequences, whose second argument tells their lengths, have no axis of time.
    """
    axes = axes_of(x)
    states = outputs[1:]
    packed = not isinstance(args[2], bool)
    if axes is None or packed:
        return [None] * len(outputs)
    batch_first = cast(bool, kwargs.get("batch_first", args[-1]))
    images = axes[0] if batch_first else axes[1]
    ended = [(axis(CHANNEL, len(h)), images, axis(CHANNEL, h.shape[-1])) for h in states]
    return [_sequence(axes, outputs[0]), *ended]


def _sequence(axes: Axes, output: Tensor) -> Axes:
    return (*axes[:-1], axis(CHANNEL, output.shape[-1]))
