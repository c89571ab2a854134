"""What a run finds of the split of its squared error: sample by sample from the orbit, and by averaging anew."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from symmeter.errors import SymmeterError
from symmeter.measures.error_split import Answers, Split
from symmeter.measuring.averages import Average, Drawn, averages_over, drawn_for
from symmeter.measuring.kinds import Recent
from symmeter.measuring.orbit_pass import Orbit
from symmeter.measuring.targets import ElementSums, OrbitTarget, Reduced
from symmeter.results.columns import Columns, Key
from symmeter.samples import Batch
from symmeter.symmetry.groups.group import ElementSet

GIVEN, ERROR, ASYMMETRY, SYMMETRISED = "given", "error", "asymmetry", "symmetrised"
_NAME = "error_split"
_OTHER_DRAWS = 7919  # added to the seed of the elements of the orbit


@dataclass(frozen=True)
class Found:
    """Statistics (b,) of some samples, and those that every element has a part in, (N, b)."""

    columns: dict[Key, Tensor] = field(default_factory=dict)
    parts: dict[Key, Tensor] = field(default_factory=dict)


def key_of(target: OrbitTarget, statistic: str) -> Key:
    """The name of a column of the split of a target's error."""
    return Key(_NAME, target.group, statistic=statistic, output=None if target.alone else str(target.output))


def predicted(k: int) -> str:
    """The statistic of what an average over k elements should take away."""
    return f"predicted_gain_{k}"


def left_by(k: int) -> str:
    """That of the error of such averages."""
    return f"error_of_{k}"


def taken_by(k: int) -> str:
    """That of what they took away."""
    return f"gain_of_{k}"


@dataclass
class Splitting:
    """The split of the error of all outputs that have labels, with averages over `sizes` elements; None: there is none.

    What averages leave is predicted from the elements of the orbit, and measured on others, drawn for each sample.
    """

    sizes: Sequence[int] | None = None
    seed: int = 0
    hint: str = ""  # how outputs get labels
    sums: dict[Key, ElementSums] = field(default_factory=dict)  # of what has a part for every element
    labelled: set[str] = field(default_factory=set)
    _random: torch.Generator = field(init=False)
    _averages: Recent[tuple[Average, ...]] = field(default_factory=Recent)

    def __post_init__(self):
        self._random = torch.Generator().manual_seed(self.seed + _OTHER_DRAWS)

    @property
    def wanted(self) -> bool:
        """Whether anything is to be found at all."""
        return self.sizes is not None

    def averages(self, elements: ElementSet) -> tuple[Average, ...]:
        """The averages that are taken where these are the elements of the run."""
        known = self._averages.get(elements)
        if known is None:
            known = averages_over(elements, self.sizes or ())
            self._averages.keep(elements, known)
        return known

    def _labels(self, orbit: Orbit, own: Reduced, batch: Batch, part: slice) -> list[Tensor]:
        """What every output should be on a part of a batch, (b, ...); SymmeterError where nothing is known at all."""
        found = [
            batch.reference(t.output.name, part, t.quantity.shape, t.output.conversion) for t in orbit.targets
        ]
        names = [target.output.name for target in orbit.targets]
        self.labelled.update(name for name, y in zip(names, found, strict=True) if y is not None)
        if not self.labelled:
            raise SymmeterError(
                f"the error needs labels of {', '.join(names)}, and there are none: {self.hint}"
            )
        return [_known(y, chunk.reference) for y, chunk in zip(found, own.chunks, strict=True)]

    def found(self, orbit: Orbit, own: Reduced, x: Tensor, batch: Batch, part: slice) -> Found:
        """Every statistic of samples x (b, ...), a part of a batch; NaN where there is no label."""
        if not self.wanted:
            return Found()
        averages = self.averages(orbit.elements)
        columns: dict[Key, Tensor] = {}
        shared: dict[Key, Tensor] = {}
        labels = self._labels(orbit, own, batch, part)
        for target, chunk, answers, y in zip(orbit.targets, own.chunks, own.answers, labels, strict=True):
            split = Split.of(answers, chunk, y)
            parts = {ERROR: split.error, ASYMMETRY: split.asymmetry, SYMMETRISED: split.symmetrised}
            for average in averages:
                parts[predicted(average.k)] = _gain(average, answers, split)
            columns[key_of(target, GIVEN)] = split.given
            shared |= {key_of(target, statistic): values for statistic, values in parts.items()}
        draws = drawn_for(averages, orbit.elements.group)
        rows = [dict(self._averaged(orbit, draws, x[i : i + 1], labels, i)) for i in range(len(x))]
        columns |= default_collate(rows)
        columns |= {key: values.mean(0) for key, values in shared.items()}
        return Found(columns, shared)

    def take(self, found: Found, columns: Columns, keep: np.ndarray) -> None:
        """Take down what was found of the samples to `keep` (b,)."""
        for key, values in found.columns.items():
            columns.add(key, values.cpu().numpy()[keep])
        for key, values in found.parts.items():
            self._add(key, values.cpu().numpy()[:, keep])

    def _averaged(
        self, orbit: Orbit, draws: Iterable[Drawn], x: Tensor, labels: Sequence[Tensor], i: int
    ) -> Iterator[tuple[Key, Tensor]]:
        """The errors of averages of one sample x (1, ...), number i of those with labels (b, ...)."""
        for drawn in draws:
            answers = orbit.answers(x, drawn.draw(self._random))
            for target, own, y in zip(orbit.targets, answers, labels, strict=True):
                errors = own.errors(y[i : i + 1])[:, 0]
                for average, blocks in drawn.averages:
                    used = list(chain.from_iterable(blocks))
                    left = own.errors_of_means(y[i : i + 1], blocks).mean()
                    yield key_of(target, left_by(average.k)), left
                    yield key_of(target, taken_by(average.k)), errors[used].mean() - left

    def means(self, key: Key, count: int) -> np.ndarray:
        """The mean part of every element in a statistic, (count,); 0 in one that they have no part in."""
        known = self.sums.get(key, ElementSums(np.zeros(count), np.zeros(count)))
        return known.total / max(1, known.samples)

    def _add(self, key: Key, values: np.ndarray) -> None:
        """Add the parts (N, b) of single elements in a statistic."""
        kept = values[:, np.isfinite(values).all(0)]
        known = self.sums.get(key)
        if known is None or len(known.total) != len(kept):
            known = self.sums[key] = ElementSums(np.zeros(len(kept)), np.zeros(len(kept)))
        known.total += kept.sum(1)
        known.samples += kept.shape[1]

    def notes(self, targets: Iterable[OrbitTarget]) -> list[str]:
        """Which outputs have no labels."""
        if not self.wanted:
            return []
        lacking = [t.output.name for t in targets if t.output.name not in self.labelled]
        return [f"no labels of {', '.join(lacking)}: no error is split there"] if lacking else []


def _gain(average: Average, answers: Answers, split: Split) -> Tensor:
    """What an average should take away, (N, b): by the cosets among the elements, or as of independent ones."""
    if average.blocks:
        return answers.spread(average.blocks)
    return split.asymmetry * (1 - 1 / average.k)


def _known(y: Tensor | None, like: Tensor) -> Tensor:
    """Reference values (b, ...) where outputs `like` (b, ...) are, NaN for none."""
    if y is None:
        return torch.full_like(like, torch.nan, dtype=torch.float64)
    return y.to(like.device)
