"""Pictures of layer profiles: by kind, along the calls, the worst parts, the tree."""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError, nearest
from symmeter.layers import summaries as views
from symmeter.layers.profile import Profile
from symmeter.layers.text import shortened_name
from symmeter.report.drawing import drawing, usual_height
from symmeter.report.figures import bars, common_unit, focused, legend_below, room, unframed, words
from symmeter.report.style import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette, which the colour-blind can tell apart, and grays; a kind has its colour everywhere.
COLOURS = {
    "patch embedding": "#CC79A7",
    "convolution, strided": "#D55E00",
    "convolution, unit stride": "#E69F00",
    "linear": "#F0E442",
    "attention": "#0072B2",
    "mlp": "#56B4E9",
    "normalisation": "#999999",
    "activation": "#009E73",
    "pooling": "#882255",
    "glue": "#555555",
    "other": "#CCCCCC",
}
_INVISIBLE = 1e-3  # of the largest: too small to be seen, and left out of the legend
_ROWS = 45  # lines of a tree that can be read
_EDGE = 0.4  # width of the white line around bars that touch
_HEAD = re.compile(r"^(?:[^.#]+(?:\.\d+)?|.*)")  # a name of the first level, with its number: blocks.3


def _with_legend(what: object, width: float, **choices: object) -> float:
    """The height where a legend of kinds is below."""
    return usual_height(what, width) + 0.4


def _tree_height(profile: Profile, width: float, depth: int | None = None) -> float:
    """That of all lines, of the names of generators, and of a title."""
    shown = _depths(profile, depth)[1]
    return 0.9 + 0.13 * sum(part.depth <= shown for part in profile.parts)


@drawing("stacked", "contributions by kind of layer, with LEE", Profile, several=True, height=_with_legend)
def plot_stacked(profiles: Mapping[str, Profile], ax: "Axes", symmetry: str | None = None) -> None:
    """Stacked bars of contributions by kind, one per generator, or of several profiles one for each.

    Negative contributions are stacked below 0; a black mark with its 95 % interval is LEE. Source: Gruver et al. 2023,
    Fig. 1.
    """
    stacks = _stacks(profiles, symmetry)
    positions = np.arange(len(stacks))
    _stack_kinds(ax, [views.by_kind(profile, name) for _, profile, name in stacks])
    roots = [next(row for row in profile.rows if row.symmetry == name) for _, profile, name in stacks]
    means, low, high = _columns(roots, "value", "interval_low", "interval_high")
    errors = bars(means, low, high)
    ax.errorbar(positions, means, errors, label="LEE, 95 % interval", fmt="D", color="black", zorder=5)
    ax.axhline(0, color="black", linewidth=0.8)
    unit = common_unit(row.unit for _, profile, _ in stacks for row in profile.rows)
    labels = [words(label) for label, _, _ in stacks]
    ax.set_xticks(positions, labels, parse_math=False)
    if sum(map(len, labels)) > 0.6 * room(ax):
        ax.set_xticks(positions, labels, rotation=25, ha="right", rotation_mode="anchor", parse_math=False)
    ax.set_ylabel(f"contribution ({unit})")
    legend_below(ax)
    _clean(ax)


def _stack_kinds(ax: "Axes", shares: Sequence[Sequence[views.Share]]) -> None:
    """One stack per bar, whose shares are by kind; kinds too small to be seen are left out of the legend too."""
    positions = np.arange(len(shares))
    up, down = np.zeros(len(shares)), np.zeros(len(shares))
    largest = max(abs(share.contribution) for share in chain(*shares))
    for kind, colour in COLOURS.items():
        heights = np.array([sum(s.contribution for s in column if s.kind == kind) for column in shares])
        if np.abs(heights).max() <= _INVISIBLE * largest:
            continue
        bottom = np.where(heights >= 0, up, down)
        ax.bar(positions, heights, 0.65, bottom, color=colour, label=kind, edgecolor="white", linewidth=_EDGE)
        up, down = up + heights.clip(min=0), down + heights.clip(max=0)


@drawing("cumulative", "running sum of contributions along the calls", Profile, height=_with_legend)
def plot_cumulative(profile: Profile, ax: "Axes", symmetry: str | None = None) -> None:
    """Running sum of contributions along the calls as a share of LEE, with a band of their 95 % intervals (Fig. 4)."""
    symmetries = profile.symmetries if symmetry is None else [_known(profile, symmetry)]
    ends = [0.0, 1.0]
    for number, symmetry in enumerate(symmetries):
        look = STYLE.series(number)
        lines = views.cumulative(profile, symmetry)
        share, low, high = _columns(lines, "share", "share_low", "share_high")
        share = share.astype(float)  # NaN for None
        down, up = bars(share, low, high)
        position = np.arange(1, len(lines) + 1)
        line = {"color": look.colour, "linestyle": look.stroke}
        ax.step(position, share, where="post", label=words(symmetry), **line)
        band = {"color": look.colour, "alpha": 0.15, "linewidth": 0}
        ax.fill_between(position, share - down, share + up, step="post", **band)
        ends += focused(share, np.stack([down, up]))
    ax.set_ylim(1.05 * min(ends) - 0.02, 1.05 * max(ends))
    ax.axhline(1, color="black", linestyle="--", linewidth=0.8)
    ax.axhline(0, color="black", linewidth=0.8)
    _mark_stages(ax, profile)
    ax.set_xlabel("leaves and glue, in the order of the forward pass")
    ax.set_ylabel("running sum / LEE,\n95 % interval")
    ax.set_xlim(1, max(2, sum(part.terminal for part in profile.parts)))
    legend_below(ax)
    _clean(ax)


