"""The tables of a paper: what those of results, of profiles and of comparisons hold."""

from collections.abc import Sequence
from typing import Any

from symmeter.errors import SymmeterError, counted
from symmeter.layers import summaries as views
from symmeter.layers.profile import Profile
from symmeter.report.figures import common_unit, words
from symmeter.report.latex import Table, escaped, label_of, number
from symmeter.results.comparison import Comparison
from symmeter.results.comparison_text import number_of_samples
from symmeter.results.legend import different
from symmeter.results.numbers import ratio, short, with_interval
from symmeter.results.result import Result
from symmeter.results.row import RATIOS, Row

_RATIOS_SAY = (
    "Stability: over the response to changes towards other {item}s; specificity: over that to deformations of "
    "the same {item}; 0: symmetric, 1: no different."
)


def to_latex(found: Any, caption: str | None = None, label: str | None = None, top: int = 10) -> str:
    """A table for LaTeX with the package booktabs: values with 95 % intervals, controls, verdicts, and a caption.

    The caption says unit, definition and number of samples. `top`: of a profile, so many parts for each symmetry.
    SymmeterError for what has no such table.
    """
    if isinstance(found, Profile):
        table = _of_profile(found, top)
    elif isinstance(found, Result):
        table = _of_result(found)
    elif isinstance(found, Comparison):
        table = _of_comparison(found)
    else:
        raise SymmeterError(
            f"a {type(found).__name__} has no table for LaTeX; to_pandas().to_latex() makes one"
        )
    said = table.caption if caption is None else caption
    label = table.label if label is None else label
    return str(Table(table.headings, table.rows, said, label, table.words, table.ends_in_word))


def _of_result(result: Result) -> Table:
    """One line per row."""
    rows = [row.as_shown() for row in result.rows if row.whole]
    names = [name for name in ("output", "measure") if len(different(rows, name)) > 1]
    ratios = [name for name in RATIOS if any(row[name] is not None for row in rows)]
    headings = [
        *map(str.capitalize, ["symmetry", *names]),
        r"Value [95\,\%]",
        *map(_interval, ratios),
        "Verdict",
    ]
    lines = [
        [
            escaped(words(row.symmetry)),
            *(escaped(row[name]) for name in names),
            number(with_interval(row.value, row.interval_low, row.interval_high)),
            *(number(ratio(row[name], row[f"{name}_low"], row[f"{name}_high"])) for name in ratios),
            escaped(row.verdict),
        ]
        for row in rows
    ]
    item = result.header["data"].get("item", "image")
    said = [_heading(result, rows), _RATIOS_SAY.format(item=item) if ratios else ""]
    return Table(headings, lines, " ".join(filter(None, said)), _label(result), words=1 + len(names))


def _of_profile(profile: Profile, top: int) -> Table:
    """For every symmetry its worst parts, and what the others add up to."""
    lines: list[list[str]] = []
    for symmetry in profile.symmetries:
        shares = views.by_module(profile, symmetry)
        lines.append([escaped(words(symmetry))])
        for one in shares[:top]:
            share = None if one.share is None else 100 * one.share
            ends = [None if end is None else 100 * end for end in (one.share_low, one.share_high)]
            cell = "-" if share is None else with_interval(share, *ends)
            lines.append(
                [escaped(one.label), escaped(one.kind), number(cell), number(short(one.contribution))]
            )
        rest = shares[top:]
        if rest:
            share = with_interval(100 * sum(one.share or 0.0 for one in rest), None, None)
            added = short(sum(one.contribution for one in rest))
            lines.append([f"{len(rest)} more", "", number(share), number(added)])
    rows = [row for row in profile.rows if row.whole]
    headings = ["Part", "Kind", r"Share (\%) [95\,\%]", "Contribution"]
    said = f"Parts of the {_heading(profile, rows)}"
    return Table(headings, lines, said, _label(profile) + "-layers", words=2, ends_in_word=False)


def _of_comparison(comparison: Comparison) -> Table:
    """One line per model, quantity and symmetry."""
    rows = comparison.rows
    names = [name for name in ("output", "measure") if len({row[name] for row in rows}) > 1]
    several = len(comparison.models) > 2
    headings = [
        *["Model"] * several,
        "Quantity",
        "Symmetry",
        *map(str.capitalize, names),
        r"Ratio [95\,\%]",
        "Verdict",
    ]
    lines = [
        [
            *[escaped(row.model)] * several,
            row.quantity,
            escaped(words(row.symmetry)),
            *(escaped(row[name]) for name in names),
            number(ratio(row.ratio, row.ratio_low, row.ratio_high)),
            escaped(row.verdict),
        ]
        for row in rows
    ]
    models = " and ".join(map(escaped, comparison.models[1:]))
    said = (
        f"{models} against {escaped(comparison.reference)}, {comparison.item} by {comparison.item} "
        f"({escaped(number_of_samples(comparison))}, definition {escaped(comparison.definition)}): how many times the "
        r"reference a quantity is, with its 95\,\% interval."
    )
    label = label_of(f"{' '.join(comparison.models)} comparison")
    return Table(headings, lines, said, label, words=2 + several + len(names))


def _interval(name: str) -> str:
    return rf"{name.capitalize()} [95\,\%]"


def _heading(result: Result, rows: Sequence[Row]) -> str:
    """What was measured of which model, on what, in which unit."""
    head = result.header
    data, spec = head["data"], head["spec"]
    measures = ", ".join("LEE" if name == "lee" else words(name) for name in different(rows, "measure"))
    samples = counted(data["used"], data.get("item", "image"))
    unit = common_unit(row.unit for row in rows)
    circumstances = f"{samples}, output {spec['output']}, definition {head['definition']}; unit {unit}"
    return escaped(f"{measures} of {head['model']['name']} on {data['name']} ({circumstances}).")


def _label(result: Result) -> str:
    return label_of(f"{result.header['model']['name']} {' '.join(different(result.rows, 'measure'))}")
