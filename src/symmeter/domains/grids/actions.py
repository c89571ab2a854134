"""How a symmetry acts on a tensor with a grid, by a word such as `tokens(1+14x14)`."""

import re

from torch import Tensor

from symmeter.domains.grids.grid import Image
from symmeter.domains.grids.interpolants.interpolant import Definition
from symmeter.domains.grids.tokens import Tokens
from symmeter.domains.grids.vectors import Vectors
from symmeter.domains.images.names import is_group, parse_group
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
    "vectors",
)
REGULAR = re.compile(r"^regular\((.+)\)$")
TOKENS = re.compile(r"^tokens\((?:(\d+)\+)?(\d+)x(\d+)\)$")


def is_action(word: str) -> bool:
    """Whether a word says how a symmetry acts on a tensor.

    >>> is_action("tokens(1+14x14)"), is_action("tokens")
    (True, False)
    """
    if word in ACTIONS or TOKENS.match(word):
        return True
    regular = REGULAR.match(word)
    return regular is not None and is_group(regular[1])


def representation_of(
    action: str, y: Tensor, definition: Definition, padding: str = "reflect"
) -> Representation:
    """The representation that an action word gives a tensor; ValueError when its shape contradicts the word."""
    tokens, regular = TOKENS.match(action), REGULAR.match(action)
    if action in ("invariant", "pooled"):
        return Trivial()
    if regular:
        return _regular(action, parse_group(regular[1]), y, Image(definition, padding=padding))
    if action == "vectors":
        if y.ndim not in (2, 4) or y.shape[1] != 2:
            raise ValueError(f"it has shape {_shape(y)}, and vectors are (B, 2, H, W) or (B, 2)")
        return Vectors(Image(definition, padding=padding) if y.ndim == 4 else Trivial())
    if tokens:
        prefix, rows, columns = (int(group or 0) for group in tokens.groups())
        if y.ndim != 3 or y.shape[1] != prefix + rows * columns:
            raise ValueError(f"it has shape {_shape(y)}, which is not {action}")
        return Tokens(definition, (rows, columns), prefix, padding)
    if y.ndim != 4:
        raise ValueError(f"it has shape {_shape(y)} and so no grid that an equivariant action could move")
    layout = "channels_last" if action == "channels_last" else "channels_first"
    return Image(definition, layout, padding=padding)


def _regular(action: str, group: Group, y: Tensor, image: Image) -> Representation:
    if group.order is None or y.ndim not in (2, 4) or y.shape[1] % group.order:
        raise ValueError(f"it has shape {_shape(y)}, which is not {action}: that takes a finite group and a multiple "
                         f"of {group.order} channels (B, C) or (B, C, H, W)")  # fmt: skip
    return Regular(group, image if y.ndim == 4 else Trivial())


def _shape(y: Tensor) -> str:
    return "(" + ", ".join(["B", *map(str, y.shape[1:])]) + ")"
