"""Pictures of layer profiles. Every function returns Axes (or a Figure), none shows it or touches global settings."""

import math
import re
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from symmeter.layers import summaries as views
from symmeter.layers.profile import Profile
from symmeter.layers.text import shortened_name
from symmeter.report.figures import axes, bars, line_colours, new_figure, signs, words

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
_UPRIGHT = 4  # labels that fit below bars without being turned
_EDGE = 0.4  # width of the white line around bars that touch
_HEAD = re.compile(r"^(?:[^.#]+(?:\.\d+)?|.*)")  # a name of the first level, with its number: blocks.3


def plot_stacked(
    profiles: Profile | dict[str, Profile], ax: "Axes | None" = None, symmetry: str | None = None
) -> "Axes":
    """Stacked bars of contributions by kind, one per generator, or per profile of a dict (Gruver et al., Fig. 1).

    Negative contributions are stacked below 0; a black mark with its 95 % interval is LEE.
    """
    ax = ax or axes(6.4, 4.2)
    stacks = _stacks(profiles, symmetry)
    positions = np.arange(len(stacks))
    _stack_kinds(ax, [views.by_kind(profile, name) for _, profile, name in stacks])
    roots = [next(row for row in profile.rows if row.symmetry == name) for _, profile, name in stacks]
    means, low, high = _columns(roots, "value", "interval_low", "interval_high")
    errors = bars(means, low, high)
    mark = {"fmt": "D", "color": "black", "markersize": 4, "capsize": 4, "zorder": 5}
    ax.errorbar(positions, means, errors, label="LEE, 95 % interval", **mark)
    ax.axhline(0, color="black", linewidth=0.8)
    labels = [words(label) for label, _, _ in stacks]
    ax.set_xticks(positions, labels)
    if len(stacks) > _UPRIGHT:
        ax.set_xticks(positions, labels, rotation=30, ha="right")
    ax.set_ylabel(f"contribution ({_unit(stacks)})")
    _legend(ax)
    _clean(ax)
    return ax


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


def plot_cumulative(
    profile: Profile, ax: "Axes | None" = None, symmetries: Sequence[str] | None = None
) -> "Axes":
    """Running sum of contributions along the calls as a share of LEE, with a band of their 95 % intervals (Fig. 4)."""
    ax = ax or axes(6.4, 3.6)
    symmetries = symmetries or profile.symmetries
    for colour, symmetry in zip(line_colours(len(symmetries)), symmetries, strict=True):
        lines = views.cumulative(profile, symmetry)
        share, low, high = _columns(lines, "share", "share_low", "share_high")
        share = share.astype(float)  # NaN for None
        down, up = bars(share, low, high)
        position = np.arange(1, len(lines) + 1)
        ax.step(position, share, where="post", color=colour, label=words(symmetry), linewidth=1.4)
        ax.fill_between(
            position, share - down, share + up, step="post", color=colour, alpha=0.15, linewidth=0
        )
    ax.axhline(1, color="black", linestyle="--", linewidth=0.8)
    ax.axhline(0, color="black", linewidth=0.8)
    _mark_stages(ax, profile)
    ax.set_xlabel("leaves and glue, in the order of the forward pass")
    ax.set_ylabel("running sum / LEE, 95 % interval")
    ax.set_xlim(1, max(2, sum(part.terminal for part in profile.parts)))
    ax.legend(fontsize=8, frameon=False, loc="best", ncols=2)
    _clean(ax)
    return ax


def plot_tree(profile: Profile, ax: "Axes | None" = None, depth: int | None = None) -> "Axes":
    """Heat map of shares, parts by generators, parents above children; collapsed until it can be read."""
    most = max(part.depth for part in profile.parts)
    depth = most if depth is None else depth
    while depth > 1 and sum(part.depth <= depth for part in profile.parts) > _ROWS:
        depth -= 1
    columns = [views.tree(profile, symmetry, depth) for symmetry in profile.symmetries]
    values = np.array([_columns(lines, "share")[0] for lines in columns], float).T  # NaN for None
    ax = ax or axes(2.8 + 0.75 * len(columns), 1.4 + 0.2 * len(values))
    limit = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0
    image = ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    ax.set_xticks(
        range(len(columns)), list(map(words, profile.symmetries)), rotation=40, ha="right", fontsize=8
    )
    names = ["whole" if not line.label else shortened_name(line.label, 40) for line in columns[0]]
    ax.set_yticks(range(len(names)), names, fontsize=7, parse_math=False)
    ax.figure.colorbar(image, ax=ax, label="share of LEE", fraction=0.08)
    if depth < most:
        ax.set_title(f"collapsed to depth {depth} of {most}", fontsize=9)
    return ax


