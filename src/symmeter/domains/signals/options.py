"""The options of signals, as a person gives them."""

from dataclasses import dataclass
from typing import Any

from symmeter.domains.grids.options import DEFINITION, PADDING
from symmeter.domains.signals.spans import parse_span
from symmeter.options import option
from symmeter.verbs.arguments import Given, Kind, above, truth


def _length(value: Given) -> str:
    """A number of samples or a time as it is written; ValueError for what is none."""
    return str(parse_span(str(value)))


@dataclass(frozen=True)
class SignalOptions:
    """How signals become inputs, and how they are moved in time."""

    definition: Any = option("bandlimited", DEFINITION, "of the derivative (default: bandlimited)", "D")
    padding: Any = option(
        None, PADDING, "what motions bring in: reflect, zeros or circular", "P", needs="motions"
    )
    sample_rate: float | None = option(
        None,
        above(0).or_none("for that of the files"),
        "samples a second (default: as files say)",
        "HZ",
        type="number",
    )
    length: str | None = option(
        None,
        Kind("samples such as 16000, or a time such as '1s'", _length).or_none("for all"),
        "the first so many samples of each, or so much time, as in 1s (default: all)",
        "L",
    )
    mono: bool = option(False, truth, "true: the mean of the channels", "M", type="truth")
