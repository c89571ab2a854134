"""What a representation is: how a group acts on one kind of tensor."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, ProductElement
from symmeter.symmetry.representations.pairing import Pairing, WithTangents

Value = Any  # a batched tensor (B, ...), or a tuple or dict of them
Acted = tuple[Value, Value]  # a moved value, and its mask


class Representation(ABC):
    """How elements g and generators X act on a value x: a batched tensor, or a tuple or dict of them.

    A new one gives `acting`, `differentiate_all` and `describe`, and inherits its tests from `RepresentationContract`.
    """

    kind = ""  # of values that only measures of their own compare, such as boxes; nothing: entry by entry

    @property
    def binds(self) -> bool:
        """Whether a group that acts on several tensors at once is bound to the shape of one of these."""
        return True

    @property
    def channel_axis(self) -> int | None:
        """The axis of a value that holds its channels; None where that is not known, as for an invariant value."""
        return 1

    def node_axis(self, shape: tuple[int, ...], nodes: int | None) -> int | None:
        """The axis of a value of this shape that numbers its nodes, such as atoms; None for a value that has none.

        `nodes` is how many the inputs have, None where that is not known.
        """
        return None

    def act(self, element: Element, x: Value) -> Acted:
        """(rho(g) x, mask): the moved value, of the shape of x, and where it is valid (1) or came from outside (0).

        The mask broadcasts against the value. An element of a product acts part by part.
        """
        parts = element.parts if isinstance(element, ProductElement) else (element,)
        valid = None
        for part in reversed(parts):
            x, mask = self.acting(x)(part)
            valid = mask if valid is None else pytree.tree_map(torch.mul, valid, mask)
        return x, valid

    def action(self, x: Value) -> Callable[[Element], Acted]:
        """`act` on one value for many elements; what they share is computed once."""
        acting = self.acting(x)

        def act(element: Element) -> Acted:
            return self.act(element, x) if isinstance(element, ProductElement) else acting(element)

        return act

    @abstractmethod
    def acting(self, x: Value) -> Callable[[Element], Acted]:
        """What elements make of x, all but those of a product, which `act` takes apart.

        An element that a representation does not know leaves x as it is.
        """

    @abstractmethod
    def differentiate_all(self, generators: Sequence[Generator], x: Value) -> list[Value]:
        """X x for every generator, each of the shape of x; what they share is computed once."""

    def differentiate(self, generator: Generator, x: Value) -> Value:
        """X x = d/dt rho(exp(tX)) x at t = 0: a linear map of x, of the shape of x."""
        return self.differentiate_all([generator], x)[0]

    def changes(self, generators: Sequence[Generator], x: Value) -> list[Value]:
        """Directions that stand in for another sample's X x, and are no symmetry of that: by default X x of this one.

        Where the larger part of X x is the same for all x, something that is not. Of the shape of x each.
        """
        return self.differentiate_all(generators, x)

    def pairing(self, x: Tensor) -> Pairing:
        """<w, X x> of one tensor x (B, ...) with covectors w of its shape."""
        return WithTangents(lambda generators: self.differentiate_all(generators, x), len(x))

    def reach(self, generator: Generator, x: Value) -> float | None:
        """By how many positions of the grid t = 1 moves what moves fastest; None where nothing moves along a grid."""
        return None

    def step(self, generator: Generator, x: Value) -> float | None:
        """t that moves all of x by one whole position of its grid; None for what is no translation of a grid."""
        return None

    def fitted(self, x: Value) -> "Representation":
        """The same for values of the shape of x, where there are several."""
        return self

    def leaves(self, x: Value) -> Any:
        """A `Packed` of the leaves that x (B, entries) is made of; None where it is one tensor."""
        return None

    @abstractmethod
    def describe(self) -> str:
        """A few words for tables and headers, such as `grid 7 x 7, channels last`."""

    def shape_for(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a moved value per sample, from that of the value itself."""
        return shape

    def bound_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape per sample to which a group is bound that acts on values of this shape."""
        return self.shape_for(shape)

    def border(self, x: Value) -> Value:
        """1 on the outer ring of the grid, 0 inside, broadcastable against x; None where there is no grid.

        The ring is a sixteenth of each side wide, at least one position.
        """
        return None
