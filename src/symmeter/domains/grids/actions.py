"""How a symmetry acts on a tensor with a grid, by a word such as `tokens(1+14x14)`."""

import re

from torch import Tensor

from symmeter.domains.grids.boosts import Clock
from symmeter.domains.grids.field_words import FIELDS, FieldWord
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.heat_maps import HeatMaps
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.domains.grids.one_plane import OnePlane
from symmeter.domains.grids.swap import check_swap, parse_swap
from symmeter.domains.grids.tokens import is_tokens, tokens_by
from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import parse_group
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.linear import Regular
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

ACTIONS = (
    "invariant",
    "equivariant",
    "channels_first",
    "channels_last",
    "tokens(PREFIX+ROWSxCOLUMNS)",
    "pooled",
    "regular(GROUP)",
    *FIELDS,
    "heatmaps(swap=A-B,...)",
)
HEAT_MAPS = re.compile(r"^heatmaps(?:\((.*)\))?$")
REGULAR = re.compile(r"^regular\((.+)\)$")


def is_action(word: str) -> bool:
    """Whether a word says how a symmetry acts on a tensor.

    >>> is_action("tokens(1+14x14)"), is_action("tokens")
    (True, False)
    """
    if word in ACTIONS or is_tokens(word) or FieldWord.parse(word) or is_heat_maps(word):
        return True
    regular = REGULAR.match(word)
    try:
        return regular is not None and bool(parse_group(regular[1]))
    except SymmeterError:
        return False


def is_heat_maps(word: str) -> bool:
    """Whether a word is for heat maps, one a keypoint: `heatmaps`, `heatmaps(swap=1-2,3-4)`."""
    return HEAT_MAPS.match(word) is not None


def representation_of(
    action: str, y: Tensor, interpolant: Interpolant, padding: str = "reflect", time_step: float = 1.0
) -> Representation:
    """The representation that a word gives an output y (B, ...); ValueError when its shape contradicts the word.

    `time_step` is how many pixels a velocity of 1 crosses from one frame to the next.
    """
    regular, field = REGULAR.match(action), FieldWord.parse(action)
    if action in ("invariant", "pooled"):
        return Trivial()
    if field is not None:
        return field_of(field, y, Grid(interpolant, padding=padding), 1, time_step)
    positions = Grid(interpolant, padding=padding) if y.ndim == 4 else Trivial()
    if regular:
        return _regular(action, parse_group(regular[1]), y, positions)
    if is_tokens(action):
        return tokens_by(action, y, Grid(interpolant, padding=padding))
    if y.ndim != 4:
        raise ValueError(f"it has shape {_shape(y)} and so no grid that an equivariant action could move")
    heat_maps = HEAT_MAPS.match(action)
    if heat_maps:
        return _heat_maps(heat_maps[1] or "", y, Grid(interpolant, padding=padding))
    layout = "channels_last" if action == "channels_last" else "channels_first"
    return Grid(interpolant, layout, padding=padding)


def _heat_maps(inside: str, y: Tensor, grid: Grid) -> HeatMaps:
    """One channel of y (B, K, H, W) for each keypoint, of which some change places under flips."""
    try:
        swap = parse_swap(inside)
    except ValueError:
        raise ValueError(f"{inside!r} in brackets is not known, write heatmaps(swap=1-2,3-4)") from None
    check_swap(swap, y.shape[1], "channels")
    return HeatMaps(grid, swap)


def _regular(action: str, group: Group, y: Tensor, positions: Grid | Trivial) -> Representation:
    """The group's own action on the channels of y (B, C) or (B, C, H, W), beside that on its positions."""
    if group.order is None or y.ndim not in (2, 4) or y.shape[1] % group.order:
        raise ValueError(
            f"it has shape {_shape(y)}, which is not {action}: that takes a finite group and a multiple "
            f"of {group.order} channels (B, C) or (B, C, H, W)"
        )
    return Regular(group, positions)


def field_of(word: FieldWord, y: Tensor, grid: Grid, after: int, time_step: float = 1.0) -> Representation:
    """How a field y (B, ...) moves by its word, so many frames ahead; ValueError where its shape is another."""
    one_plane = y.ndim == grid.axes + 1 and y.ndim > 2
    planes = y.unsqueeze(1) if one_plane else y
    rho = word.on(grid if planes.ndim > 2 else Trivial(), grid.axes, Clock(word.after or after, time_step))
    dimensions = (2, grid.axes + 2, grid.axes + 3)
    if planes.ndim not in dimensions or planes.shape[rho.channel_axis] % word.components(grid.axes):
        raise ValueError(f"it has shape {_shape(y)}, and {word.name} are {word.shapes(grid.axes)}")
    return OnePlane(rho) if one_plane else rho


def input_field(word: FieldWord, rows: Tensor, grid: Grid, time_step: float = 1.0) -> Representation:
    """How an input that is a field (N, ...) moves, its last frame now; SymmeterError where it has another shape."""
    if not rows.is_floating_point():
        raise SymmeterError(f"input {word.name!r} is {rows.dtype}: fields are in floating point")
    try:
        return field_of(word, rows, grid, 0, time_step)
    except ValueError as error:
        raise SymmeterError(f"input {word.name!r}: {error}") from error


def _shape(y: Tensor) -> str:
    return "(" + ", ".join(["B", *map(str, y.shape[1:])]) + ")"


def known_action(name: str, y: Tensor, model: object) -> str | None:
    """The action on an output y (B, ...) of a network that tells its layout, as timm's do; None where none is known."""
    if y.ndim <= 2 or name == "pooled":
        return "invariant"
    if y.ndim == 4:
        if getattr(model, "output_fmt", None) != "NHWC":
            return "channels_first"
        return "channels_last" if name == "features" else None
    grid = getattr(getattr(model, "patch_embed", None), "grid_size", None)
    prefix = getattr(model, "num_prefix_tokens", None)
    if grid and prefix is not None and y.shape[1:-1] == (prefix + grid[0] * grid[1],):
        return f"tokens({prefix}+{grid[0]}x{grid[1]})"
    return None


def taken_as_scalars(name: str, y: Tensor, rho: Representation) -> str | None:
    """A remark where few channels of y (B, ...) may be components of vectors, which turn with the grid."""
    channels = y.shape[rho.channel_axis] if isinstance(rho, Grid) else 0
    if channels not in (2, 3) or name == "softmax":
        return None
    hint = f": write {name}:vectors if they are components of vectors" if channels == 2 else ""
    return f"the {channels} channels of output {name!r} are taken as scalars that do not turn with the grid{hint}"
