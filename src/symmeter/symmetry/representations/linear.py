"""Actions on channels and features: by permutations, by matrices, and sums of actions side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial


class FiniteRepresentation(Representation):
    """An action of a finite group: it has no generators."""

    def differentiate_all(self, generators: Sequence[Generator], x: Any) -> list[Any]:
        raise SymmeterError(
            f"the representation {self.describe()!r} is of a finite group and has no derivative"
        )


@dataclass(frozen=True, eq=False)
class Matrices(FiniteRepresentation):
    """rho(g) as a matrix on one axis (the channels): `matrix(g)` is (C, C), and the grid moves as `base` says.

    `matrix` may be a function of the element, or a dict by element names.

    >>> from symmeter.domains.grids.planar import Cyclic
    >>> sign = Matrices({"identity": torch.eye(1), "rotate 180": -torch.eye(1)})
    >>> sign.act(Cyclic(2).enumerate()[1], torch.ones(1, 1))[0]
    tensor([[-1.]])
    """

    matrix: Any
    base: Representation = field(default_factory=Trivial)
    axis: int = 1

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        acting = self.base.acting(x)

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            matrix = self._of(element).to(moved)
            if matrix.shape != (x.shape[self.axis],) * 2:
                raise SymmeterError(
                    f"the matrix of {element.name} is {tuple(matrix.shape)}, but axis {self.axis} of "
                    f"{tuple(x.shape)} has {x.shape[self.axis]} entries"
                )
            return torch.movedim(torch.movedim(moved, self.axis, -1) @ matrix.mT, -1, self.axis), mask

        return act

    def _of(self, element: Element) -> Tensor:
        if callable(self.matrix):
            return torch.as_tensor(self.matrix(element))
        if element.name not in self.matrix:
            known = ", ".join(list(self.matrix)[:8])
            raise SymmeterError(f"no matrix for the element {element.name!r}; there is one for {known}")
        return torch.as_tensor(self.matrix[element.name])

    def describe(self) -> str:
        return f"matrices on axis {self.axis}, {self.base.describe()}"


@dataclass(frozen=True)
class Regular(FiniteRepresentation):
    """Channels in blocks of |G|, one for each element h, which g sends to the place of g h; the grid moves by `base`.

    The features of steerable networks: channel c |G| + i belongs to the i-th element of `group.enumerate()`.

    >>> from symmeter.domains.grids.affine_map import rotation_by

    >>> from symmeter.domains.grids.planar import Cyclic
    >>> Regular(Cyclic(4)).act(rotation_by(90), torch.arange(4.0)[None])[0].tolist()
    [[3.0, 0.0, 1.0, 2.0]]
    """

    group: Group
    base: Representation = field(default_factory=Trivial)
    axis: int = 1

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        acting, order = self.base.acting(x), self.group.order
        if order is None or x.shape[self.axis] % order:
            raise SymmeterError(
                f"regular({self.group.name}) needs a multiple of {order} channels, {tuple(x.shape)} has "
                f"{x.shape[self.axis]}"
            )

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            source = torch.tensor(_positions(self.group, element), device=x.device).argsort()
            blocks = moved.unflatten(self.axis, (-1, order))
            return blocks.index_select(self.axis + 1, source).flatten(self.axis, self.axis + 1), mask

        return act

    def describe(self) -> str:
        return f"regular({self.group.name}), {self.base.describe()}"


@dataclass(frozen=True)
class DirectSum(FiniteRepresentation):
    """Representations side by side on one axis: each takes its number of channels.

    >>> from symmeter.domains.grids.affine_map import rotation_by

    >>> from symmeter.domains.grids.planar import Cyclic
    >>> fields = DirectSum(((Trivial(), 1), (Regular(Cyclic(2)), 2)))
    >>> fields.act(rotation_by(180), torch.tensor([[5.0, 1.0, 2.0]]))[0].tolist()
    [[5.0, 2.0, 1.0]]
    """

    parts: tuple[tuple[Representation, int], ...]
    axis: int = 1

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        sizes = [size for _, size in self.parts]
        if sum(sizes) != x.shape[self.axis]:
            raise SymmeterError(
                f"a direct sum of {' + '.join(map(str, sizes))} channels cannot act on {tuple(x.shape)}"
            )
        pieces = x.split(sizes, self.axis)
        actings = [rho.acting(piece) for (rho, _), piece in zip(self.parts, pieces, strict=True)]

        def act(element: Element) -> Acted:
            pairs = [acting(element) for acting in actings]
            moved = torch.cat([value for value, _ in pairs], self.axis)
            masks = [mask.expand_as(piece[:1]) for (_, mask), piece in zip(pairs, pieces, strict=True)]
            return moved, torch.cat(masks, self.axis)

        return act

    def describe(self) -> str:
        return " + ".join(f"{size} x {rho.describe()}" for rho, size in self.parts)


def _positions(group: Group, g: Element) -> list[int]:
    """Where left multiplication by g sends the elements: position of g h for the i-th element h."""
    elements = group.enumerate()
    try:
        products = [g @ h for h in elements]
    except ValueError:  # an element that acts on something else
        return list(range(len(elements)))
    places = []
    for product in products:
        matches = [i for i, k in enumerate(elements) if (product @ k.inverse()).is_identity]
        if len(matches) != 1:
            raise SymmeterError(f"regular({group.name}): {g.name} is no element of {group.name}")
        places += matches
    return places
