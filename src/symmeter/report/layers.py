"""A layer profile as a table that fits a terminal of 80 columns."""

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from symmeter.layers import summaries as views
from symmeter.layers.profile import Profile
from symmeter.results.numbers import ratio, short, with_interval
from symmeter.results.text import WHOLE, as_text, circumstances, new_table, show_tables, title

_NAME_WIDTH = 34
_ERRORS = {"lee": "LEE", "squared_error": "the squared error"}
_ADDED = {"kind": views.by_kind, "stage": views.by_stage}  # views that add parts up to a few lines
_LISTED = {"calls": views.tree, "module": views.by_module}  # views with a line for each part


def render(
    profile: Profile, by: str = "module", depth: int | None = None, top: int = 15, width: int = 80
) -> str:
    """The tables as plain text, one for every generator."""
    return as_text(lambda console: show(profile, console, by, depth, top), width)


def show(
    profile: Profile, console: Console, by: str = "module", depth: int | None = None, top: int = 15
) -> None:
    """Print a profile: what was measured, for every generator the parts that matter most, how to read them."""
    heading = f"{title(profile.header)}, by {by}"
    tables: list[RenderableType] = []
    for symmetry in profile.symmetries:
        tables += [Text(), _table(profile, symmetry, by, depth, top)]
    legend = _legend(profile)
    show_tables(console, heading, circumstances(profile.header), tables, legend, profile.warnings)


def _table(profile: Profile, symmetry: str, by: str, depth: int | None, top: int) -> Table:
    rows = [row for row in profile.rows if row.symmetry == symmetry]
    root, explained = rows[0], {}
    if by in _ADDED:
        shares = _ADDED[by](profile, symmetry)
        top = len(shares)
    else:
        shares = _LISTED.get(by, views.by_module)(profile, symmetry, depth)
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
            shortened_name(share.label) or WHOLE,
            _percent(share.share, share.share_low, share.share_high),
            short(share.contribution),
        ]
        cells += [short(share.norm)] * norms + [_percent(explained.get(share.label))] * told
        table.add_row(*map(escape, cells))
    if rest:
        left = ["", ""]
        if by != "calls":  # a tree's rows hold one another
            share, contribution = (sum(s.share or 0.0 for s in rest), sum(s.contribution for s in rest))
            left = [f"{share:.1%}", short(contribution)]
        table.add_row(f"{len(rest)} more", *left, *empty, style="dim")
    table.add_section()
    stability = ratio(root.stability, root.stability_low, root.stability_high)
    whole = [f"whole, stability {stability}", "100.0%" if root.value else "-"]
    lee = with_interval(root.value, root.interval_low, root.interval_high)
    table.add_row(*map(escape, [*whole, lee, *empty]))
    return table


def _legend(profile: Profile) -> list[str]:
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
            f"{name}: {_percent(part)} of LEE is aliasing that the theorem predicts"
            for name, part in aliasing.items()
        ]
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


def _percent(share: float | None, low: float | None = None, high: float | None = None) -> str:
    """A share with its interval.

    >>> _percent(0.1234, 0.101, 0.15), _percent(-1e-6), _percent(0.5, 0.4, float("inf"))
    ('12.3% [10 15]', '0.0%', '50.0% [40 inf]')
    """
    if share is None:
        return "-"
    text = f"{share:.1%}"
    if text == "-0.0%":
        text = "0.0%"
    if low is None or high is None:
        return text
    return f"{text} [{_end(low)} {_end(high)}]"


def _end(share: float) -> str:
    """An end of an interval in per cent, with a digit behind the point below ten."""
    text = f"{100 * share:.0f}" if abs(share) >= 0.0995 else f"{100 * share:.1f}"
    return "0" if text in ("0.0", "-0.0") else text
