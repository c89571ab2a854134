"""One part of a network, as tables of layers name it. Nothing here imports torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One row of an attribution.

    `layer` is the module's dotted name, with `#2` at its second call; the functional remainder of a module is
    `NAME.(glue)`: what its forward does itself between the modules it calls. `parent` is the part around it (None for
    the root, ""). `order` counts along the forward pass. The `terminal` parts (leaves and remainders) add up to the
    root.
    """

    layer: str
    parent: str | None
    kind: str
    depth: int
    calls: int
    order: int
    terminal: bool
