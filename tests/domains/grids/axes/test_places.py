"""Single positions that are stacked in their order are the coordinate again; in any other order they are not known."""

import torch

from symmeter.domains.grids.axes.axes import BATCH, CHANNEL, UNKNOWN, X, axis
from symmeter.domains.grids.axes.places import Places

LINES = (axis(BATCH, 2), axis(CHANNEL, 3), axis(X, 4))


def taken():
    """What is known of the parts of a tensor on a line, and the parts."""
    places, parts = Places(), list(torch.rand(2, 3, 4).unbind(2))
    places.take(LINES, 2, range(4), parts)
    return places, parts


def test_order_decides():
    places, parts = taken()
    assert places.stacked(parts) == axis(X, 4)
    assert places.stacked(parts[::2]) == axis(X, 2)
    assert places.stacked(parts[::-1]) == axis(UNKNOWN, 4)
    assert places.stacked([parts[0], parts[1], parts[3]]) == axis(UNKNOWN, 3)
    assert places.stacked([parts[0], torch.rand(2, 3)]) == axis(UNKNOWN, 2)
    assert places.stacked([torch.rand(2, 3)] * 2) is None


def test_states_of_either_direction():
    places, parts = taken()
    onward, back = [parts[0]], [parts[3]]
    for part, other in zip(parts[1:], parts[2::-1], strict=True):
        for states, own in ((onward, part), (back, other)):
            state = states[-1] + own
            places.pass_on([states[-1], own], {state: LINES[:2]})
            states.append(state)
    assert places.stacked(onward) == axis(X, 4)
    assert places.stacked(back[::-1]) == axis(X, 4)
    assert places.stacked(back) == axis(UNKNOWN, 4)


def test_channels_are_no_places():
    places, parts = Places(), list(torch.rand(2, 3, 4).unbind(1))
    places.take(LINES, 1, range(3), parts)
    assert places.stacked(parts) is None
