"""Samples of different shapes in one run: what is kept for each kind of them."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from symmeter.measuring.orbit_pass import Orbit

MOST_ON_A_CURVE = 1024  # elements of a curve, of which single samples' values are kept
_KEPT = 64  # kinds of which something is kept: a run over many takes no more memory than one over few

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """One value per kind of samples, of the kinds that were met last.

    >>> last = Recent(most=2)
    >>> for kind in (1, 2, 1, 3):
    ...     last.keep(kind, str(kind))
    >>> last.get(1), last.get(2), last.get(3)
    ('1', None, '3')
    """

    def __init__(self, most: int = _KEPT):
        self._most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def get(self, kind: Hashable) -> Value | None:
        """That of a kind, None where it is not known or was met too long ago."""
        return self._values.get(kind)

    def keep(self, kind: Hashable, value: Value) -> None:
        """Take one down, and forget that of the kind which was met longest ago where there are too many."""
        self._values[kind] = value
        self._values.move_to_end(kind)
        if len(self._values) > self._most:
            self._values.popitem(last=False)


class Orbits:
    """The orbits of a run, one for each kind of samples, and whether what they sum up goes together.

    `same_elements`: every kind is moved by the same elements, so they can be listed with what each of them does.
    `same_count`: by as many that were chosen in the same way, so they can be summed by their position. Permutations of
    other sets of points are drawn independently, and a sum over positions has the same error over elements.
    """

    def __init__(self) -> None:
        self._recent: Recent[Orbit] = Recent()
        self._largest: Orbit | None = None
        self.same_elements, self.same_count = True, True

    @property
    def largest(self) -> Orbit:
        """That with the most elements."""
        assert self._largest is not None, "no batch was looked at"
        return self._largest

    @property
    def on_curves(self) -> frozenset[int]:
        """The numbers of the elements with a parameter, where all kinds are moved by the same and not too many."""
        if not self.same_elements or self.largest.elements.count > MOST_ON_A_CURVE:
            return frozenset()
        return frozenset(i for i, g in enumerate(self.largest.elements.elements) if g.parameter is not None)

    def of(self, kind: Hashable) -> Orbit | None:
        """That of a kind of samples, where it is known."""
        return self._recent.get(kind)

    def keep(self, kind: Hashable, orbit: Orbit) -> None:
        """Take down the orbit of a kind."""
        self._recent.keep(kind, orbit)
        known = self._largest or orbit
        here, there = orbit.elements, known.elements
        self.same_elements &= here.elements == there.elements
        self.same_count &= (here.count, here.sampled) == (there.count, there.sampled)
        self._largest = max(known, orbit, key=lambda one: one.elements.count)  # of equal ones the first
