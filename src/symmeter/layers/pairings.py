"""The pairings of one forward pass, kept from one backward pass to the next while there is room."""

from symmeter.layers.walk import Value
from symmeter.symmetry.representations.pairing import Pairing
from symmeter.symmetry.representations.representation import Representation


class Pairings:
    """How the tensors of a trace pair with gradients; `room` is how many bytes may be kept beside them.

    Without room each is made anew for every gradient, and the numbers are the same. It must not outlive the trace.
    """

    def __init__(self, room: float):
        self._room = room
        self._kept: dict[int, list[tuple[Representation, Pairing]]] = {}

    def of(self, value: Value, rho: Representation) -> Pairing:
        """That of the content of a tensor which moves by rho."""
        known = self._kept.setdefault(id(value), [])
        for how, pairing in known:
            if how == rho:
                return pairing
        made = rho.pairing(value.data)
        if made.bytes <= self._room:
            self._room -= made.bytes
            known.append((rho, made))
        return made
