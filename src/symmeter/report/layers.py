"""A layer profile as a table that fits a terminal of 80 columns."""

import io
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from symmeter.layers import summaries as views
from symmeter.layers.profile import Profile
from symmeter.layers.summaries import Share
from symmeter.results.text import circumstances, short, title, with_error

_NAME_WIDTH = 34


def render(
    profile: Profile, by: str = "module", depth: int | None = None, top: int = 15, width: int = 80
) -> str:
    """The tables as plain text, one for every generator."""
    stream = io.StringIO()
    show(profile, Console(file=stream, width=width, color_system=None), by, depth, top)
    return stream.getvalue().rstrip() + "\n"


def show(
    profile: Profile, console: Console, by: str = "module", depth: int | None = None, top: int = 15
) -> None:
    """Print a profile: what was measured, for every generator the parts that matter most, how to read them."""
    console.print(f"[bold]{escape(title(profile.header))}, by {by}[/bold]", highlight=False)
    console.print(escape(circumstances(profile.header)), highlight=False)
    for symmetry in profile.symmetries:
        console.print()
        console.print(_table(profile, symmetry, by, depth, top))
    for line in _legend(profile, by):
        console.print(escape(line), style="dim", highlight=False)
    for warning in profile.warnings:
        console.print(f"[yellow]warning:[/yellow] {escape(warning)}", highlight=False)


def _shares(profile: Profile, symmetry: str, by: str, depth: int | None) -> Sequence[Share]:
    if by == "kind":
        return views.by_kind(profile, symmetry)
    if by == "stage":
        return views.by_stage(profile, symmetry)
    if by == "calls":
        return views.tree(profile, symmetry, depth)
    return views.by_module(profile, symmetry, depth)


def _table(profile: Profile, symmetry: str, by: str, depth: int | None, top: int) -> Table:
    shares = _shares(profile, symmetry, by, depth)
    shown, rest = (shares, []) if by in ("kind", "stage") else (shares[:top], shares[top:])
    root = next(row for row in profile.rows if row.symmetry == symmetry)
    norms = any(share.norm is not None for share in shares)
    explained = {row.layer: row.get("explained") for row in profile.rows if row.symmetry == symmetry}
    told = by not in ("kind", "stage") and any(value is not None for value in explained.values())
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(f"{symmetry}", no_wrap=True)
    table.add_column("share ± s.e.", justify="right", no_wrap=True)
    table.add_column("contribution", justify="right", no_wrap=True)
    if norms:
        table.add_column("norm", justify="right", no_wrap=True)
    if told:
        table.add_column("aliasing", justify="right", no_wrap=True)
    empty = [""] * (norms + told)
    for share in shown:
        cells = [
            shortened_name(share.label) or "(whole)",
            _percent(share.share, share.share_standard_error),
            short(share.contribution),
        ]
        cells += [short(share.norm)] * norms + [_percent(explained.get(share.label), None)] * told
        table.add_row(*map(escape, cells))
    if rest:
        left = [sum(share.share or 0.0 for share in rest), sum(share.contribution for share in rest)]
        if by != "calls":  # a tree's rows hold one another
            table.add_row(f"{len(rest)} more", f"{left[0]:.1%}", short(left[1]), *empty, style="dim")
        else:
            table.add_row(f"{len(rest)} more", "", "", *empty, style="dim")
    table.add_section()
    whole = [f"whole: LEE, selectivity {short(root.selectivity)}", "100.0%" if root.value else "-"]
    table.add_row(*map(escape, [*whole, with_error(root.value, root.standard_error), *empty]))
    return table


def _legend(profile: Profile, by: str) -> list[str]:
    lines = [f"contribution: part of LEE, + adds to it, - takes from it; unit {profile.rows[0].unit}"]
    if any(row["norm"] is not None for row in profile.rows):
        lines.append("norm: squared norm of the part's own error at the output (Gruver et al. 2023)")
    if profile.header["spec"].get("aliasing"):
        lines.append("aliasing: how much of the part's own error the theorem predicts from its spectrum")
    for name, part in (profile.header["spec"].get("aliasing") or {}).items():
        lines.append(f"{name}: {_percent(part, None)} of LEE is aliasing that the theorem predicts")
    folded = profile.header["spec"].get("folded") or {}
    if folded:
        lines.append(f"{len(folded)} calls of modules without a known layout are in the glue around them")
    return lines


def shortened_name(name: str, width: int = _NAME_WIDTH) -> str:
    """A name with its middle left out where it is too long.

    >>> shortened_name("encoder.layers.3.mlp.linear1", 14)
    'encode…linear1'
    """
    if len(name) <= width:
        return name
    head = (width - 1) // 2
    return name[:head] + "…" + name[-(width - 1 - head) :]


def _percent(share: float | None, error: float | None) -> str:
    if share is None:
        return "-"
    text = f"{share:.1%}".replace("-0.0%", "0.0%") if abs(share) < 5e-4 else f"{share:.1%}"
    return text + ("" if error is None else f" ± {error:.1%}")
