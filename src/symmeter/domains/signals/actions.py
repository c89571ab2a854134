"""How symmetries act on outputs of networks that hear signals, by a word such as `frames(hop=160)`."""

import re
from dataclasses import replace

from torch import Tensor

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.signals.bins import Bins
from symmeter.domains.signals.signal import Signal
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

SIGNAL = "signal"
ACTIONS = ("invariant", "equivariant", "channels_first", SIGNAL, "frames(hop=160)", "bins(60 per octave)")
_FRAMES = re.compile(r"^frames\(hop=([1-9]\d*)\)$")
_BINS = re.compile(r"^bins\(([1-9]\d*) per octave(?:, ?hop=([1-9]\d*))?\)$")


def is_action(word: str) -> bool:
    """Whether a word says how symmetries act on an output.

    >>> is_action("bins(60 per octave)"), is_action("bins(60 per octave, hop=160)"), is_action("frames")
    (True, True, False)
    """
    return word in ACTIONS or hop_of(word) is not None or _BINS.match(word) is not None


def hop_of(word: str) -> int | None:
    """How many samples lie between frames, where the word says so.

    >>> hop_of("frames(hop=160)"), hop_of("equivariant")
    (160, None)
    """
    match = _FRAMES.match(word) or _BINS.match(word)
    hop = match.groups()[-1] if match else None
    return int(hop) if hop else None


def representation_of(word: str, y: Tensor, signal: Signal) -> Representation:
    """That of y (B, C, L'), (B, K) or (B, ..., K, T) by a word; ValueError where its shape contradicts it.

    `signal` is how inputs move.
    """
    bins = _BINS.match(word)
    if word == "invariant":
        return Trivial()
    hop = hop_of(word)
    if bins and y.ndim > 1:
        line = Grid(Bandlimited(), axes=1)  # whatever lies between samples: bins are on no circle
        in_time = replace(signal, amplitude=False, hop=hop) if y.ndim > 2 else None
        return Bins(line, int(bins[1]), in_time)
    if y.ndim != 3:
        shape = ", ".join(["B", *map(str, y.shape[1:])])
        raise ValueError(f"it has shape ({shape}) and so no axis of time: that takes (B, C, L)")
    return replace(signal, amplitude=word == SIGNAL, hop=hop)
