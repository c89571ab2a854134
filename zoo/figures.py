"""The figures of the page: symmeter's own, a panel for each network, a file for each kind of data."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import symmeter
from symmeter.layers.profile import Profile
from symmeter.report.figures import new_figure, save_figure
from symmeter.results.result import Result
from zoo.measured import Measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS, _WIDE = 2, 3.45  # panels side by side, and inches of each
_TALL = {"stability": 2.1, "layers": 2.5}
_NAMES = {True: "trained", False: "random weights"}
_PARTS = 8

Panel = tuple[str, Callable[["Axes"], object]]


def draw(folder: Path, all_measured: Sequence[Measured]) -> dict[str, list[Path]]:
    """Write all figures; returns the files by the kind of data."""
    found: dict[str, list[Path]] = {}
    for field in dict.fromkeys(one.network.kind for one in all_measured):
        own = [one for one in all_measured if one.network.kind == field]
        for what, panels in (("stability", _stabilities(own)), ("layers", _layers(own))):
            if panels:
                file = folder / f"{what}-{field.replace(' ', '-')}.svg"
                save_figure(_figure(panels, _TALL[what]), file)
                found.setdefault(field, []).append(file)
    return found


def _stabilities(own: Sequence[Measured]) -> list[Panel]:
    """Of every network and set of symmetries: with its weights, and with random ones."""
    panels: list[Panel] = []
    for one in own:
        for symmetry, result in one.results.items():
            both = {_NAMES[True]: result}
            if (twin := one.twins.get(symmetry)) is not None and _has_stability(twin):
                both[_NAMES[False]] = twin
            if _has_stability(result):
                panels.append(
                    (one.network.name, lambda ax, both=both: symmeter.plot(both, "stability", ax=ax))
                )
    return panels


def _has_stability(result: Result) -> bool:
    return any(row.stability is not None for row in result.rows)


def _layers(own: Sequence[Measured]) -> list[Panel]:
    """Of every network the parts that add most to the error, along its first generator."""
    panels: list[Panel] = []
    for one in own:
        for profile in one.profiles:
            first = profile.symmetries[0]
            drawn = partial(_worst, profile=profile, symmetry=first)
            panels.append((f"{one.network.name}, {first.replace('_', ' ')}", drawn))
    return panels


def _worst(ax: "Axes", profile: Profile, symmetry: str) -> None:
    symmeter.plot(profile, "worst", ax=ax, symmetry=symmetry, top=_PARTS)
    ax.set_xlabel("share of LEE (%)")  # that of a whole figure is too wide here


def _figure(panels: Sequence[Panel], tall: float) -> "Figure":
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(_WIDE * columns, tall * rows)
    for number, (name, drawn) in enumerate(panels):
        ax = figure.add_subplot(rows, columns, number + 1)
        drawn(ax)
        ax.set_title(name, loc="right")  # which has room to the left, above the names
    return figure
