"""What follows a symmetry through a network."""

from abc import ABC, abstractmethod
from typing import Self

from torch import Tensor

from symmeter.symmetry.representations.representation import Representation


class Tracker(ABC):
    """Follows how a symmetry acts on the tensors inside a network while the network runs; a context manager.

    One that reads it off the shape of a tensor needs `representation` alone.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:  # noqa: B027
        """The network has run, or has failed."""

    @abstractmethod
    def representation(self, tensor: Tensor) -> Representation | None:
        """How the symmetry acts on a tensor; None where that is not known."""

    def learn(self, tensor: Tensor, rho: Representation) -> None:  # noqa: B027
        """Go on from what somebody knows of a tensor (B, ...)."""
