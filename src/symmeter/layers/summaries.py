"""Ways to look at a profile: by module, by kind, by stage, along the calls, as a tree.

The shares of any complete view add up to 1.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from symmeter.layers.kinds import BLOCK, GLUE, KINDS_OF_LAYERS, NETWORK
from symmeter.layers.part import Part
from symmeter.results.intervals import Interval, of_ratio_of_means
from symmeter.results.result import pandas
from symmeter.results.row import Row
from symmeter.results.standard_errors import ratio_error, standard_error

if TYPE_CHECKING:
    from pandas import DataFrame

_NEARLY_ALL = 0.9  # of the terminal parts below one child of the root: the stages are then below that child
_INNER = ("patch embedding", "attention", "mlp", "pooling")  # containers that name what is inside


class Profiled(Protocol):
    """What a view needs of a profile."""

    @property
    def parts(self) -> tuple[Part, ...]: ...

    @property
    def rows(self) -> Sequence[Row]: ...

    def contributions(self, symmetry: str) -> np.ndarray: ...

    def norms(self, symmetry: str) -> np.ndarray | None: ...


@dataclass(frozen=True)
class Share:
    """One line of a view: mean contribution in the unit of LEE, and its ratio to the mean LEE.

    The share is a ratio of means over images: its standard error is by the delta method, its 95 % interval by the
    studentised bootstrap, None where there is none. `parts` counts what was added up.
    """

    label: str
    contribution: float
    standard_error: float | None
    share: float | None
    share_standard_error: float | None
    share_low: float | None
    share_high: float | None
    norm: float | None
    kind: str
    depth: int
    parts: int


def as_frame(shares: Iterable[Share]) -> "DataFrame":
    """A view as a pandas DataFrame with one row per line."""
    return pandas().DataFrame(list(map(asdict, shares)))


def by_module(profile: Profiled, symmetry: str, depth: int | None = None) -> list[Share]:
    """The worst offenders first: the terminal parts, or the tree collapsed to a depth."""
    most = math.inf if depth is None else depth
    rows = [
        i
        for i, part in enumerate(profile.parts)
        if part.depth == most or (part.terminal and part.depth < most)
    ]
    return sorted(_Values.of(profile, symmetry).lines(rows), key=lambda share: -abs(share.contribution))


def tree(profile: Profiled, symmetry: str, depth: int | None = None) -> list[Share]:
    """Every part down to a depth, in the order of the forward pass, parents before children."""
    rows = [i for i, part in enumerate(profile.parts) if depth is None or part.depth <= depth]
    return _Values.of(profile, symmetry).lines(rows)


def by_kind(profile: Profiled, symmetry: str) -> list[Share]:
    """Terminal parts by kind of layer, in the order of KINDS_OF_LAYERS.

    What is inside an attention or MLP counts as that.
    """
    values = _Values.of(profile, symmetry)
    groups = parts_by_kind(profile.parts)
    return [values.added(rows, label=kind, kind=kind) for kind, rows in groups.items()]


def by_stage(profile: Profiled, symmetry: str) -> list[Share]:
    """The root's children in call order; where one of them holds nearly everything, its children take its place."""
    values, parts = _Values.of(profile, symmetry), profile.parts
    groups = parts_by_stage(parts)
    return [values.added(rows, label=name, kind=parts[rows[0]].kind) for name, rows in groups.items()]


def parts_by_kind(parts: Sequence[Part]) -> dict[str, list[int]]:
    """The places of the terminal parts of each kind of layer, in the order of KINDS_OF_LAYERS."""
    groups: dict[str, list[int]] = {kind: [] for kind in KINDS_OF_LAYERS}
    for i, kind in enumerate(kinds(parts)):
        if parts[i].terminal:
            groups.setdefault(kind, []).append(i)
    return {kind: places for kind, places in groups.items() if places}


def parts_by_stage(parts: Sequence[Part]) -> dict[str, list[int]]:
    """The places of the parts that are the stages of a network, by their names; together they are the network."""
    below = _children(parts)
    stages = list(below.get("", [0]))
    while True:
        sizes = [_terminals(parts, below, i) for i in stages]
        largest = int(np.argmax(sizes))
        inner = below.get(parts[stages[largest]].layer, [])
        if sizes[largest] < _NEARLY_ALL * sum(sizes) or not inner:
            break
        stages[largest : largest + 1] = inner
    groups: dict[str, list[int]] = {}
    for i in stages:
        groups.setdefault(_stage_name(parts[i]), []).append(i)
    return groups


def cumulative(profile: Profiled, symmetry: str) -> list[Share]:
    """Running sums over the terminal parts along the calls (Gruver et al. 2023, Fig. 4); the last line is LEE."""
    values = _Values.of(profile, symmetry)
    rows = [i for i, part in enumerate(profile.parts) if part.terminal]
    running = np.cumsum(values.contributions[rows], axis=0)
    shares = []
    for count, (i, total) in enumerate(zip(rows, running, strict=True), start=1):
        part = profile.parts[i]
        shares.append(values.share(total, label=part.layer, kind=part.kind, depth=part.depth, parts=count))
    return shares


