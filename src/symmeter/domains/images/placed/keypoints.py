"""Keypoints from what a network returns: pixel coordinates (B, K, 2), or (B, K, 3) with how sure it is."""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.swap import Pairs, check_swap
from symmeter.domains.images.placed.rows import half_of, with_frame
from symmeter.errors import SymmeterError
from symmeter.models.leaves import leaf_at, main_leaf


@dataclass(frozen=True)
class KeypointReader:
    """Keypoints of images as rows; `path` is where they are in what a model returns, nothing for its main output.

    Coordinates count pixels from the centre of the first one, so that x of the last column is W - 1.
    """

    path: str = ""
    swap: Pairs = ()

    def __call__(self, returned: object, x: Tensor) -> Tensor:
        """Rows (B, 1 + K, 7) from what a model returned for images x (B, C, H, W)."""
        y = leaf_at(returned, self.path) if self.path else main_leaf(returned)
        y = y.to(x)
        if y.ndim != 3 or y.shape[-1] not in (2, 3):
            raise SymmeterError(
                f"output 'keypoints' has shape {tuple(y.shape)}; keypoints are pixel coordinates (B, K, 2), or "
                "(B, K, 3) with how sure each is"
            )
        try:
            check_swap(self.swap, y.shape[1], "keypoints")
        except ValueError as error:
            raise SymmeterError(f"output 'keypoints': {error}") from error
        centre = y[..., :2] - (half_of(x.shape[-2:], y) - 0.5)
        sure = y[..., 2:] if y.shape[-1] == 3 else torch.ones_like(y[..., :1])
        number = torch.arange(y.shape[1]).to(y).expand(len(y), -1)[..., None]
        rows = torch.cat([centre, torch.zeros_like(centre), sure, number, torch.ones_like(number)], -1)
        return with_frame(rows, x.shape[-2:])
