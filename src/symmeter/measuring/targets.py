"""What the measures make of one pass over an orbit, output by output."""

from collections.abc import Container
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.measures.error_split import Answers
from symmeter.measures.measure import Average, OrbitMeasure, Pool, Reducer
from symmeter.measures.orbit import Chunk, View
from symmeter.measures.quantity import OUTPUT, PROBABILITY, Quantity
from symmeter.measures.registry import known_measures
from symmeter.measures.relative_error import RelativeError
from symmeter.measures.spread import Distances
from symmeter.measuring.infinite_values import infinities
from symmeter.models.outputs import Output
from symmeter.results.columns import VALUE, Columns, Key
from symmeter.results.nodes import Nodes
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial

BY_ELEMENT = (
    RelativeError()
)  # what the table and the curve of elements show, of what is compared entry by entry
_STATISTICS = {"error": VALUE}  # columns of reducers that have another name in a result


@dataclass
class Target:
    """One output, and how the symmetry acts on it."""

    output: Output
    quantity: Quantity
    rho: Representation


@dataclass
class OrbitTarget(Target):
    """One output, and what is measured of it over a group.

    `group` is the name of what acts. `average`: positions of the elements over which G-EED takes the mean, none where
    the kernel is the identity alone or no measure needs it; `estimated`: they are a sample of an infinite kernel.
    """

    measures: list[OrbitMeasure]
    group: str = ""
    alone: bool = True  # whether it is the only output
    average: list[int] = field(default_factory=list)
    estimated: bool = False
    pools: dict[str, Pool] = field(init=False)
    control_pools: dict[str, Pool] = field(init=False)

    def __post_init__(self):
        self.pools, self.control_pools = self.new_pools(), self.new_pools()

    def new_pools(self) -> dict[str, Pool]:
        """Empty ones, for the measures that pool samples."""
        pools = {}
        for m in self.measures:
            pool = m.pool()
            if pool is not None:
                pools[m.name] = pool
        return pools

    def key(self, measure: OrbitMeasure) -> Key:
        """The name of a column."""
        return Key(measure.name, self.group, output=None if self.alone else str(self.output))

    @property
    def keys(self) -> list[Key]:
        """The names of the columns of all its measures."""
        return list(map(self.key, self.measures))

    def sharing(self, other: "OrbitTarget") -> "OrbitTarget":
        """The same with the pools of another, which belongs to samples of another kind."""
        self.pools, self.control_pools = other.pools, other.control_pools
        return self

    def notes(self, columns: Columns, item: str) -> list[str]:
        """What the reader must know of its columns, a line each; `item` is the noun of one sample."""
        notes = list(chain.from_iterable(pool.notes(self.quantity) for pool in self.pools.values()))
        return notes + list(
            chain.from_iterable(infinities(columns, self.key(m), item) for m in self.measures)
        )

    @property
    def by_element(self) -> Key:
        """The name under which the errors of single elements go, the identity's 0 among them."""
        return self.key(self.shown).as_statistic("element")

    @cached_property
    def shown(self) -> Average:
        """What is shown of single elements: the relative error, or the mean error of its own kind."""
        of_kind = [
            m for m in known_measures().values() if isinstance(m, Average) and m.of_kind == self.rho.kind
        ]
        return BY_ELEMENT if not self.rho.kind else of_kind[0]


def quantity_of(output: Output, y: Tensor, domain: Domain) -> Quantity:
    """What a measure must know of an output y (B, ...)."""
    unit = PROBABILITY if output.name == "softmax" else domain.unit(output.name) or OUTPUT
    return Quantity.of(str(output), y, unit)


def check_kind(measure: OrbitMeasure, output: Output, rho: Representation) -> None:
    """SymmeterError for a measure that does not compare outputs of this kind."""
    if measure.of_kind == rho.kind:
        return
    fits = [name for name, m in known_measures().items() if getattr(m, "of_kind", None) == rho.kind]
    of = (
        f"{output.label!r} is made of {rho.kind}"
        if rho.kind
        else f"{output.label!r} is compared entry by entry"
    )
    raise SymmeterError(f"output {of}, and {measure.name} is not for that; choose from {', '.join(fits)}")


def check_moves(output: Output, rho: Representation) -> None:
    """SymmeterError for an output that the group does not move: no group is the wrong one for it."""
    if isinstance(rho, Trivial):
        raise SymmeterError(
            f"output {str(output)!r} is invariant, so no group is the wrong one for it; the "
            "wrong-group control needs an output that the group moves"
        )


@dataclass
class ElementSums:
    """Running sums of one measure's errors, element by element.

    `errors` are those of single samples, (b,) for each chunk, by the number of the element; of some elements only.
    """

    total: np.ndarray
    squares: np.ndarray
    samples: int = 0
    errors: dict[int, list[np.ndarray]] = field(default_factory=dict)


@dataclass
class PairSums:
    """The running sum of what pairs of elements contribute, (N, N)."""

    total: np.ndarray
    samples: int = 0

    def add(self, found: Tensor, keep: Tensor) -> None:
        """Add what was found of pairs, (N, N), on the samples to `keep` (b,)."""
        self.total = self.total + found.cpu().numpy()
        self.samples += int(keep.sum())


