"""How much of a response is of which degree, and whether the elements of a run resolve it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MUCH = 0.2  # share of a response beyond what a design integrates that is said


@dataclass(frozen=True)
class Degree:
    """The share of A^2 that functions of one degree on the group carry, with a standard error over elements.

    `parity` is what an inversion does to them, 1 or -1; None in a group without one. Shares are without bias, so that
    of a degree that is not there can be a little below 0.
    """

    degree: int
    parity: int | None
    share: float
    standard_error: float | None


@dataclass(frozen=True)
class Spectrum:
    """A response degree by degree, and all that is beyond `exact`, the highest degree that its design integrates.

    `exact` is None for independent elements. `beyond` is what all degrees above `exact` share; None without one.

    >>> Spectrum((Degree(1, None, 0.6, 0.01),), 5, 0.4, 0.05).notes("logits")[0][:57]
    'logits: not resolved by this design: 40 % of the response'
    """

    degrees: tuple[Degree, ...]
    exact: int | None = None
    beyond: float | None = None
    beyond_standard_error: float | None = None

    @staticmethod
    def from_dict(saved: Mapping[str, Any]) -> "Spectrum":
        """From its form in the header of a result."""
        return Spectrum(**{**saved, "degrees": tuple(Degree(**one) for one in saved["degrees"])})

    def notes(self, output: str) -> list[str]:
        """What to say where much of the response of an output is beyond the design; nothing where little is."""
        if self.exact is None or self.beyond is None:
            return []
        if self.beyond - (self.beyond_standard_error or 0.0) <= MUCH:
            return []
        return [
            f"{output}: not resolved by this design: {100 * self.beyond:.0f} % of the response is of degree "
            f"{self.exact + 1} and beyond; give more elements"
        ]
