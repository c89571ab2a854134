"""What a kind of data knows of how its symmetries act inside of a network, where axes cannot be followed."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation


class Inside(ABC):
    """Names the ways that there might be; which of them it is, `symmeter.layers.fitted` finds by trying."""

    @abstractmethod
    def hidden(
        self, elements: Sequence[Element], tensor: Tensor, samples: int, words: Sequence[str], sure: bool
    ) -> Sequence[Representation]:
        """Ways in which elements may act on a tensor (B, ...) inside, the plainest first; none: not known.

        `words` are those that modules say of tensors, of this one where that is `sure`.
        """

    @abstractmethod
    def promise(self, module: nn.Module, outgoing: bool, index: int) -> str | None:
        """The word by which a module says itself how a symmetry acts on what goes in or out of it."""

    @abstractmethod
    def parts(self, action: str) -> Mapping[str, tuple[int, ...]]:
        """The irreps in a word for an action by their own words, with their entries on the last axis."""
