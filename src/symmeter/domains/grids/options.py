"""Options of everything that lies on a grid. Nothing here imports torch: the command line shows them at once."""

from typing import Any

from symmeter.domains.grids.padding import read_padding
from symmeter.verbs.arguments import Kind, word


def _name_or_object(value: Any) -> Any:
    return word.read(value) if isinstance(value, str) else value


DEFINITION = Kind("a name such as 'bandlimited'", _name_or_object)
PADDING_WORDS = Kind(
    "reflect, zeros or circular, or one for each axis as in 'x=circular,y=reflect'", read_padding
)
PADDING = PADDING_WORDS.or_none("for the definition's own")
