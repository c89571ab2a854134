"""Ways to look at a profile: by module, by kind, by stage, along the calls, as a tree.

The shares of any complete view add up to 1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from symmeter.layers.kinds import BLOCK, GLUE, KINDS, NETWORK
from symmeter.layers.profile import Profile
from symmeter.layers.tree import Part
from symmeter.results.result import pandas
from symmeter.results.standard_errors import standard_error

_NEARLY_ALL = 0.9  # of the terminal parts below one child of the root: the stages are then below that child
_INNER = ("patch embedding", "attention", "mlp", "pooling")  # containers that name what is inside


@dataclass(frozen=True)
class Share:
    """One line of a view: mean contribution in the unit of LEE, and its ratio to the mean LEE.

    The share's standard error is that of a ratio of means over images (delta method). `parts` counts what was added up.
    """

    label: str
    contribution: float
    standard_error: float | None
    share: float | None
    share_standard_error: float | None
    norm: float | None
    kind: str
    depth: int
    parts: int


def as_frame(shares: Iterable[Share]) -> Any:
    """A view as a pandas DataFrame, one row a line."""
    return pandas().DataFrame([asdict(share) for share in shares])


def by_module(profile: Profile, symmetry: str, depth: int | None = None) -> list[Share]:
    """The worst offenders first: leaves and glue, or the tree collapsed to a depth."""
    rows = [i for i, part in enumerate(profile.parts) if _shown(part, depth)]
    return sorted(_lines(profile, symmetry, rows), key=lambda share: -abs(share.contribution))


def tree(profile: Profile, symmetry: str, depth: int | None = None) -> list[Share]:
    """Every part down to a depth, in the order of the forward pass, parents before children."""
    rows = [i for i, part in enumerate(profile.parts) if depth is None or part.depth <= depth]
    return _lines(profile, symmetry, rows)


def by_kind(profile: Profile, symmetry: str) -> list[Share]:
    """Leaves and glue by kind of layer, in the order of KINDS; what is inside an attention or MLP counts as that."""
    groups: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for i, kind in enumerate(kinds(profile.parts)):
        if profile.parts[i].terminal:
            groups.setdefault(kind, []).append(i)
    return [_sum(profile, symmetry, rows, kind, kind, 1) for kind, rows in groups.items() if rows]


def by_stage(profile: Profile, symmetry: str) -> list[Share]:
    """The root's children in call order; where one of them holds nearly everything, its children take its place."""
    parts = profile.parts
    below = _children(parts)
    stages = list(below.get("", []))
    while stages:
        sizes = [sum(1 for _ in _terminals(parts, below, i)) for i in stages]
        largest = int(np.argmax(sizes))
        inner = below.get(parts[stages[largest]].layer, [])
        if sizes[largest] < _NEARLY_ALL * sum(sizes) or not inner:
            break
        stages[largest : largest + 1] = inner
    groups: dict[str, list[int]] = {}
    for i in stages:
        groups.setdefault(_stage_name(parts[i]), []).append(i)
    return [_sum(profile, symmetry, rows, name, parts[rows[0]].kind, 1) for name, rows in groups.items()]


def cumulative(profile: Profile, symmetry: str) -> list[Share]:
    """Running sums over leaves and glue along the calls (Gruver et al. 2023, Fig. 4); the last line is LEE."""
    values, lee = profile.contributions(symmetry), profile.contributions(symmetry)[0]
    rows = [i for i, part in enumerate(profile.parts) if part.terminal]
    running = np.cumsum(values[rows], axis=0)
    return [
        _share(profile.parts[i].layer, total, lee, None, profile.parts[i].kind, profile.parts[i].depth, n + 1)
        for n, (i, total) in enumerate(zip(rows, running, strict=True))
    ]


def fraction(profile: Profile, symmetry: str) -> dict[str, float]:
    """The fraction of each kind in the sum of norms, or of |contribution| where there are no norms.

    Source: Gruver et al. 2023, Fig. 4 (middle right): nearly the same for all affine generators.
    """
    norms = profile.norms(symmetry)
    sizes = np.abs(profile.contributions(symmetry).mean(1)) if norms is None else norms.mean(1)
    found: dict[str, float] = dict.fromkeys(KINDS, 0.0)
    for part, kind, size in zip(profile.parts, kinds(profile.parts), sizes, strict=True):
        if part.terminal:
            found[kind] = found.get(kind, 0.0) + float(size)
    total = sum(found.values())
    return {kind: size / total for kind, size in found.items() if size > 0} if total else {}


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


def _shown(part: Part, depth: int | None) -> bool:
    if depth is None:
        return part.terminal
    return part.depth == depth or (part.terminal and part.depth < depth)


def _children(parts: Sequence[Part]) -> dict[str, list[int]]:
    below: dict[str, list[int]] = {}
    for i, part in enumerate(parts):
        if part.parent is not None:
            below.setdefault(part.parent, []).append(i)
    return below


def _terminals(parts: Sequence[Part], below: dict[str, list[int]], i: int) -> Iterable[int]:
    if parts[i].terminal:
        yield i
    for child in below.get(parts[i].layer, []):
        yield from _terminals(parts, below, child)


def _stage_name(part: Part) -> str:
    """`blocks` for `blocks.3`'s stage number: names up to the first number, `blocks.3`."""
    words: list[str] = []
    for word in part.layer.split("#")[0].split("."):
        words.append(word)
        if word.isdigit():
            break
    return ".".join(words)


def _lines(profile: Profile, symmetry: str, rows: Sequence[int]) -> list[Share]:
    values, norms, found = profile.contributions(symmetry), profile.norms(symmetry), kinds(profile.parts)
    return [
        _share(profile.parts[i].layer, values[i], values[0], None if norms is None else norms[i], found[i],
               profile.parts[i].depth, 1)
        for i in rows
    ]  # fmt: skip


def _sum(profile: Profile, symmetry: str, rows: list[int], label: str, kind: str, depth: int) -> Share:
    values, norms = profile.contributions(symmetry), profile.norms(symmetry)
    norm = None if norms is None else norms[rows].sum(0)
    return _share(label, values[rows].sum(0), values[0], norm, kind, depth, len(rows))


def _share(
    label: str,
    values: np.ndarray,
    lee: np.ndarray,
    norm: np.ndarray | None,
    kind: str,
    depth: int,
    parts: int,
) -> Share:
    mean, whole = float(values.mean()), float(lee.mean())
    ratio = mean / whole if whole else None
    error = None if ratio is None else standard_error(values - ratio * lee)
    return Share(
        label=label, contribution=mean, standard_error=standard_error(values), share=ratio,
        share_standard_error=None if error is None else error / whole,
        norm=None if norm is None else float(norm.mean()), kind=kind, depth=depth, parts=parts,
    )  # fmt: skip