@drawing("tree", "shares of all parts under all generators", Profile, height=_tree_height)
def plot_tree(profile: Profile, ax: "Axes", depth: int | None = None) -> None:
    """Heat map of shares, parts by generators, parents above children; collapsed until it can be read."""
    most, depth = _depths(profile, depth)
    columns = [views.tree(profile, symmetry, depth) for symmetry in profile.symmetries]
    values = np.array([_columns(lines, "share")[0] for lines in columns], float).T  # NaN for None
    limit = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0
    image = ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    upright = {"rotation": 25, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(columns)), list(map(words, profile.symmetries)), **upright)
    names = ["whole" if not line.label else shortened_name(line.label, room(ax) // 2) for line in columns[0]]
    ax.set_yticks(range(len(names)), names, parse_math=False)
    ax.figure.colorbar(image, ax=ax, label="share of LEE", fraction=0.08)
    if depth < most:
        ax.set_title(f"collapsed to depth {depth} of {most}")


@drawing("worst", "the parts with the largest contributions", Profile)
def plot_worst(profile: Profile, ax: "Axes", symmetry: str | None = None, top: int = 12) -> None:
    """The parts with the largest contributions, with 95 % intervals, in the colours of their kinds."""
    symmetry = _known(profile, symmetry)
    lines = views.by_module(profile, symmetry)[:top][::-1]
    share, low, high = _columns(lines, "share", "share_low", "share_high")
    share = np.nan_to_num(share.astype(float))  # 0 for None
    reach = bars(share, low, high)
    ax.barh(
        range(len(lines)),
        100 * share,
        xerr=100 * reach,
        color=[COLOURS.get(line.kind, "#CCCCCC") for line in lines],
        error_kw={"linewidth": 0.8},
    )
    names = [shortened_name(line.label, room(ax) * 2 // 5) for line in lines]
    ax.set_yticks(range(len(lines)), names, parse_math=False)
    ax.axvline(0, color="black", linewidth=0.8)
    left, right = focused(share, reach)
    if left < right:
        ax.set_xlim(105 * left, 105 * right)
    ax.set_xlabel(f"share of LEE, {words(symmetry)} (%), 95 % interval")
    _clean(ax)


@drawing("fraction", "fractions of the norms by kind of layer", Profile, height=_with_legend)
def plot_fraction(profile: Profile, ax: "Axes") -> None:
    """Fraction of each kind in the sum of norms, one bar per generator (Gruver et al., Fig. 4, middle right)."""
    found = [views.fraction(profile, symmetry) for symmetry in profile.symmetries]
    left = np.zeros(len(found))
    for kind, colour in COLOURS.items():
        widths = np.array([column.get(kind, 0.0) for column in found])
        if (widths > _INVISIBLE).any():
            ax.barh(
                range(len(found)),
                widths,
                0.7,
                left,
                color=colour,
                label=kind,
                edgecolor="white",
                linewidth=_EDGE,
            )
            left += widths
    ax.set_yticks(range(len(found)), list(map(words, profile.symmetries)))
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xlabel(
        "fraction of the squared norms"
        if profile.norms(profile.symmetries[0]) is not None
        else "fraction of the absolute contributions"
    )
    legend_below(ax)
    _clean(ax)


def _stacks(profiles: Mapping[str, Profile], symmetry: str | None) -> list[tuple[str, Profile, str]]:
    """The label, profile and symmetry of every stack."""
    if len(profiles) > 1:
        return [(label, profile, _known(profile, symmetry)) for label, profile in profiles.items()]
    (profile,) = profiles.values()
    names = profile.symmetries if symmetry is None else [_known(profile, symmetry)]
    return [(name, profile, name) for name in names]


def _known(profile: Profile, symmetry: str | None) -> str:
    """One symmetry of a profile, without a name the first; SymmeterError where it has none of that name."""
    if symmetry not in (None, *profile.symmetries):
        raise SymmeterError(
            f"symmetry {symmetry!r} is not in this profile{nearest(symmetry, profile.symmetries)}"
        )
    return symmetry or profile.symmetries[0]


def _depths(profile: Profile, depth: int | None) -> tuple[int, int]:
    """How deep the tree is, and to which depth it is drawn."""
    most = max(part.depth for part in profile.parts)
    depth = most if depth is None else depth
    while depth > 1 and sum(part.depth <= depth for part in profile.parts) > _ROWS:
        depth -= 1
    return most, depth


def _columns(rows: Sequence[object], *names: str) -> np.ndarray:
    """Fields of rows as columns (fields, rows), with None where a row has none."""
    values = list(map(attrgetter(*names), rows))
    return np.array(values, object).reshape(-1, len(names)).T


def _mark_stages(ax: "Axes", profile: Profile) -> None:
    """Borders of the first level of names, labelled where there is room."""
    names = [_HEAD.findall(part.layer)[0] for part in profile.parts if part.terminal]
    last, room = -math.inf, len(names) / 14
    for i, (before, name) in enumerate(zip(["", *names], names, strict=False)):
        if name != before and i - last >= room:
            ax.axvline(i + 1, color="#BBBBBB", linewidth=0.6, zorder=0)
            ax.text(
                i + 1,
                1.01,
                shortened_name(name, 14),
                transform=ax.get_xaxis_transform(),
                fontsize=STYLE.small_size - 1,
                rotation=40,
                ha="left",
                va="bottom",
                color="#555555",
                parse_math=False,
            )
            last = i


def _clean(ax: "Axes") -> None:
    unframed(ax)
    ax.margins(y=0.08)
