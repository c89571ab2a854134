"""In which ways motions of space and permutations of points may act on a tensor inside of a network."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from torch import Tensor, nn

from symmeter.domains.space.components import Components, Positions, Tensors, Vectors
from symmeter.domains.space.generators import as_motion
from symmeter.domains.space.hidden import Hidden, NodeAxis
from symmeter.domains.space.irreps import Irreps
from symmeter.domains.space.motion import Motion
from symmeter.domains.space.words import parts_of
from symmeter.symmetry.groups.group import Element, ProductElement
from symmeter.symmetry.groups.permutations import POINTS, Permutation
from symmeter.symmetry.inside import Inside


class InSpace(Inside):
    """Motions and permutations inside of networks on points, and what modules of e3nn say of them."""

    def hidden(
        self, elements: Sequence[Element], tensor: Tensor, samples: int, words: Sequence[str], sure: bool
    ) -> list[Hidden]:
        return candidates(elements, tensor, samples, words, sure)

    def promise(self, module: nn.Module, outgoing: bool, index: int) -> str | None:
        return irreps_of(module, outgoing, index)

    def parts(self, action: str) -> dict[str, tuple[int, ...]]:
        return parts_of(action)


def candidates(
    elements: Sequence[Element], tensor: Tensor, samples: int, words: Sequence[str] = (), sure: bool = False
) -> list[Hidden]:
    """What the shape of a tensor (...) of some samples leaves open, the plainest first.

    Which of them it is, is seen from what the elements do to it. `words` are irreps that parts of the network name;
    where it is `sure` that they are those of this tensor, there are no others.

    >>> import torch
    >>> [one.describe() for one in candidates([Permutation((1, 2, 0, 3))], torch.zeros(2, 4, 7), 2)]
    ['scalars', 'scalars, points on axis 1']
    """
    parts = list(_parts(elements))
    motions = [part for part in parts if isinstance(part, Motion)]
    found, last = [Hidden()], tensor.ndim - 1
    if motions and tensor.is_floating_point():
        width = tensor.shape[1:][-1:]  # none where there is but the axis of the samples
        named = [Hidden(irreps, last) for irreps in map(Irreps.parse, words) if irreps.shape == width]
        found = named if named and sure else [*found, *_moved(motions, tensor), *named]
    sizes = [len(p.images) for p in parts if isinstance(p, Permutation) and p.of == POINTS]
    if sizes:
        permuted = [Hidden(), *_permuted(sizes[0], tensor, samples)]
        found = [one.beside(other) for other, one in product(permuted, found)]
    rows = None if samples == 1 or not tensor.ndim else max(1, len(tensor) // samples)
    return [replace(one, rows=rows) for one in found]


def irreps_of(module: Any, outgoing: bool, index: int) -> str | None:
    """The irreps that a module of e3nn names for one of its inputs, or for its output; None where it names none."""
    incoming = [f"irreps_in{index + 1}", *["irreps_in"] * (index == 0)]
    for name in ["irreps_out"] if outgoing else incoming:
        with suppress(ValueError):
            return str(Irreps.parse(str(getattr(module, name, None))))
    return None


def _parts(elements: Sequence[Element]) -> Iterator[Element]:
    for element in elements:
        if isinstance(element, ProductElement):
            yield from _parts(element.parts)
        else:
            yield as_motion(element)


def _moved(motions: Sequence[Motion], tensor: Tensor) -> list[Hidden]:
    """Components on axes of a tensor (B, ...) of the right lengths, but those that these motions do not tell apart."""
    shape, kinds = tuple(tensor.shape), [Vectors()]
    kinds += [Vectors(axial=True)] * any(motion.parity < 0 for motion in motions)
    directions: list[Components] = [*kinds, *[Positions()] * any(any(motion.shift) for motion in motions)]
    axes = [axis for axis in range(1, len(shape)) if shape[axis] == 3]
    found = [Hidden(one, axis) for axis, one in product(reversed(axes), directions)]
    return found + [Hidden(Tensors(), axis) for axis in axes if axis + 1 in axes]


def _permuted(n: int, tensor: Tensor, samples: int) -> list[Hidden]:
    """Axes of a tensor (B, ...) as long as there are points, one or two; whole numbers may be those of points."""
    axes = list(_axes_of_points(n, tuple(tensor.shape), samples))
    found = [Hidden(nodes=(axis,)) for axis in axes]
    found += [Hidden(nodes=(a, b)) for a, b in combinations(axes, 2) if a.axis < b.axis]
    if tensor.is_floating_point():
        return found
    return [*found, *[Hidden(nodes=one.nodes, labels=True) for one in (Hidden(), *found)]]


def _axes_of_points(n: int, shape: tuple[int, ...], samples: int) -> Iterator[NodeAxis]:
    """Axes of n points, or of a token and n points; the first axis may be of all graphs, and the only other flat."""
    flat = len(shape) == 2
    wide = shape[1:] if flat else ()
    several = [length for length in wide if length > n and length % n == 0]
    joined = {
        0: {
            samples * (n + 1): (NodeAxis(0, 1, True, "outer"), NodeAxis(0, 1, False, "outer")),
            samples * n: (NodeAxis(0, joined="outer"),),
        },
        1: dict.fromkeys(several, (NodeAxis(1, joined="inner"), NodeAxis(1, joined="outer"))),
    }
    for axis, length in enumerate(shape):
        alone = {n + 1: (NodeAxis(axis, 1, first=True), NodeAxis(axis, 1)), n: (NodeAxis(axis),)}
        yield from (joined.get(axis, {}) | alone).get(length, ())
        if samples == 1 and length > n and (flat or axis == 0):
            yield NodeAxis(axis, joined="last")
