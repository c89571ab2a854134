"""What the measures make of one pass over an orbit, output by output."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from symmeter.measures import OrbitMeasure
from symmeter.measures.base import Pool, Reducer
from symmeter.measures.view import Chunk, View
from symmeter.outputs import Output
from symmeter.representations import Representation


@dataclass
class Target:
    """One output: how the group acts on it, and what is measured of it."""

    output: Output
    rho: Representation
    kernel: list[int]
    measures: list[OrbitMeasure]
    pools: dict[str, Pool] = field(default_factory=dict)
    control_pools: dict[str, Pool] = field(default_factory=dict)

    def new_pools(self) -> dict[str, Pool]:
        """Empty ones, for the measures that pool images."""
        return {m.name: pool for m in self.measures if (pool := m.pool()) is not None}

    def key(self, measure: OrbitMeasure) -> str:
        """The name of a column."""
        return f"{measure.name}:{self.output}"


@dataclass
class ElementSums:
    """Running sums of one measure's errors, element by element."""

    total: np.ndarray
    squares: np.ndarray
    images: int = 0


class Reduced:
    """What the measures make of one pass: reducers by output and measure, and which images were finite."""

    def __init__(self, targets: list[Target], chunks: list[Chunk], pools: list[dict[str, Pool]]):
        self.targets, self.chunks, self._pools = targets, chunks, pools
        self.reducers: list[dict[str, Reducer]] = [
            {m.name: m.reducer(chunk) for m in target.measures}
            for target, chunk in zip(targets, chunks, strict=True)
        ]
        self.finite = torch.stack([c.reference.flatten(1).isfinite().all(1).cpu() for c in chunks]).all(0)
        self._by_element: dict[str, dict[int, Tensor]] = {}

    def close(self, keep: Tensor) -> None:
        """All elements are done: give the pools what they have of the images to keep."""
        for chunk, pools in zip(self.chunks, self._pools, strict=True):
            for pool in pools.values():
                pool.close(chunk, keep.to(chunk.reference.device))

    def add(self, k: int, i: int, view: View) -> None:
        """Give element number i of output number k to all measures."""
        target = self.targets[k]
        self.finite &= view.y.flatten(1).isfinite().all(1).cpu()
        for m in target.measures:
            error = self.reducers[k][m.name].add(view)
            if error is not None:
                self._by_element.setdefault(target.key(m), {})[i] = error.double().cpu()
            if m.name in self._pools[k]:
                self._pools[k][m.name].add(view)

    def columns(self) -> dict[tuple[str, str], np.ndarray]:
        """By measure and output, and what the column is (nothing for the error)."""
        return {
            (f"{name}:{target.output}", "" if column == "error" else ":" + column): values.double()
            .cpu()
            .numpy()
            for target, reducers in zip(self.targets, self.reducers, strict=True)
            for name, reducer in reducers.items()
            for column, values in reducer.columns().items()
        }

    def add_elements(self, sums: dict[str, ElementSums], count: int, keep: np.ndarray) -> None:
        """Add what single elements did on the images to keep."""
        for key, errors in self._by_element.items():
            own = sums.setdefault(key, ElementSums(np.full(count, np.nan), np.full(count, np.nan)))
            for i, values in errors.items():
                kept = values.numpy()[keep]
                own.total[i] = np.nan_to_num(own.total[i]) + kept.sum()
                own.squares[i] = np.nan_to_num(own.squares[i]) + (kept**2).sum()
            own.images += int(keep.sum())
