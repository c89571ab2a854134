"""Tensors inside of a network on points: which axes hold the points, and which the three directions of space."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from symmeter.domains.space.by_components import ByComponents, Moved
from symmeter.domains.space.components import Components, Scalars
from symmeter.domains.space.generators import SpaceGenerator, as_motion
from symmeter.domains.space.motion import Motion
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.groups.permutations import POINTS, Permutation
from symmeter.symmetry.representations.pairing import OfNothing, Pairing, WithTangents
from symmeter.symmetry.representations.representation import Acted

SCALARS = Scalars()


@dataclass(frozen=True)
class NodeAxis:
    """An axis that holds n points: alone, with a token before or behind them, or joined with others.

    `joined` says with what: an `outer` axis, as that of the graphs of a batch, an `inner` one, or `last` behind entries
    that stay, as the loops at all nodes are behind the edges of a graph.

    >>> NodeAxis(0, tokens=1, first=True).source(4, Permutation((1, 2, 0)))
    tensor([0, 3, 1, 2])
    """

    axis: int
    tokens: int = 0
    first: bool = False  # whether the token is before the points
    joined: str = ""

    def source(self, length: int, permutation: Permutation) -> Tensor:
        """From where each of the entries (length,) of the axis comes."""
        n = len(permutation.images)
        own = torch.tensor(permutation.inverse().images)
        if self.tokens:
            extra = torch.arange(self.tokens)
            own = torch.cat([extra, own + self.tokens] if self.first else [own, extra + n])
        if self.joined == "last":
            return torch.cat([torch.arange(length - n), own + length - n])
        others = torch.arange(length // len(own))
        if self.joined == "inner":
            return (own[:, None] * len(others) + others).flatten()
        return (others[:, None] * len(own) + own).flatten()

    def describe(self) -> str:
        """As it is shown."""
        side = "before" if self.first else "behind"
        token = f" with a token {side} them" if self.tokens else ""
        others = " behind others" if self.joined == "last" else ""
        return f"points on axis {self.axis}{token}{others}"


@dataclass(frozen=True)
class Hidden(ByComponents):
    """A tensor (..., *components, ...): motions act on the components at an axis, permutations on the axes of points.

    `nodes` are the axes of points, `at` is the first axis of the components. `labels` says that the entries are numbers
    of points. `rows` is how many entries of the first axis belong to one sample; None for all: there is one sample.

    >>> from symmeter.domains.space.components import Vectors
    >>> from symmeter.domains.space.motion import rotation_about
    >>> x = torch.tensor([[[1.0], [2.0], [3.0]]])
    >>> Hidden(Vectors(), at=1).act(rotation_about("z", 90), x)[0].flatten().tolist()
    [-2.0, 1.0, 3.0]
    """

    components: Components = SCALARS
    at: int = 0
    nodes: tuple[NodeAxis, ...] = ()
    labels: bool = False
    rows: int | None = 1

    @property
    def binds(self) -> bool:
        return False

    @property
    def channel_axis(self) -> None:
        return None

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        everywhere = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            element = as_motion(element)
            if isinstance(element, Motion):
                motion = element
                return self._with_components_last(
                    x, lambda last: self.components.act(motion, last)
                ), everywhere
            if isinstance(element, Permutation) and element.of == POINTS:
                return self._permuted(element, x), everywhere
            return x, everywhere

        return act

    def _with_components_last(self, x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """x (...) with its components changed, which are its last axes for `change`."""
        count = len(self.components.shape)
        if not count:
            return x
        here, last = range(self.at, self.at + count), range(-count, 0)
        return change(x.movedim(tuple(here), tuple(last))).movedim(tuple(last), tuple(here))

    def _permuted(self, permutation: Permutation, x: Tensor) -> Tensor:
        for node in self.nodes:
            source = node.source(x.shape[node.axis], permutation)
            x = x.index_select(node.axis, source.to(x.device))
        if not self.labels:
            return x
        n, images = len(permutation.images), torch.tensor(permutation.images, device=x.device)
        relabelled = x // n * n + images[(x % n).long()].to(x)  # numbers go on from graph to graph of a batch
        return torch.where(x < 0, x, relabelled)

    def on_components(self, generator: SpaceGenerator, x: Tensor, moved: Moved) -> Tensor:
        if not self.components.shape:  # numbers, which nothing moves
            return torch.zeros_like(x)
        return self._with_components_last(x, lambda last: moved(generator, last))

    def pairing(self, x: Tensor) -> Pairing:
        """Entries of the first axis are those of samples in turn."""
        samples = 1 if self.rows is None else len(x) // self.rows
        if not self.components.shape:
            return OfNothing(samples)
        return WithTangents(lambda generators: self.differentiate_all(generators, x), samples)

    def describe(self) -> str:
        words = [self.components.describe() if self.components.shape else "scalars"]
        words += [node.describe() for node in self.nodes]
        return ", ".join([*words, *["numbers of points"] * self.labels])

    def beside(self, other: "Hidden") -> "Hidden":
        """With the axes of points and the labels of another."""
        return replace(self, nodes=other.nodes, labels=other.labels)
