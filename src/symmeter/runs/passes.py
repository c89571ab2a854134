"""Passes over an orbit: the inputs of every element, the outputs, and what is kept of them to be seen again."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import torch
from torch import Tensor

from symmeter.arguments import choice, instance
from symmeter.definitions import Definition, parse_definition
from symmeter.groups import Element, Group, choose_elements, parse_group
from symmeter.representations import Image, Representation
from symmeter.representations.image import PADDINGS
from symmeter.request import ARGUMENTS
from symmeter.runs.donors import blank
from symmeter.verb import verb

Outputs = list[Tensor]
Inputs = Callable[[Element], Tensor]

KEPT_BYTES = 2**28  # outputs kept to be seen a second time; beyond that they are computed again


class Passes:
    """f(g x) for some images and all elements, as often as asked for, in memory that does not grow with the group.

    `inputs(g)` makes the inputs of an element, `f` the outputs of a batch. As many elements as fit `batch` images go
    through at once. Outputs are kept up to KEPT_BYTES; what did not fit is computed again by the next pass.
    """

    def __init__(
        self, f: Callable[[Tensor], Outputs], inputs: Inputs, elements: Sequence[Element], batch: int
    ):
        self._f, self._inputs, self._elements, self._batch = f, inputs, elements, batch
        self._kept: dict[int, Outputs] = {}
        self._bytes = 0
        self.forwards = 0  # images that went through the model

    def __call__(
        self, which: Sequence[int] | None = None, keep: bool = False
    ) -> Iterator[tuple[int, Outputs]]:
        """(position of the element, outputs) for the elements at these positions; `keep` when another pass follows."""
        waiting: list[tuple[int, Tensor]] = []
        for i in range(len(self._elements)) if which is None else which:
            if i in self._kept:
                yield i, self._kept[i]
                continue
            x = self._inputs(self._elements[i])
            waiting.append((i, x))
            if (len(waiting) + 1) * len(x) > self._batch:
                yield from self._run(waiting, keep)
                waiting = []
        if waiting:
            yield from self._run(waiting, keep)

    def _run(self, waiting: list[tuple[int, Tensor]], keep: bool) -> Iterator[tuple[int, Outputs]]:
        size = len(waiting[0][1])
        outputs = self._f(waiting[0][1] if len(waiting) == 1 else torch.cat([x for _, x in waiting]))
        self.forwards += size * len(waiting)
        for k, (i, _) in enumerate(waiting):
            own = [y[k * size : (k + 1) * size] for y in outputs]
            needed = sum(y.numel() * y.element_size() for y in own)
            if keep and self._bytes + needed <= KEPT_BYTES:
                self._kept[i], self._bytes = (
                    [y.clone() for y in own] if len(waiting) > 1 else own,
                    self._bytes + needed,
                )
            yield i, own


def moved(rho: Representation, x: Tensor) -> Inputs:
    """g -> rho(g) x."""
    action = rho.action(x)
    return lambda g: action(g)[0]


def watching(inputs: Inputs, x: Tensor, still: Tensor) -> Inputs:
    """The same inputs; `still` (b,) is left set only for images x that no element changes."""

    def watched(g: Element) -> Tensor:
        moved = inputs(g)
        if bool(still.any()):
            still.logical_and_(blank((moved - x)[None], x)[0].to(still))
        return moved

    return watched


def displaced(
    rho: Representation, x: Tensor, other: Tensor, still: Callable[[Tensor], Tensor] = lambda x: x,
    replaced: Callable[[Element, Tensor, Tensor], Tensor] = lambda g, step, displacement: step,
) -> Inputs:  # fmt: skip
    """g -> x changed by as much as g changes it, towards the displacement of another image: the insensitivity control.

    Every channel keeps its contrast, as under g: its deviation u from its mean m turns towards the deviation d of
    g other - other, m + cos(a) u + sin(a) |u| d/|d|, until it has moved as far as that of g x - x. Without that, a
    network that reacts to contrast alone would pass for symmetric. Means are displaced as far as g displaces them.
    `still` is what the identity makes of an image; `replaced` may give other displacements in the place of
    those of `other`, which may be blank, knowing the images' own.
    """
    own, others, x, other = rho.action(x), rho.action(other), still(x), still(other)
    mean, u = _mean_and_deviation(x)
    contrast = _length(u)

    def inputs(g: Element) -> Tensor:
        displacement = own(g)[0] - x
        mean_moved, moved = _mean_and_deviation(displacement)
        mean_step, step = _mean_and_deviation(replaced(g, others(g)[0] - other, displacement))
        step = step - u * ((step * u).sum(_plane(x), keepdim=True) / contrast**2)
        half = (_length(moved) / (2 * contrast)).clamp(max=1)  # sin(a/2)
        turned = (1 - 2 * half**2) * u + 2 * half * (1 - half**2).sqrt() * contrast / _length(step) * step
        size = mean_moved.norm(dim=1, keepdim=True) / _safe(mean_step.norm(dim=1, keepdim=True))
        return mean + mean_step * size + turned

    return inputs


def _plane(x: Tensor) -> tuple[int, ...]:
    """The axes of one channel of images (B, C, H, W); of anything else all but the first."""
    return (2, 3) if x.ndim == 4 else tuple(range(1, x.ndim))


def _mean_and_deviation(x: Tensor) -> tuple[Tensor, Tensor]:
    mean = x.mean(_plane(x), keepdim=True)
    return mean, x - mean


def _length(u: Tensor) -> Tensor:
    return _safe(u.square().sum(_plane(u), keepdim=True).sqrt())


def _safe(length: Tensor) -> Tensor:
    return length.clamp(min=torch.finfo(length.dtype).tiny ** 0.5)


def returned(rho: Representation, x: Tensor, nudge: Callable[[Tensor, int], Tensor]) -> Inputs:
    """g -> g^-1 g x and a unit of round-off of its own: x, but for what moving it costs. The floor."""
    action, draws = rho.action(x), count()
    return lambda g: nudge(rho.act(g.inverse(), action(g)[0])[0], next(draws))


@verb(
    ARGUMENTS, x=instance("images (B, C, H, W) as a float tensor", Tensor), padding=choice("padding", PADDINGS),
    symmetry=instance("a group such as 'C8'", str, Group),
)  # fmt: skip
def round_trip_error(
    x: Tensor, symmetry: Any = "C8", definition: str | Definition = "bandlimited", padding: str = "reflect",
    elements: int | None = None, seed: int = 0,
) -> dict[str, float]:  # fmt: skip
    """||g^-1 g x - x|| / ||x|| for every element, by name: what moving images loses, 0 where it is exact.

    `x` are images (B, C, H, W). Positions that were outside the frame on the way do not count.

    >>> round_trip_error(torch.rand(1, 1, 6, 6), "C2")
    {'identity': 0.0, 'rotate 180': 0.0}
    """
    group = symmetry if isinstance(symmetry, Group) else parse_group(symmetry)
    chosen = choose_elements(group.bind(tuple(x.shape[1:]), padded=True), elements, seed)
    rho = Image(parse_definition(definition), padding=padding)
    action = rho.action(x)
    found = {}
    for g in chosen.elements:
        there, mask = action(g)
        back, mask_back = rho.act(g.inverse(), there)
        inside = rho.act(g.inverse(), mask.expand_as(x[:1]))[0] > 1 - 1e-3
        found[g.name] = float(((back - x) * inside * mask_back).double().norm() / x.double().norm())
    return found
