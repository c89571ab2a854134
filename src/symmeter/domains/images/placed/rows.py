"""Things with a place in an image as rows of one tensor (B, 1 + N, 7), whatever their number in each image.

A row is (centre x, centre y, half width, half height, score, class, present), in pixels from the centre of what the
network sees; a keypoint has no size. Row 0 is the frame itself, which is no thing but moves like one. Rows that are not
present are padding.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

CENTRE, HALF = slice(0, 2), slice(2, 4)
SCORE, CLASS, PRESENT, COLUMNS = 4, 5, 6, 7


def with_frame(things: Tensor, size: Sequence[int]) -> Tensor:
    """Rows (B, N, 7) behind that of a frame of `size` (H, W): (B, 1 + N, 7)."""
    frame = things.new_zeros(len(things), 1, COLUMNS)
    frame[..., HALF] = half_of(size, things)
    return torch.cat([frame, things], 1)


def half_of(size: Sequence[int], like: Tensor) -> Tensor:
    """Half the width and half the height of a frame (H, W): (2,), of the type of another tensor."""
    height, width = size
    return like.new_tensor([width / 2, height / 2])


def things_of(rows: Tensor) -> Tensor:
    """All but the frame: (B, N, 7), without slots that are empty in every image."""
    things = rows[:, 1:]
    used = int((things[..., PRESENT] > 0.5).sum(1).max()) if len(things) else 0
    return things[:, :used]


def reach_of(rows: Tensor) -> Tensor:
    """Half the extent (B, 1, 2) of the frame of rows (B, 1 + N, 7) that have not been moved."""
    return rows[:, :1, HALF]
