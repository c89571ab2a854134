"""How generators move values whose components they move, wherever these are."""

from abc import abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from symmeter.domains.space.components import Components
from symmeter.domains.space.generators import SpaceGenerator
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation

Moved = Callable[[SpaceGenerator, Tensor], Tensor]  # of values with their components last, (..., *components)


class ByComponents(Representation):
    """Values of which motions move the components, and nothing else does."""

    components: Components

    @abstractmethod
    def on_components(self, generator: SpaceGenerator, x: Tensor, moved: Moved) -> Tensor:
        """Values x (B, ...) with their components moved; SymmeterError where they have none of that kind."""

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x (B, ...) for every generator; 0 for those that are of something else."""
        return [self._along(generator, x, self.components.rate) for generator in generators]

    def changes(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x, but along translations, which move all samples alike, how far the points are from their mean."""
        return [self._along(generator, x, self.components.change) for generator in generators]

    def _along(self, generator: Generator, x: Tensor, moved: Moved) -> Tensor:
        """x (B, ...) with its components moved; 0 where the generator is of something else."""
        if not isinstance(generator, SpaceGenerator):
            return torch.zeros_like(x)
        return self.on_components(generator, x, moved)
