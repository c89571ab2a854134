"""Errors of outputs in frames by k mod hop: such outputs move with their input only by whole frames.

An output with a frame every h samples cannot follow a shift by k samples unless h divides k, for it would have to move
by k / h frames. What is left of the error at multiples of h is the network's own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symmeter.results.numbers import short
from symmeter.results.row import ElementRow, Record

BY_ELEMENT, SAMPLE = "relative_error", "sample"


@dataclass(frozen=True, repr=False)
class PhaseRow(Record):
    """The mean relative error of shifts by k samples with the same k mod hop; `seconds` of the phase where known.

    `shifts` are how many, without the identity, and `worst` is the largest of them. `n` is the number of samples.
    """

    symmetry: str
    output: str
    hop: int
    phase: int
    value: float
    worst: float
    shifts: int
    n: int
    seconds: float | None = None


def phases_of(
    elements: Iterable[ElementRow], hops: Mapping[str, int], rate: float | None = None
) -> tuple[PhaseRow, ...]:
    """A row for every k mod hop, by symmetry and output; `hops` are those of outputs, `rate` samples a second.

    >>> of = lambda k: ElementRow("relative_error", "shift", "y", "", f"{k}", float(k), k % 2, None, 3, "sample")
    >>> rows = list(map(of, (1, 2, 3)))
    >>> [(row.phase, row.value, row.shifts) for row in phases_of(rows, {"y": 2})]
    [(0, 0.0, 1), (1, 1.0, 2)]
    """
    found: dict[tuple[str, str, int], list[ElementRow]] = {}
    for row in elements:
        if (row.measure, row.parameter_unit) == (BY_ELEMENT, SAMPLE) and row.output in hops:
            phase = round(row.parameter or 0) % hops[row.output]
            found.setdefault((row.symmetry, row.output, phase), []).append(row)
    return tuple(_phase_row(key, found[key], hops[key[1]], rate) for key in sorted(found))


def _phase_row(
    key: tuple[str, str, int], rows: Sequence[ElementRow], hop: int, rate: float | None
) -> PhaseRow:
    symmetry, output, phase = key
    values = np.array([row.value for row in rows])
    seconds = phase / rate if rate else None
    mean, worst = float(values.mean()), float(values.max())
    return PhaseRow(symmetry, output, hop, phase, mean, worst, len(rows), rows[0].n, seconds)


def phase_lines(elements: Iterable[ElementRow], spec: Mapping[str, Any]) -> list[str]:
    """What the table says of outputs in frames, a line for each."""
    hops = {output: hop for output, hop in spec.get("hops", {}).items() if hop > 1}
    by_output: dict[tuple[str, str], list[PhaseRow]] = {}
    for row in phases_of(elements, hops, spec.get("sample_rate")):
        by_output.setdefault((row.symmetry, row.output), []).append(row)
    return list(map(_sentence, by_output.values()))


def _sentence(rows: Sequence[PhaseRow]) -> str:
    """Of one output under one group: what shifts by whole frames do, and what all others."""
    first, worst = rows[0], max(rows, key=lambda row: row.value)
    words = f"{first.symmetry}: {first.output} has a frame every {first.hop} samples"
    whole = [
        f"shifts by multiples of {first.hop} change it by {short(row.value)}" for row in rows if not row.phase
    ]
    parts = [f"others by up to {short(worst.value)} of its norm (k mod {first.hop} = {worst.phase})"] * bool(
        worst.phase
    )
    whole = whole or [f"no shift was a multiple of {first.hop}"]
    return f"{words}: {', '.join(whole + parts)}"
