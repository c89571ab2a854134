"""Video: what symmeter has to know of it, in one class."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from symmeter.domain import Symmetries
from symmeter.domains.grids.axes.tracker import AxisTracker
from symmeter.domains.grids.frames import check_frame
from symmeter.domains.grids.grid import CHANNELS_FIRST, Grid
from symmeter.domains.grids.gridded import Gridded
from symmeter.domains.grids.options import DEFINITION, PADDING
from symmeter.domains.grids.shifts import margin_of
from symmeter.domains.grids.window import Window
from symmeter.domains.video.data import AXES, ITEM, NAMES, VIDEOS, open_videos
from symmeter.domains.video.names import SYMMETRIES, moves_time, named
from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.models.loaded import LoadedModel
from symmeter.options import option
from symmeter.samples import Samples
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.symmetry.tracker import Tracker


@dataclass(frozen=True)
class VideoOptions:
    """How videos are moved."""

    definition: Any = option("bandlimited", DEFINITION, "of the derivative (default: bandlimited)", "D")
    padding: Any = option(None, PADDING, "what motions bring in: reflect, zeros or circular", "P")


class Video(Gridded):
    """Videos (B, C, T, H, W): the plane's symmetries act in every frame alike, others along the time.

    A batch looks like one of volumes, so this kind of data is said: `domain="video"`.

    >>> [one.name for word in ("translation", "D4", "shift(4,t)") for one in Video.symmetry(word)]
    ['translation_x', 'translation_y', 'D4', 'shift(4,t)']
    """

    name = "video"
    item = ITEM
    position = "pixel"
    Options = VideoOptions
    symmetries = SYMMETRIES
    actions = ("invariant", "equivariant", "channels_first")
    class_axis = 1
    array_names = NAMES

    @classmethod
    def symmetry(cls, word: str) -> Symmetries:
        return named(word)

    @classmethod
    def takes(cls, data: Any) -> bool:
        """Only what says so."""
        return (isinstance(data, Mapping) and not NAMES.isdisjoint(data)) or cls.claims(data)

    def open(self, data: Any, model: LoadedModel, draw: Draw, group: Group | None = None) -> Samples:
        return open_videos(data, draw)

    def check(self, data: str, model: str) -> None:
        VIDEOS.check_path(data)

    def bound(self, group: Group, rho: Representation, x: Tensor) -> Group:
        _check_time(x, group)
        if not self.padded:
            check_frame(group, x.shape[2:], None, ITEM)
        return super().bound(group, rho, x)

    def remarks_on_inputs(self, x: Tensor, moved_by: Iterable[Generator | Element]) -> list[str]:
        """None; SymmeterError for a generator along the time of inputs x (B, C, 1, H, W)."""
        for one in moved_by:
            _check_time(x, one)
        return []

    def rho_in(self, model: LoadedModel, group: Group | None = None) -> Representation:
        margin = margin_of(group, 3)
        return Window(margin) if margin else self.grid

    def act_by(self, action: str, y: Tensor) -> Representation:
        """How the symmetry acts on y: (B, K, T', H', W') where it moves, of any shape where it is invariant."""
        if action == "invariant":
            return Trivial()
        if y.ndim != AXES:
            shape = ", ".join(["B", *map(str, y.shape[1:])])
            raise ValueError(f"it has shape ({shape}), and what moves with a video has shape (B, K, T, H, W)")
        return self.still(self.grid, "an output on a grid")

    def known_action(self, name: str, y: Tensor, model: Any) -> str:
        """Outputs (B, K, T', H', W') are taken to move with the video."""
        return CHANNELS_FIRST if y.ndim == AXES else super().known_action(name, y, model)

    def tracker(self, x: Tensor) -> Tracker:
        return AxisTracker(x, self.grid)

    @property
    def grid(self) -> Grid:
        """How values on the grid move."""
        return Grid(self.interpolant, padding=self.padding, axes=3)


def _check_time(x: Tensor, one: Generator | Group | Element) -> None:
    """SymmeterError for what moves the time of inputs x (B, C, T, H, W) of one frame."""
    if x.shape[2] == 1 and moves_time(one):
        raise SymmeterError(f"{one.name}: a video of one frame has no time to move in; give more frames")
