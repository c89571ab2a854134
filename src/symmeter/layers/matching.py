"""Which parts of two networks are set against each other: lines that hold every part of both exactly once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from symmeter.layers.kinds import GLUE, KINDS_OF_LAYERS
from symmeter.layers.part import Part
from symmeter.layers.summaries import kinds, parts_by_kind, parts_by_stage

QUARTERS = ("first quarter", "second quarter", "third quarter", "last quarter")
_GLUE_OF_STAGES = f"({GLUE})"


@dataclass(frozen=True)
class Line:
    """Parts of a network beside those of its reference, by their places in both trees; none where one has no such."""

    label: str
    kind: str
    reference: tuple[int, ...]
    model: tuple[int, ...]


@dataclass(frozen=True)
class _Tree:
    """The parts of one network, found by name."""

    parts: Sequence[Part]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each is."""
        return {part.layer: place for place, part in enumerate(self.parts)}

    @cached_property
    def below(self) -> Mapping[str, list[str]]:
        """The names of the parts in each that has some."""
        found: dict[str, list[str]] = {}
        for part in self.parts:
            if part.parent is not None:
                found.setdefault(part.parent, []).append(part.layer)
        return found

    def at(self, name: str) -> tuple[int, ...]:
        """The place of a part, none where there is no such part."""
        return (self.places[name],) if name in self.places else ()


def by_module(reference: Sequence[Part], model: Sequence[Part], depth: int | None = None) -> list[Line]:
    """Part by part: the tree of both, down to where one of them ends, or to a depth.

    A convolution in the one that is a blur and a convolution in the other, both of the same name, is one line.
    """
    own = kinds(model), kinds(reference)
    trees = _Tree(reference), _Tree(model)
    return [
        Line(name, own[0][second[0]] if second else own[1][first[0]], first, second)
        for name, first, second in _ends(trees, "", len(reference) + len(model) if depth is None else depth)
    ]


def _ends(trees: tuple[_Tree, _Tree], name: str, depth: int) -> Iterator[tuple[str, tuple, tuple]]:
    """Where the tree of both ends below a part: names with their places in both."""
    first, second = (tree.below.get(name) for tree in trees)
    if not (first and second and depth):
        yield name, trees[0].at(name), trees[1].at(name)
        return
    for child in dict.fromkeys([*first, *second]):
        yield from _ends(trees, child, depth - 1)


def by_kind(reference: Sequence[Part], model: Sequence[Part]) -> list[Line]:
    """Terminal parts by kind of layer, in the order of KINDS_OF_LAYERS."""
    order = {kind: number for number, kind in enumerate(KINDS_OF_LAYERS)}
    found = _joined(parts_by_kind(reference), parts_by_kind(model))
    lines = [Line(kind, kind, first, second) for kind, first, second in found]
    return sorted(lines, key=lambda line: order.get(line.kind, len(order)))


def by_stage(reference: Sequence[Part], model: Sequence[Part]) -> list[Line]:
    """Stages in order where both networks have as many, what lies between them apart; else quarters of the depth."""
    first, second = (_stages(parts) for parts in (reference, model))
    glue = first.pop(_GLUE_OF_STAGES, ()), second.pop(_GLUE_OF_STAGES, ())
    if len(first) != len(second):
        return [Line(name, "", *both) for name, *both in _joined(_quarters(reference), _quarters(model))]
    lines = [
        Line(
            one if one == other else f"{one} / {other}",
            model[second[other][0]].kind,
            first[one],
            second[other],
        )
        for one, other in zip(first, second, strict=True)
    ]
    return lines + [Line(_GLUE_OF_STAGES, GLUE, *glue)] * any(glue)


def _stages(parts: Sequence[Part]) -> dict[str, tuple[int, ...]]:
    """The places of the parts of each stage, those of what lies between all stages together."""
    found: dict[str, tuple[int, ...]] = {}
    for name, places in parts_by_stage(parts).items():
        name = _GLUE_OF_STAGES if parts[places[0]].kind == GLUE else name
        found[name] = found.get(name, ()) + tuple(places)
    return found


def _quarters(parts: Sequence[Part]) -> dict[str, tuple[int, ...]]:
    """The places of the terminal parts in each quarter of them, in the order of the calls."""
    ends = [place for place, part in enumerate(parts) if part.terminal]
    found: dict[str, tuple[int, ...]] = dict.fromkeys(QUARTERS, ())
    for number, place in enumerate(ends):
        found[QUARTERS[len(QUARTERS) * number // len(ends)]] += (place,)
    return found


def _joined(
    first: Mapping[str, Sequence[int]], second: Mapping[str, Sequence[int]]
) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """The names of both, with the places in each."""
    for name in dict.fromkeys([*first, *second]):
        yield name, tuple(first.get(name, ())), tuple(second.get(name, ()))


def alike(reference: Sequence[Part], model: Sequence[Part]) -> bool:
    """Whether part by part each has what the other has: no line is of one network alone, but for glue."""
    return all(line.kind == GLUE or (line.reference and line.model) for line in by_module(reference, model))
