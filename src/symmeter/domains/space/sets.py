"""What kinds of data have in common whose samples are points in space: words for outputs, and what has to be asked."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from torch import Tensor

from symmeter.domain import Domain
from symmeter.domains.space.alternatives import alternatives
from symmeter.domains.space.candidates import InSpace
from symmeter.domains.space.unsaid import check_clear
from symmeter.domains.space.words import ACTIONS, WORDLESS, parse_word, representation_of
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial


class Sets(Domain):
    """Samples of points, or of atoms, which permutations exchange and motions of space move."""

    actions = ACTIONS
    wordless = WORDLESS
    inside = InSpace()
    measure_over = "equivariance_error"

    point: ClassVar[str] = "point"  # the noun of one member of a set

    @abstractmethod
    def count(self, rho: Representation, x: Tensor) -> int | None:
        """How many points each of the inputs x (B, ...) has, on which a group acts by `rho`; None for no points."""

    @abstractmethod
    def bound_to(self, group: Group, rho: Representation, x: Tensor) -> Group:
        """The group as it acts by `rho` on samples x (B, ...) of one kind."""

    def bound(self, group: Group, rho: Representation, x: Tensor) -> Group:
        self._counts.add(self.count(rho, x))
        return self.bound_to(group, rho, x)

    @cached_property
    def _counts(self) -> set[int | None]:
        """How many points the samples have that were met so far."""
        return set()

    def known_action(self, name: str, y: Tensor, model: Any) -> str:
        """Numbers (B, n) of a set are invariant; those that may be a vector, or one of each point, are asked about.

        An output that was as long before, for sets of another size, does not follow the points.
        """
        check_clear(name, y, self.acting, self.point, points=self._counts == {y.shape[-1]})
        return super().known_action(name, y, model)

    def act_by(self, action: str, y: Tensor) -> Representation:
        return representation_of(action, y) or Trivial()

    def alternatives(self, rho: Representation, value: Tensor) -> Sequence[Alternative]:
        return alternatives(rho, value)

    def is_action(self, word: str) -> bool:
        """A word for components, such as `vectors`, `node scalars` or `2x1o+0e`."""
        return parse_word(word) is not None
