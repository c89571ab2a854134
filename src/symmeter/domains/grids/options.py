"""Options of everything that lies on a grid. Nothing here imports torch: the command line shows them at once."""

from typing import Any

from symmeter.verbs.arguments import Kind, choice, word

PADDINGS = ("reflect", "zeros", "circular")


def _name_or_object(value: Any) -> Any:
    return word.read(value) if isinstance(value, str) else value


DEFINITION = Kind("a name such as 'bandlimited'", _name_or_object)
PADDING = choice("padding", PADDINGS).or_none("for the definition's own")
