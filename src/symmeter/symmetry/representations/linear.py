"""Actions on channels and features: by permutations, by matrices, and sums of actions side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Acted, Representation, Value
from symmeter.symmetry.representations.trivial import Trivial


class FiniteRepresentation(Representation):
    """An action of a finite group: it has no generators."""

    def differentiate_all(self, generators: Sequence[Generator], x: Value) -> list[Value]:
        raise SymmeterError(
            f"the representation {self.describe()!r} is of a finite group and has no derivative"
        )


@dataclass(frozen=True, eq=False)
class Matrices(FiniteRepresentation):
    """rho(g) as a matrix (C, C) on one axis of values, that of the channels; the grid moves as `base` says.

    `matrix` is a function of the element, or a dict by names of elements.

    >>> from symmeter.domains.grids.planar import Cyclic
    >>> sign = Matrices({"identity": torch.eye(1), "rotate 180": -torch.eye(1)})
    >>> sign.act(Cyclic(2).enumerate()[1], torch.ones(1, 1))[0]
    tensor([[-1.]])
    """

    matrix: Callable[..., Tensor] | Mapping[str, Tensor]
    base: Representation = field(default_factory=Trivial)
    axis: int = 1

    @property
    def channel_axis(self) -> int:
        return self.axis

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """x (B, ..., C, ...) with its channels mixed, and the mask of `base`."""
        acting = self.base.acting(x)
        channels = x.shape[self.axis]

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            matrix = self._matrix(element).to(moved)
            if matrix.shape != (channels, channels):
                raise SymmeterError(
                    f"the matrix of {element.name} is {tuple(matrix.shape)}, but axis {self.axis} of "
                    f"{tuple(x.shape)} has {channels} entries"
                )
            mixed = moved.movedim(self.axis, -1) @ matrix.mT
            return mixed.movedim(-1, self.axis), mask

        return act

    def _matrix(self, element: Element) -> Tensor:
        """(C, C)."""
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

    @property
    def channel_axis(self) -> int:
        return self.axis

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """x (B, ..., c |G|, ...) with its channels permuted, and the mask of `base`."""
        acting = self.base.acting(x)
        order = self.group.order
        if order is None or x.shape[self.axis] % order:
            raise SymmeterError(
                f"regular({self.group.name}) needs a multiple of {order} channels, {tuple(x.shape)} has "
                f"{x.shape[self.axis]}"
            )

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            source = torch.tensor(_places(self.group, element), device=x.device).argsort()
            blocks = moved.unflatten(self.axis, (-1, order))
            permuted = blocks.index_select(self.axis + 1, source)
            return permuted.flatten(self.axis, self.axis + 1), mask

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

    @property
    def channel_axis(self) -> int:
        return self.axis

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """x (B, ..., C, ...) with C the sum of the parts' channels, and the masks of the parts side by side."""
        sizes = [size for _, size in self.parts]
        if sum(sizes) != x.shape[self.axis]:
            raise SymmeterError(
                f"a direct sum of {' + '.join(map(str, sizes))} channels cannot act on {tuple(x.shape)}"
            )
        pieces = x.split(sizes, self.axis)
        actings = [rho.acting(piece) for (rho, _), piece in zip(self.parts, pieces, strict=True)]

        def act(element: Element) -> Acted:
            moved, masks = [], []
            for acting, piece in zip(actings, pieces, strict=True):
                value, mask = acting(element)
                moved.append(value)
                masks.append(mask.expand_as(piece[:1]))
            return torch.cat(moved, self.axis), torch.cat(masks, self.axis)

        return act

    def describe(self) -> str:
        return " + ".join(f"{size} x {rho.describe()}" for rho, size in self.parts)


def _places(group: Group, g: Element) -> list[int]:
    """Where left multiplication by g sends the elements: the place of g h, for every element h in its order."""
    elements = group.enumerate()
    try:
        products = [g @ h for h in elements]
    except ValueError:  # an element that acts on something else
        return list(range(len(elements)))
    places = []
    for product in products:
        same = [i for i, k in enumerate(elements) if (product @ k.inverse()).is_identity]
        if len(same) != 1:
            raise SymmeterError(f"regular({group.name}): {g.name} is no element of {group.name}")
        places.append(same[0])
    return places
