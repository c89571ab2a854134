"""A layer profile as a table that fits a terminal of 80 columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rich.markup import escape
from rich.table import Table

from symmeter.layers import summaries as views
from symmeter.results.numbers import percent, ratio, short, with_interval
from symmeter.results.sheet import WIDTH, Sheet, new_table
from symmeter.results.text import WHOLE, circumstances, title

_NUMBERS_WIDTH = 46  # of the columns beside the names
_ERRORS = {"lee": "LEE", "squared_error": "the squared error"}
_ADDED = {"kind": views.by_kind, "stage": views.by_stage}  # views that add parts up to a few lines
_LISTED = {"calls": views.tree, "module": views.by_module}  # views with a line for each part


@dataclass(frozen=True)
class View:
    """What of a profile is shown: parts added up by module, kind or stage, or all calls, to a depth, the top ones."""

    by: str = "module"
    depth: int | None = None
    top: int = 15


class Printable(views.Profiled, Protocol):
    """What of a profile is printed."""

    @property
    def header(self) -> Mapping[str, Any]: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...

    @property
    def symmetries(self) -> tuple[str, ...]: ...

    @property
    def broken_in(self) -> list[str]: ...


def sheet_of(profile: Printable, width: int, view: View) -> Sheet:
    """What was measured, for every generator the parts that matter most, how to read them."""
    heading = f"{title(profile.header)}, by {view.by}"
    tables = [_table(profile, symmetry, width, view) for symmetry in profile.symmetries]
    legend = _legend(profile)
    return Sheet(heading, circumstances(profile.header), tables, legend, profile.warnings, apart=True)


def _table(profile: Printable, symmetry: str, width: int, view: View) -> Table:
    rows = [row for row in profile.rows if row.symmetry == symmetry]
    root, explained, top = rows[0], {}, view.top
    if view.by in _ADDED:
        shares = _ADDED[view.by](profile, symmetry)
        top = len(shares)
    else:
        shares = _LISTED[view.by](profile, symmetry, view.depth)
        explained = {row.layer: row.get("explained") for row in rows}
    shown, rest = shares[:top], shares[top:]
    norms = any(share.norm is not None for share in shares)
    told = any(value is not None for value in explained.values())
    table = new_table()
    table.add_column(symmetry, no_wrap=True)
    for name in ["share [95 %]", "contribution", *["norm"] * norms, *["aliasing"] * told]:
        table.add_column(name, justify="right", no_wrap=True)
    empty = [""] * (norms + told)
    for share in shown:
        cells = [
            shortened_name(share.label, width - _NUMBERS_WIDTH) or WHOLE,
            percent(share.share, share.share_low, share.share_high),
            short(share.contribution),
        ]
        cells += [short(share.norm)] * norms + [percent(explained.get(share.label))] * told
        table.add_row(*map(escape, cells))
    if rest:
        left = ["", ""]
        if view.by != "calls":  # a tree's rows hold one another
            share, contribution = (sum(s.share or 0.0 for s in rest), sum(s.contribution for s in rest))
            left = [f"{share:.1%}", short(contribution)]
        table.add_row(f"{len(rest)} more", *left, *empty, style="dim")
    table.add_section()
    stability = ratio(root.stability, root.stability_low, root.stability_high)
    whole = [f"whole, stability {stability}", "100.0%" if root.value else "-"]
    lee = with_interval(root.value, root.interval_low, root.interval_high)
    table.add_row(*map(escape, [*whole, lee, *empty]))
    return table


def _legend(profile: Printable) -> list[str]:
    roots = {row.measure: row for row in profile.rows if row.whole}
    lines = [
        f"contribution: part of {_ERRORS.get(name, name)}, + adds to it, - takes from it; unit {root.unit}"
        for name, root in roots.items()
    ]
    lines += [f"broken in: {sentence}" for sentence in profile.broken_in]
    if any(row["norm"] is not None for row in profile.rows):
        lines.append("norm: squared norm of the part's own error at the output (Gruver et al. 2023)")
    spec = profile.header["spec"]
    aliasing, folded = spec.get("aliasing"), spec.get("folded")
    if aliasing:
        lines.append("aliasing: how much of the part's own error the theorem predicts from its spectrum")
        lines += [
            f"{name}: {percent(part)} of LEE is aliasing that the theorem predicts"
            for name, part in aliasing.items()
        ]
    if folded:
        lines.append(f"{len(folded)} calls of modules without a known layout are in the glue around them")
    return lines


def shortened_name(name: str, width: int = WIDTH - _NUMBERS_WIDTH) -> str:
    """A name with its middle left out where it is too long.

    >>> shortened_name("encoder.layers.3.mlp.linear1", 14)
    'encode…linear1'
    """
    if len(name) <= width:
        return name
    head = (width - 1) // 2
    return name[:head] + "…" + name[-(width - 1 - head) :]
