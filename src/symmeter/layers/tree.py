"""The tree of parts that an attribution reports: calls of modules whose layouts are known, and what lies between.

What a module's forward does itself between the modules it calls is its functional remainder, in rows the `glue`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

import torch
from torch import Tensor

from symmeter.layers.classify import kind_of
from symmeter.layers.kinds import BLOCK, GLUE, NETWORK
from symmeter.layers.part import Part
from symmeter.layers.walk import Call, Slot

Key = tuple[str, int]  # layer and number of the call


@dataclass(frozen=True)
class Tree:
    """Parts, and how the contribution of each comes from those of the calls.

    `weights` (P, C), of P parts and C calls, has 1 where a part is a call; for a functional remainder 1 at its call
    and -1 at the children of that call.
    """

    parts: tuple[Part, ...]
    index: Mapping[Key, int]
    weights: Tensor
    folded: Mapping[str, str]  # module -> why it has no row of its own

    def contributions(self, of_calls: Tensor) -> Tensor:
        """Those of the parts (P, ...) from those of the calls (C, ...)."""
        return torch.einsum("pc,c...->p...", self.weights.to(of_calls.device), of_calls)


def grow(calls: list[Call], known: set[Slot]) -> Tree:
    """The tree of the calls of one pass, `calls[0]` the root; those with a tap outside of `known` fold.

    A call that folds has no part: what it does stays in the functional remainder of the nearest call around it that
    has one.
    """
    kept, folded = [], {}
    for call in calls:
        strangers = [tap for tap in call.taps if tap.slot not in known]
        if call.parent is not None and (strangers or call.opaque):
            folded[name_of(call)] = call.opaque or _reason(strangers[0].slot, strangers[0].value.data)
        elif call.taps:
            kept.append(call)
    index = {(call.layer, call.number): i for i, call in enumerate(kept)}
    children: dict[Key, list[Call]] = defaultdict(list)
    for call in kept[1:]:
        children[_parent(call, index)].append(call)
    totals = Counter(map(attrgetter("layer"), calls))
    parts: list[Part] = []
    rows: list[Tensor] = []
    _add(kept[0], None, 0, children, index, totals, parts, rows)
    return Tree(tuple(parts), index, torch.stack(rows), folded)


def _add(
    call: Call,
    parent: str | None,
    depth: int,
    children: dict[Key, list[Call]],
    index: dict[Key, int],
    totals: dict[str, int],
    parts: list[Part],
    rows: list[Tensor],
) -> None:
    """A call's part, those of its children, and its functional remainder, in the order of the forward pass.

    Each adds a row (C,) of weights, one for each of C calls.
    """
    inside, name, module = children[call.layer, call.number], name_of(call), call.module
    kind = NETWORK if module is None else kind_of(module, leaf=not inside)
    if inside and kind not in ("attention", "mlp", "patch embedding", "normalisation", "pooling", NETWORK):
        kind = BLOCK
    parts.append(Part(name, parent, kind, depth, totals[call.layer], len(parts), terminal=not inside))
    row = torch.zeros(len(index), dtype=torch.float64)
    row[index[call.layer, call.number]] = 1
    rows.append(row)
    for child in inside:
        _add(child, name, depth + 1, children, index, totals, parts, rows)
    if inside and not _is_chain(call, inside):
        remainder = row.clone()
        for child in inside:
            remainder[index[child.layer, child.number]] = -1
        label = f"{name}.(glue)".removeprefix(".")
        parts.append(Part(label, name, GLUE, depth + 1, totals[call.layer], len(parts), terminal=True))
        rows.append(remainder)


def name_of(call: Call) -> str:
    """The dotted name, with #2 at the second call."""
    return f"{call.layer}#{call.number + 1}".removesuffix("#1")


def _parent(call: Call, index: Mapping[Key, int]) -> Key:
    around = call.parent
    while around is not None and (around.layer, around.number) not in index:
        around = around.parent
    return (around.layer, around.number) if around is not None else ("", 0)


def _is_chain(call: Call, inside: list[Call]) -> bool:
    """Whether each child hands the very tensor that it made to the next, so that nothing remains between."""
    if {(len(child.inputs), len(child.outputs)) for child in inside} != {(1, 1)}:
        return False
    values = [tap.value for child in inside for tap in (*child.inputs, *child.outputs)]
    ends = [tap.value for tap in (*call.inputs, *call.outputs)]
    return ends == [values[0], values[-1]] and values[1:-1:2] == values[2:-1:2]


def _reason(slot: Slot, data: Tensor) -> str:
    """Why a call folds, of whose tensor (B, ...) the layout is not known."""
    side = "output" if slot.outgoing else "input"
    return f"layout of its {side} {tuple(data.shape[1:])} is not known; tell it with layouts= (--layout)"
