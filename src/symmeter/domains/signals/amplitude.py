"""Changes of amplitude: gain and polarity, the elements of groups that leave time alone."""

import math
from dataclasses import dataclass

from symmeter.symmetry.groups.group import Element, OnCurve

POLARITY = "polarity"
GAIN_FACTOR = "factor of gain"  # the unit of what a curve over gains has on its axis
_SAME = 1e-9


@dataclass(frozen=True)
class Amplitude(OnCurve):
    """x -> factor x: below 0 it turns the sign of all samples.

    >>> turned = Amplitude(-1.0)
    >>> turned.name, (turned @ turned).name, Amplitude(0.5).name
    ('polarity', 'identity', 'gain 0.5')
    """

    factor: float

    @property
    def is_identity(self) -> bool:
        return abs(self.factor - 1) < _SAME

    @property
    def name(self) -> str:
        parts = {POLARITY: self.factor < 0, f"gain {abs(self.factor):.3g}": self._louder}
        return ", ".join(word for word, changes in parts.items() if changes) or "identity"

    @property
    def _louder(self) -> bool:
        """Whether sizes change, and not the sign alone."""
        return abs(math.log(abs(self.factor))) > _SAME

    def inverse(self) -> "Amplitude":
        return Amplitude(1 / self.factor)

    def __matmul__(self, other: Element) -> "Amplitude":
        if not isinstance(other, Amplitude):
            raise ValueError(f"{self.name} and {other.name} do not act on the same thing")
        return Amplitude(self.factor * other.factor)

    @property
    def on_curve(self) -> tuple[float | None, str | None]:
        """The factor of a gain; None of what turns the sign."""
        return (self.factor, GAIN_FACTOR) if self.factor > 0 else (None, None)
