"""What a representation is: how a group acts on one kind of tensor."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Pair

Acted = tuple[Any, Any]  # a moved value, and its mask


class Representation(ABC):
    """How elements g and generators X act on a value x (a batched tensor, or a tuple or dict of them)."""

    def act(self, element: Element, x: Any) -> "Acted":
        """(rho(g) x, mask): the moved value and where it is valid (1) or came from outside (0).

        The mask broadcasts against the value. A pair of elements acts part by part.
        """
        parts = element.parts if isinstance(element, Pair) else (element,)
        valid = None
        for part in reversed(parts):
            x, mask = self.acting(x)(part)
            valid = mask if valid is None else pytree.tree_map(lambda a, b: a * b, valid, mask)
        return x, valid

    def action(self, x: Any) -> Callable[[Element], "Acted"]:
        """`act` on one value for many elements; what they share is computed once."""
        acting = self.acting(x)
        return lambda g: self.act(g, x) if isinstance(g, Pair) else acting(g)

    @abstractmethod
    def acting(self, x: Any) -> Callable[[Element], "Acted"]:
        """What elements that are no pairs make of x. An element that a representation does not know leaves it alone."""

    @abstractmethod
    def differentiate_all(self, generators: Sequence[Generator], x: Any) -> list[Any]:
        """X x for every generator, each of the shape of x; what they share is computed once."""

    def differentiate(self, generator: Generator, x: Any) -> Any:
        """X x = d/dt rho(exp(tX)) x at t = 0: a linear map of x, of the shape of x."""
        return self.differentiate_all([generator], x)[0]

    def pair_all(self, generators: Sequence[Generator], g: Any, x: Any) -> Tensor:
        """<g, X x> for every generator and image: (T, B) float64, for a tensor x and a covector g of its shape."""
        tangents = self.differentiate_all(generators, x)
        return torch.stack([(g * tangent).flatten(1).sum(1, dtype=torch.float64) for tangent in tangents])

    @abstractmethod
    def describe(self) -> str:
        """A few words for tables and headers, such as `grid 7 x 7, channels last`."""

    def shape_for(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a moved value per sample, from that of the value itself."""
        return shape

    def border(self, x: Any) -> Any:
        """1 on the outer ring of the grid, 0 inside, broadcastable against x; None where there is no grid.

        The ring is a sixteenth of each side wide, at least one position.
        """
        return None
