"""Spans of time as they are written: in samples, `160`, or in units of time, `10ms` and `0.5s`."""

import re
from dataclasses import dataclass

from symmeter.errors import SymmeterError

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_WRITTEN = re.compile(r"^(\d+\.?\d*|\.\d+)\s*(s|ms|us)?$")
_NEAR = 1e-6  # of a sample: a span that is whole but for round-off is whole


@dataclass(frozen=True)
class Span:
    """So many samples, or so much time, which are samples once the rate is known.

    >>> str(parse_span("10ms")), parse_span("10ms").samples(16000, "shift(10ms)"), parse_span("160").samples(None, "")
    ('10ms', 160.0, 160.0)
    """

    value: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.value:.12g}{self.unit}"

    @property
    def timed(self) -> bool:
        """Whether it is time, which takes a rate to be samples."""
        return bool(self.unit)

    def samples(self, rate: float | None, whose: str) -> float:
        """How many samples it is; SymmeterError for a time where no rate is known. `whose` span it is."""
        if not self.timed:
            return self.value
        if rate is None:
            raise SymmeterError(
                f"{whose}: {self} takes the sample rate: say sample_rate=16000, or give samples"
            )
        return round(self.value * _SECONDS[self.unit] * rate / _NEAR) * _NEAR


def parse_span(text: str) -> Span:
    """A span from its written form; ValueError for what is none, or is nothing long."""
    match = _WRITTEN.match(text.strip().lower())
    if match is None or float(match[1]) == 0:
        raise ValueError(text)
    return Span(float(match[1]), match[2] or "")
