"""The picture of rotations of space: the error of every element on a map of their axes."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.report.chosen import BY_ELEMENT, BY_ELEMENT_UNIT, Elements, chosen, elements_of, worst_of
from symmeter.report.drawing import drawing
from symmeter.report.figures import words
from symmeter.report.style import STYLE
from symmeter.results.result import Result
from symmeter.results.row import ElementRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LACKING = "no rotations about several axes in this result: measure over SO3, O3 or octahedral"
_PARALLEL = 1e-6
_SMALLEST, _LARGEST = 12.0, 110.0  # areas of marks, for no angle and for half a turn
_SHOWN_ANGLES = (45, 90, 180)
_BESIDE, _POLE = 8, 13  # points between the end of an axis and its name
_AXES = {  # longitude, latitude, and the place of the name: points across and up
    "x": (0, 0, _BESIDE, _BESIDE),
    "y": (90, 0, _BESIDE, _BESIDE),
    "-y": (-90, 0, _BESIDE, _BESIDE),
    "z": (0, 90, 0, _POLE),
    "-z": (0, -90, 0, -_POLE),
}


@drawing(
    "sphere",
    "error of rotations on a map of their axes",
    Result,
    lambda one: turning_pictures(one),
    projection="mollweide",
)
def plot_sphere(
    result: Result,
    ax: "Axes",
    symmetry: str | None = None,
    output: str | None = None,
    parity: int = 1,
) -> None:
    """Every rotation at its axis on a map of the sphere, the larger the angle the larger the mark.

    The colour is the relative error ||f(g x) - g f(x)|| / ||f(x)||. With `parity` -1 it is of the elements that come
    with an inversion; mirror images are there with an angle of 180 degrees. Without an `output` it is the one with the
    largest error. `ax` must be a Mollweide projection. SymmeterError where there are no rotations about several axes.
    """
    rows = worst_of(chosen(turning_pictures(result), symmetry, output, _LACKING))
    drawn = [row for row in rows if row.parity == parity and _angle(row) > 0]
    if not drawn:
        raise SymmeterError(f"{rows[0].symmetry} has no elements of parity {parity}")
    drawn.sort(key=_angle, reverse=True)  # the small marks above the large ones
    angles = np.array([_angle(row) for row in drawn])
    axis = np.array([turn_of(row) for row in drawn]) / angles[:, None]
    marks = ax.scatter(
        np.arctan2(axis[:, 1], axis[:, 0]),
        np.arcsin(axis[:, 2].clip(-1, 1)),
        s=_area(angles),
        c=[row.value for row in drawn],
        cmap="cividis",
        vmin=0,
        vmax=max(row.value for row in rows) or 1,
        edgecolors="white",
        linewidths=0.4,
        zorder=3,
        clip_on=False,
    )
    label = f"{words(BY_ELEMENT)} ({BY_ELEMENT_UNIT})"
    ax.figure.colorbar(marks, ax=ax, shrink=0.75, label=label)
    _draw_globe(ax)
    _explain_sizes(ax)
    ax.set_title(_title(rows, parity), pad=16, parse_math=False)


def turning_pictures(result: Result) -> Elements:
    """The elements of a result that make a map, by symmetry and output."""
    return {key: rows for key, rows in elements_of(result).items() if turns(rows)}


def turns(rows: Sequence[ElementRow]) -> bool:
    """Whether elements are rotations about several axes."""
    turning = np.array([turn_of(row) for row in rows if _angle(row) > 0])
    if len(turning) < 2:
        return False
    across = np.cross(turning, turning[0])
    return bool(np.linalg.norm(across, axis=1).max() > _PARALLEL)


def parities_of(rows: Sequence[ElementRow]) -> list[int]:
    """The parities of which there is a map: -1 where some elements come with an inversion, beside that alone."""
    return sorted({row.parity or 1 for row in rows if _angle(row) > 0}, reverse=True)


def turn_of(row: ElementRow) -> np.ndarray:
    """Axis times angle of a rotation of space (3,), in degrees; 0 where an element is none."""
    return np.nan_to_num(np.array([row.turn_x, row.turn_y, row.turn_z], float))


def _angle(row: ElementRow) -> float:
    """In degrees."""
    return math.hypot(*turn_of(row))


def _area(angle: float | np.ndarray) -> float | np.ndarray:
    return _SMALLEST + (_LARGEST - _SMALLEST) * angle / 180


def _draw_globe(ax: "Axes") -> None:
    """Lines every 45 degrees, and the names of the axes."""
    any_axes: Any = ax  # the methods of maps are not in the type of all axes
    any_axes.set_longitude_grid(45)
    any_axes.set_latitude_grid(45)
    ax.grid(color="#BBBBBB", linewidth=0.5)
    ax.tick_params(labelbottom=False, labelleft=False)
    for name, (longitude, latitude, across, up) in _AXES.items():
        ax.annotate(
            name,
            (math.radians(longitude), math.radians(latitude)),
            (across, up),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=STYLE.small_size,
            zorder=4,
        )


def _explain_sizes(ax: "Axes") -> None:
    """What the size of a mark says."""
    for angle in _SHOWN_ANGLES:
        ax.scatter([], [], s=_area(angle), color="#777777", label=f"{angle}°")
    ax.legend(
        title="at its axis, by angle",
        loc="upper center",
        bbox_to_anchor=(0.5, -0.08),
        ncols=len(_SHOWN_ANGLES),
    )


def _title(rows: Sequence[ElementRow], parity: int) -> str:
    """Group and output; of those with an inversion also what the inversion itself does, which has no axis."""
    head = f"{rows[0].symmetry}, {rows[0].output}"
    if parity > 0:
        return f"{head}: rotations" if -1 in parities_of(rows) else head
    alone = [row.value for row in rows if row.parity == -1 and _angle(row) == 0]
    return f"{head}: with inversion" + (f" (it alone: {alone[0]:.2g})" if alone else "")
