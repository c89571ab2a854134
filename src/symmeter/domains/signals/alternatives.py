"""What else an output of signals might be than what it was said to be: its amplitudes follow, or it is still."""

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

from torch import Tensor

from symmeter.domains.signals.bins import Bins
from symmeter.domains.signals.signal import Signal
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

_FOLLOWS = "has amplitudes that follow those of the input, as 'signal'"
_KEEPS = "has values that move in time and do not follow gain and polarity, as 'equivariant'"
_STILL = Alternative(Trivial(), "stays as it is when the input moves, as 'invariant'")


@singledispatch
def alternatives(rho: Representation, value: Tensor, signal: Signal) -> Sequence[Alternative]:
    """Other actions on a value (B, ...) on which a symmetry acts by `rho`; `signal` is how inputs (B, C, L) move."""
    return ()


@alternatives.register
def _(rho: Signal, value: Tensor, signal: Signal) -> Sequence[Alternative]:
    """Of (B, C, L): with the amplitudes that it lacks, without those that it has, or still."""
    words = {True: _KEEPS, False: _FOLLOWS}[rho.amplitude]
    return Alternative(replace(rho, amplitude=not rho.amplitude), words), _STILL


@alternatives.register
def _(rho: Bins, value: Tensor, signal: Signal) -> Sequence[Alternative]:
    """Of (B, ..., bins): still."""
    return (_STILL,)


@alternatives.register
def _(rho: Trivial, value: Tensor, signal: Signal) -> Sequence[Alternative]:
    """Of (B, C, L'), which have an axis that may be time."""
    moved = Alternative(replace(signal, amplitude=False), _KEEPS), Alternative(signal, _FOLLOWS)
    return moved * (value.ndim == 3)
