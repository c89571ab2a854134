"""Rules of Fourier transforms: from positions to frequencies along the same coordinate, and back to positions."""

from collections.abc import Sequence

from torch import Tensor

from symmeter.domains.grids.axes.axes import (
    CHANNEL,
    FREQUENCIES,
    Axes,
    Factor,
    axis,
    channels_if,
    grid_along,
    roles,
)
from symmeter.domains.grids.axes.operations.operation import Found, rule_of_one

_TRANSFORMED = FREQUENCIES | {frequency: role for role, frequency in FREQUENCIES.items()}
_NONE = Factor(CHANNEL, 1)


@rule_of_one("_fft_c2c _fft_r2c _fft_c2r")
def _transform(axes: Axes, outputs: list[Tensor], x: Tensor, dims: Sequence[int], *_: object) -> Found:
    """x of any shape, transformed along some axes, in either direction.

    Whatever has been cut off or added in between, what comes back lies along the coordinate again, as after a
    convolution. Frequencies alone are no places: nothing is known of how they move.
    """
    found = list(axes)
    for dim in dims:
        size = outputs[0].shape[dim]
        along = grid_along(axes, dim) or next(iter(axes[dim]), _NONE)
        role = _TRANSFORMED.get(along.role)
        plain = channels_if(roles(axes[dim]) <= {CHANNEL}, size)
        found[dim] = plain if role is None else axis(role, size)
    return [tuple(found)] * len(outputs)
