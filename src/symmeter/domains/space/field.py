"""Values that live in space: of a whole sample, of every point, of pairs of points, of edges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.space.by_components import ByComponents, Moved
from symmeter.domains.space.components import Components, Positions
from symmeter.domains.space.generators import SpaceGenerator, as_motion
from symmeter.domains.space.motion import Motion
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.groups.permutations import POINTS, Permutation
from symmeter.symmetry.representations.representation import Acted, Representation

GRAPH, NODE, PAIR, EDGE = "graph", "node", "pair", "edge"
PLACES = (GRAPH, NODE, PAIR, EDGE)
_PERMUTED = {
    GRAPH: 0,
    NODE: 1,
    PAIR: 2,
    EDGE: 0,
}  # axes, from axis 1 on, that a permutation of the points moves
_BEFORE = {GRAPH: 0, NODE: 1, PAIR: 2, EDGE: 1}  # axes between that of the batch and those of the components


@dataclass(frozen=True)
class Field(ByComponents):
    """Values (B, ..., *components) at a place: motions move the components, permutations the axes of the points.

    `place` is `node` for values (B, N, ...) of every point, `pair` for (B, N, N, ...), `edge` for those of a list of
    edges, which keeps its order when points are relabelled, `graph` for one value per sample. None: `node` where axis
    1 is as long as the permutation and no axis of the components, else `graph`.

    >>> from symmeter.domains.space.components import Vectors
    >>> from symmeter.domains.space.motion import rotation_about
    >>> Field(Vectors()).act(rotation_about("z", 90), torch.tensor([[1.0, 2.0, 3.0]]))[0]
    tensor([[-2.,  1.,  3.]])
    """

    components: Components
    place: str | None = None

    @property
    def binds(self) -> bool:
        return isinstance(self.components, Positions) or self.place in (NODE, PAIR)

    @property
    def point_axes(self) -> range:
        """The axes of a value (B, ...) that hold the points, where its place says so."""
        return range(1, 1 + _PERMUTED[self.place or GRAPH])

    @property
    def channel_axis(self) -> int | None:
        return -1

    def node_axis(self, shape: tuple[int, ...], nodes: int | None) -> int | None:
        if self.place is not None or nodes is None:
            return 1 if self.place == NODE else None
        return 1 if len(self._axes(nodes, shape)) else None

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        everywhere = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            element = as_motion(element)
            if isinstance(element, Motion):
                return self._moved(element, x), everywhere
            if isinstance(element, Permutation) and element.of == POINTS:
                return self._permuted(element, x), everywhere
            return x, everywhere

        return act

    def _moved(self, motion: Motion, x: Tensor) -> Tensor:
        self._check(motion, x)
        return self.components.act(motion, x)

    def _permuted(self, permutation: Permutation, x: Tensor) -> Tensor:
        """x (B, ...) with the points in another order."""
        n, source = len(permutation.images), list(permutation.inverse().images)
        axes = self._axes(n, tuple(x.shape))
        for axis in axes:
            if x.shape[axis] != n:
                raise SymmeterError(f"a permutation of {n} points cannot act on {tuple(x.shape)}")
            x = x.index_select(axis, torch.tensor(source, device=x.device))
        return x

    def _axes(self, n: int, shape: tuple[int, ...]) -> range:
        """The axes of a value of this shape that hold the n points."""
        if self.place is not None:
            return self.point_axes
        before = len(shape) - len(self.components.shape)
        of_points = isinstance(self.components, Positions) or (before > 1 and shape[1] == n)
        return range(1, 1 + of_points)

    def on_components(self, generator: SpaceGenerator, x: Tensor, moved: Moved) -> Tensor:
        self._check(generator, x)
        return moved(generator, x)

    def _check(self, mover: Motion | SpaceGenerator, x: Tensor) -> None:
        """SymmeterError where x (B, ...) has not the components that are moved."""
        try:
            self.check_shape(tuple(x.shape))
        except ValueError as error:
            raise SymmeterError(f"{mover.name} cannot act: {error}") from error

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """ValueError where a value of this shape, the batch axis included, is none of these."""
        before = _BEFORE[self.place or GRAPH]
        if len(shape) > before + len(self.components.shape) and self.components.fits(shape[1:]):
            return
        wanted = ", ".join(["B", *"NM"[:before], "...", *map(str, self.components.shape)])
        raise ValueError(f"{self.describe()} are ({wanted}), and this is {shape}")

    def describe(self) -> str:
        return " ".join(filter(None, [self.place, self.components.describe()]))


@dataclass(frozen=True)
class Labels(Representation):
    """Numbers of points, such as the `edge_index` of a graph (B, 2, E): relabelled when the points are permuted.

    Negative ones, which pad, stay.

    >>> Labels().act(Permutation((2, 0, 1)), torch.tensor([[[0, 1], [1, 2]]]))[0].tolist()
    [[[2, 0], [0, 1]]]
    """

    @property
    def binds(self) -> bool:
        return False

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        everywhere = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            if not isinstance(element, Permutation) or element.of != POINTS:
                return x, everywhere
            images = torch.tensor(element.images, device=x.device)
            labels = x.round().long()
            return torch.where(labels < 0, x, images[labels.clamp(min=0)].to(x)), everywhere

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """Nothing moves them: they are whole numbers."""
        return [torch.zeros_like(x) for _ in generators]

    def describe(self) -> str:
        return "index"
