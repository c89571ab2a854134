"""Clouds of points and other sets from tensors, arrays, pairs with labels, datasets, loaders and .npz files."""

from typing import Any

from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.samples import Preparation
from symmeter.streams import Reader, as_tensor


class SetPreparation(Preparation):
    """Sets (N, features) as they are."""

    item = "set"

    def input(self, raw: Any) -> Tensor:
        """One set as network input (N, features)."""
        return rows_of(as_tensor(raw, self.item)[None], "one by one")[0]

    def mismatch(self, first: tuple[int, ...], shape: tuple[int, ...]) -> SymmeterError:
        return SymmeterError(f"sets differ in shape ({first} and {shape}): give as many points to each")


def rows_of(points: Any, name: str) -> Tensor:
    """A batch of sets (N, points, features) in floating point; SymmeterError for anything else."""
    rows = as_tensor(points, name)
    if rows.ndim < 3 or 0 in rows.shape or not rows.is_floating_point():
        raise SymmeterError(
            f"{name}: points must be a float tensor (N, points, features), not {rows.dtype} {tuple(rows.shape)}"
        )
    return rows


SETS = Reader("set", ("points", "pos", "x"), rows_of)