class Reduced:
    """What the measures make of one pass: reducers by output and measure, and which samples (b,) are finite."""

    def __init__(
        self,
        targets: list[OrbitTarget],
        chunks: list[Chunk],
        pools: list[dict[str, Pool]],
        alone: bool = False,
        spectra: bool = False,
        answers: bool = False,
    ):
        """`alone`: also what every element does to f(x), whatever the measures. `spectra`: also distances by pairs.

        `answers`: also all values of the conjugated model, as they are.
        """
        self._distances = [Distances(chunk) for chunk in chunks] if spectra else []
        self._answers: list[list[Acted]] = [[] for _ in chunks] if answers else []
        self.targets, self.chunks, self._pools, self._alone = targets, chunks, pools, alone
        self.reducers: list[dict[str, Reducer]] = [
            {m.name: m.reducer(chunk) for m in target.measures}
            for target, chunk in zip(targets, chunks, strict=True)
        ]
        for pool in chain.from_iterable(map(dict.values, pools)):
            pool.begin()
        # not every chunk has a mean
        known = filter(torch.is_tensor, chain.from_iterable((one.reference, one.mean) for one in chunks))
        self.finite = torch.stack(list(map(_finite, known))).all(0)
        self._by_element: dict[Key, dict[int, Tensor]] = {}

    def close(self, keep: Tensor) -> None:
        """All elements are done: give the pools what they have of the samples to `keep` (b,)."""
        for chunk, pools in zip(self.chunks, self._pools, strict=True):
            for pool in pools.values():
                pool.close(chunk, keep.to(chunk.reference.device))

    def add(self, k: int, i: int, view: View) -> None:
        """Give element number i of output number k to all measures."""
        target = self.targets[k]
        self.finite &= _finite(view.y)
        for m in target.measures:
            error = self.reducers[k][m.name].add(view)
            if error is not None:
                self._by_element.setdefault(target.key(m), {})[i] = error.double().cpu()
            if m.name in self._pools[k]:
                self._pools[k][m.name].add(view)
        if self._distances:
            self._distances[k].add(*view.conjugated)
        if self._answers:
            self._answers[k].append(view.conjugated)
        if self._alone:
            self._by_element.setdefault(target.by_element, {})[i] = target.shown.error(view).double().cpu()

    @property
    def answers(self) -> list[Answers]:
        """The values of the conjugated model, output by output."""
        return list(map(Answers.of, self._answers))

    def columns(self) -> dict[Key, np.ndarray]:
        """Values (b,) of every statistic of every measure and output."""
        found = {}
        for target, reducers in zip(self.targets, self.reducers, strict=True):
            for m in target.measures:
                for column, values in reducers[m.name].columns().items():
                    statistic = _STATISTICS.get(column, column)
                    found[target.key(m).as_statistic(statistic)] = values.double().cpu().numpy()
        return found

    @property
    def scores(self) -> Tensor:
        """The scores of classes (b, K) among the outputs."""
        pairs = zip(self.targets, self.chunks, strict=True)
        return next(chunk.reference for target, chunk in pairs if target.output.is_scores(chunk.reference))

    def add_elements(
        self, sums: dict[Key, ElementSums], count: int, keep: np.ndarray, singly: Container[int] = ()
    ) -> None:
        """Add what single elements did on the samples to `keep` (b,); one by one for elements in `singly`."""
        for key, errors in self._by_element.items():
            own = sums.setdefault(key, ElementSums(np.full(count, np.nan), np.full(count, np.nan)))
            for i, values in errors.items():
                kept = values.numpy()[keep]
                own.total[i] = np.nan_to_num(own.total[i]) + kept.sum()
                own.squares[i] = np.nan_to_num(own.squares[i]) + (kept**2).sum()
                if i in singly:
                    own.errors.setdefault(i, []).append(kept)
            own.samples += int(keep.sum())

    def add_nodes(
        self, nodes: dict[Key, Nodes], names: list[str], keep: np.ndarray, kinds: np.ndarray | None
    ) -> None:
        """Add what single nodes have on the samples to `keep` (b,), which have these names; `kinds` (b, N)."""
        count = None if kinds is None else kinds.shape[1]
        for target, chunk, reducers in zip(self.targets, self.chunks, self.reducers, strict=True):
            axis = target.rho.node_axis(tuple(chunk.reference.shape), count)
            if axis is None:
                continue
            for m in target.measures:
                found = reducers[m.name].by_node(axis)
                if found is not None:
                    own = kinds[keep] if kinds is not None and kinds.shape[1] == found.shape[1] else None
                    nodes.setdefault(target.key(m), Nodes()).add(names, own, found.cpu().numpy()[keep])

    def add_distances(self, sums: dict[str, PairSums], keep: Tensor) -> None:
        """Add the squared distances between the values of elements on the samples to `keep` (b,), output by output."""
        for target, chunk, distances in zip(self.targets, self.chunks, self._distances, strict=False):
            found = distances.between(keep.to(chunk.reference.device))
            sums.setdefault(str(target.output), PairSums(np.zeros(()))).add(found, keep)

    def add_pairs(self, pairs: dict[Key, PairSums], keep: Tensor) -> None:
        """Add what pairs of elements contribute on the samples to `keep` (b,)."""
        for target, chunk, reducers in zip(self.targets, self.chunks, self.reducers, strict=True):
            for m in target.measures:
                found = reducers[m.name].pairs(keep.to(chunk.reference.device))
                if found is not None:
                    pairs.setdefault(target.key(m), PairSums(np.zeros(()))).add(found, keep)


def _finite(y: Tensor) -> Tensor:
    """Which samples (b,) have only finite entries in y (b, ...)."""
    return y.flatten(1).isfinite().all(1).cpu()