def plot_worst(
    profile: Profile, ax: "Axes | None" = None, symmetry: str | None = None, top: int = 12
) -> "Axes":
    """The parts with the largest contributions, with 95 % intervals, in the colours of their kinds."""
    ax = ax or axes(6.4, 4.2)
    symmetry = symmetry or profile.symmetries[0]
    lines = views.by_module(profile, symmetry)[:top][::-1]
    share, low, high = _columns(lines, "share", "share_low", "share_high")
    share = np.nan_to_num(share.astype(float))  # 0 for None
    ax.barh(
        range(len(lines)),
        100 * share,
        xerr=100 * bars(share, low, high),
        color=[COLOURS.get(line.kind, "#CCCCCC") for line in lines],
        error_kw={"linewidth": 0.8, "capsize": 2},
    )
    ax.set_yticks(
        range(len(lines)), [shortened_name(line.label, 30) for line in lines], fontsize=8, parse_math=False
    )
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_xlabel(f"share of LEE, {words(symmetry)} (%), 95 % interval")
    _clean(ax)
    return ax


def plot_fraction(profile: Profile, ax: "Axes | None" = None) -> "Axes":
    """Fraction of each kind in the sum of norms, one bar per generator (Gruver et al., Fig. 4, middle right)."""
    ax = ax or axes(6.4, 3.6)
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
    _legend(ax)
    _clean(ax)
    return ax


def overview(profile: Profile) -> "Figure":
    """A figure of four panels: by kind, along the calls, the worst parts, and fractions of norms."""
    figure = new_figure(13, 8.2)
    panels = figure.subplots(2, 2)
    plot_stacked(profile, panels[0, 0])
    plot_cumulative(profile, panels[0, 1])
    plot_worst(profile, panels[1, 0])
    plot_fraction(profile, panels[1, 1])
    handles: dict[str, Artist] = {}
    for letter, panel in zip("abcd", panels.flat, strict=True):
        panel.text(-0.1, 1.03, letter, transform=panel.transAxes, fontsize=13, fontweight="bold", ha="right")
        if letter in "ad":  # one legend of kinds serves both
            handles |= dict(zip(*panel.get_legend_handles_labels()[::-1], strict=True))
            panel.get_legend().remove()
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles), frameon=False
    )
    head = profile.header
    samples = f"{head['data']['used']} {head['data'].get('item', 'image')}s"
    circumstances = f"{samples}, output {head['spec']['output']}, {head['definition']}"
    figure.suptitle(f"{head['model']['name']}: {circumstances}", fontsize=11, parse_math=False)
    return figure


def _stacks(profiles: Profile | dict[str, Profile], symmetry: str | None) -> list[tuple[str, Profile, str]]:
    if isinstance(profiles, dict):
        return [(label, profile, symmetry or profile.symmetries[0]) for label, profile in profiles.items()]
    return [(name, profiles, name) for name in profiles.symmetries if symmetry in (None, name)]


def _columns(rows: Sequence[object], *names: str) -> np.ndarray:
    """Fields of rows as columns (fields, rows), with None where a row has none."""
    values = list(map(attrgetter(*names), rows))
    return np.array(values, object).reshape(-1, len(names)).T


def _unit(stacks: list[tuple[str, Profile, str]]) -> str:
    """The unit in signs; of several units the part before the stroke."""
    units = list(dict.fromkeys(row.unit for _, profile, _ in stacks for row in profile.rows))
    text = units[0] if len(units) == 1 else units[0].split(" / ")[0] + " / unit²"
    return signs(text)


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
                fontsize=6.5,
                rotation=40,
                ha="left",
                va="bottom",
                color="#555555",
                parse_math=False,
            )
            last = i


def _legend(ax: "Axes") -> None:
    """Beside the axes, where no bar can be under it."""
    ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _clean(ax: "Axes") -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.margins(y=0.08)
