"""What a representation is: how a group acts on one kind of tensor."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from symmeter.groups import Element, Generator


class Representation(ABC):
    """How elements g and generators X act on a value x (a batched tensor, or a tuple or dict of them)."""

    @abstractmethod
    def act(self, element: Element, x: Any) -> tuple[Any, Any]:
        """(rho(g) x, mask): the moved value and where it is valid (1) or came from outside (0).

        The mask broadcasts against the value.
        """

    @abstractmethod
    def differentiate_all(self, generators: Sequence[Generator], x: Any) -> list[Any]:
        """X x for every generator, each of the shape of x; what they share is computed once."""

    def differentiate(self, generator: Generator, x: Any) -> Any:
        """X x = d/dt rho(exp(tX)) x at t = 0: a linear map of x, of the shape of x."""
        return self.differentiate_all([generator], x)[0]

    @abstractmethod
    def describe(self) -> str:
        """A few words for tables and headers, such as `grid 7 x 7, channels last`."""

    def border(self, x: Any) -> Any:
        """1 on the outer ring of the grid, 0 inside, broadcastable against x; None where there is no grid.

        The ring is a sixteenth of each side wide, at least one position.
        """
        return None