def fraction(profile: Profiled, symmetry: str) -> dict[str, float]:
    """The fraction of each kind in the sum of norms, or of |contribution| where there are no norms.

    Source: Gruver et al. 2023, Fig. 4 (middle right): nearly the same for all affine generators.
    """
    norms = profile.norms(symmetry)
    if norms is None:
        sizes = np.abs(profile.contributions(symmetry).mean(1))
    else:
        sizes = norms.mean(1)
    found: dict[str, float] = dict.fromkeys(KINDS_OF_LAYERS, 0.0)
    for part, kind, size in zip(profile.parts, kinds(profile.parts), sizes, strict=True):
        if part.terminal:
            found[kind] = found.get(kind, 0.0) + float(size)
    total = sum(found.values())
    return {kind: size / total for kind, size in found.items() if size > 0}


def kinds(parts: Sequence[Part]) -> list[str]:
    """The kind each part counts as: that of the nearest container around it that names one, else its own.

    >>> attn = Part("attn", "", "attention", 1, 1, 1, False)
    >>> kinds([attn, Part("attn.proj", "attn", "linear", 2, 1, 2, True)])
    ['attention', 'attention']
    """
    by_layer = {part.layer: part for part in parts}
    found = []
    for part in parts:
        around, kind = part.parent, part.kind
        if kind == GLUE and around in by_layer and by_layer[around].kind == "normalisation":
            kind = "normalisation"  # one that has its activation inside
        while around in by_layer:
            if by_layer[around].kind in _INNER:
                kind = by_layer[around].kind
                break
            around = by_layer[around].parent
        found.append("other" if kind in (BLOCK, NETWORK) and part.terminal else kind)
    return found


def _children(parts: Sequence[Part]) -> Mapping[str | None, list[int]]:
    """The parts in each, by its layer; the root in none."""
    below: dict[str | None, list[int]] = defaultdict(list)
    for i, part in enumerate(parts):
        below[part.parent].append(i)
    return below


def _terminals(parts: Sequence[Part], below: Mapping[str | None, list[int]], i: int) -> int:
    """How many terminal parts are in a part."""
    inside = below.get(parts[i].layer, [])
    return parts[i].terminal + sum(_terminals(parts, below, child) for child in inside)


def _stage_name(part: Part) -> str:
    """`blocks` for `blocks.3`'s stage number: names up to the first number, `blocks.3`."""
    words: list[str] = []
    for word in part.layer.split("#")[0].split("."):
        words.append(word)
        if word.isdigit():
            break
    return ".".join(words)


@dataclass(frozen=True)
class _Values:
    """What is known of all parts along one generator: (parts, images) each, the root first, which is LEE."""

    parts: Sequence[Part]
    contributions: np.ndarray
    norms: np.ndarray | None
    intervals: Sequence[Interval]  # of the shares of single parts

    @staticmethod
    def of(profile: Profiled, symmetry: str) -> "_Values":
        """Those of a profile."""
        rows = [row for row in profile.rows if row.symmetry == symmetry]
        intervals = [Interval(row["share_low"], row["share_high"]) for row in rows]
        return _Values(profile.parts, profile.contributions(symmetry), profile.norms(symmetry), intervals)

    def lines(self, rows: Sequence[int]) -> list[Share]:
        """One line per part."""
        found = kinds(self.parts)
        return [self.added([i], self.parts[i].layer, found[i], self.parts[i].depth) for i in rows]

    def added(self, rows: list[int], label: str, kind: str, depth: int = 1) -> Share:
        """Parts added up to one line."""
        total = self.contributions[rows].sum(0)
        norm = None if self.norms is None else float(self.norms[rows].sum(0).mean())
        own = self.intervals[rows[0]] if len(rows) == 1 else None
        return self.share(total, norm, own, label=label, kind=kind, depth=depth, parts=len(rows))

    def share(
        self,
        values: np.ndarray,
        norm: float | None = None,
        interval: Interval | None = None,
        *,
        label: str,
        kind: str,
        depth: int,
        parts: int,
    ) -> Share:
        """The line of some contributions (images,) with their mean norm, and the interval of their share if known."""
        mean, lee = float(values.mean()), self.contributions[0]
        interval = interval or of_ratio_of_means(values, lee)
        whole = float(lee.mean())
        return Share(
            label=label,
            contribution=mean,
            standard_error=standard_error(values),
            share=mean / whole if whole else None,
            share_standard_error=ratio_error(values, lee),
            share_low=interval.low,
            share_high=interval.high,
            norm=norm,
            kind=kind,
            depth=depth,
            parts=parts,
        )
