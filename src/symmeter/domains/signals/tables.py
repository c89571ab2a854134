"""Series in tables (.csv): a channel in each column, and their rate from a column of times where there is one."""

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from symmeter.domains.signals.recording import Recording

_SECONDS = {
    "": 1.0,
    "s": 1.0,
    "sec": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "ns": 1e-9,
}
_NAMES = re.compile(
    r"(?:time ?stamps?|date ?time|times?|t)(?:[ _]?[(\[]?(s|sec|seconds|ms|milliseconds|us|ns)[)\]]?)?"
)
_COUNTERS = ("", "index")  # what tables call a column that only numbers their rows
_EPOCHS = (
    (1e17, "ns"),
    (1e14, "us"),
    (1e11, "ms"),
)  # times since 1970 of more than so many are in these units
_EVEN = 0.25  # of a step: how far times may be from even ones. A sample that is missing makes it 0.5
_DIGITS = range(1, 13)


@dataclass(frozen=True)
class Header:
    """The names of the columns, none where the first line is of numbers.

    >>> header = Header(("Time (ms)", "left", "right"))
    >>> header.time, header.channels, Header(("T", "2")).time, Header(("tempo",)).time
    (0, [1, 2], 0, None)
    """

    names: tuple[str, ...] = ()

    @cached_property
    def time(self) -> int | None:
        """Which column has times."""
        return next((place for place, name in enumerate(self._plain) if _is_time(name)), None)

    @property
    def seconds(self) -> float | None:
        """How long the unit of the times is, None where their name does not say it."""
        name = "" if self.time is None else self._plain[self.time]
        match = _NAMES.fullmatch(name)
        unit = match[1] if match else name
        return _SECONDS[unit] if unit else None

    @property
    def channels(self) -> list[int] | None:
        """Which columns are channels, None for all."""
        found = [
            place
            for place, name in enumerate(self._plain)
            if place != self.time and not (place == 0 and name in _COUNTERS)
        ]
        return found if self.names else None

    @cached_property
    def _plain(self) -> list[str]:
        return [name.strip("# ").lower() for name in self.names]


def read(path: Path) -> Recording:
    """The signal of a table; ValueError for what is no table of numbers, and for times that are not even."""
    header = header_of(path)
    options: dict[str, Any] = {
        "delimiter": ",",
        "skiprows": int(bool(header.names)),
        "ndmin": 2,
        "encoding": "utf-8-sig",
    }
    values = np.loadtxt(path, dtype=np.float32, usecols=header.channels, **options)
    samples = torch.from_numpy(values.T.copy())
    if header.time is None:
        return Recording(samples)
    times = np.loadtxt(path, usecols=header.time, converters=_moment, **options)
    return Recording(samples, rate_of(times[:, 0], header.seconds, header.names[header.time]))


def rate_at(path: Path) -> float | None:
    """The rate of the signal of a table; None where no column has times."""
    return None if header_of(path).time is None else read(path).rate


def header_of(path: Path) -> Header:
    """What the first line says of the columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = next(csv.reader(file), [])
    return Header() if all(map(_is_value, cells)) else Header(tuple(cells))


def rate_of(times: np.ndarray, seconds: float | None, name: str) -> float:
    """How many samples a second the times (L,) are; ValueError where they are not even.

    Of all rates that times can have which were written with so many digits, that with the fewest digits.

    >>> rate_of(np.arange(50) / 256, 1.0, "time"), rate_of((np.arange(50) / 256).round(3), 1.0, "time")
    (256.0, 256.0)
    """
    if len(times) < 2:
        raise ValueError(f"one time in column {name!r} gives no rate")
    if seconds is None:
        seconds = _SECONDS[next((unit for least, unit in _EPOCHS if times[0] > least), "")]
    steps, places = np.diff(times), np.arange(len(times))
    step, start = np.polyfit(places, times - times[0], 1)
    off = np.abs(times - times[0] - start - step * places).max()
    if not step > 0 or off > _EVEN * step:
        raise ValueError(
            f"the times in column {name!r} are not even: steps are {steps.min():.4g} to {steps.max():.4g}. Resample "
            "it to one rate, or leave that column out and say sample_rate="
        )
    rate, near = 1 / (step * seconds), 2 * off / (step * len(times)) + 1e-9
    rounded = (float(f"{rate:.{digits}g}") for digits in _DIGITS)
    return next(one for one in rounded if abs(one / rate - 1) <= near)


def _is_time(name: str) -> bool:
    return name in filter(None, _SECONDS) or _NAMES.fullmatch(name) is not None


def _is_value(cell: str) -> bool:
    """Whether a cell is a number or a moment, and no name."""
    try:
        _moment(cell)
    except ValueError:
        return False
    return bool(cell.strip())


def _moment(cell: str) -> float:
    """A number, or a moment such as 2024-05-01T12:00:00.004 in seconds since 1970; ValueError for anything else."""
    try:
        return float(cell)
    except ValueError:
        since = np.datetime64(cell.strip().rstrip("Z"), "ns") - np.datetime64(0, "ns")
        return float(since / np.timedelta64(1, "s"))
