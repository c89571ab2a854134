"""Tables for LaTeX, and what is cited: their structure, every number from a row, and what must be escaped."""

import re
from dataclasses import replace

import pytest
from tests.helpers import check_refused
from tests.layers.profiles import profile
from tests.report.made import made

import symmeter
from symmeter.report.citations import _OF_MEASURES, _entries
from symmeter.report.latex import escaped, number
from symmeter.report.paper import to_latex
from symmeter.results.comparison import compared

HOSTILE = r"net_1 & co. 100% #1 $x$ {a} ^2 ~ \input{/etc/passwd} [x] <b>" + "\n"


def rows_of(table):
    """The cells of every line between the rules."""
    body = table[table.index(r"\midrule") : table.index(r"\bottomrule")]
    return [line.strip().removesuffix(r" \\").split(" & ") for line in body.splitlines() if " & " in line]


def check_table(table):
    """Braces are paired, environments end, and every line has as many cells as there are columns."""
    plain = re.sub(r"\\[\\{}&%$#_]", "", table.replace(r"\\" + "\n", "\n"))
    depth = 0
    for letter in plain:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
    assert depth == 0 and plain.count("$") % 2 == 0 and "%" not in plain and "#" not in plain
    for name in ("table", "tabular"):
        assert table.count(rf"\begin{{{name}}}") == table.count(rf"\end{{{name}}}") == 1
    columns = len(re.search(r"\\begin\{tabular\}\{([lr]+)\}", table)[1])
    lines = [line for line in plain.splitlines() if " & " in line]
    assert lines and all(line.count("&") == columns - 1 for line in lines)


def test_the_table_of_a_result_is_its_rows():
    result = made(floor=1e9)
    table = result.to_latex()
    check_table(table)
    for row, (symmetry, value, stability, _, verdict) in zip(result.rows, rows_of(table), strict=True):
        assert (symmetry, verdict) == (row.symmetry.replace("_", " "), row.verdict)
        shown = [float(word) for word in re.findall(r"[\d.]+", value)]
        assert shown == pytest.approx([row.value, row.interval_low, row.interval_high], rel=0.06)
        shown = [float(word) for word in re.findall(r"[\d.]+", stability)]
        assert shown == pytest.approx([row.stability, row.stability_low, row.stability_high], abs=0.0051)
    caption = re.search(r"\\caption\{(.*)\}", table)[1]
    for word in (
        "LEE of net on photos",
        "16 images",
        "bandlimited",
        r"1 / unit\textsuperscript{2}",
        "1: no different",
    ):
        assert word in caption
    assert r"\label{tab:net-lee}" in table and r"\toprule" in table


def test_caption_and_label_of_ones_own_are_taken_as_latex():
    table = made().to_latex(caption=r"My \emph{own}", label="tab:own")
    assert r"\caption{My \emph{own}}" in table and r"\label{tab:own}" in table


def test_names_from_outside_are_words():
    result = made(model=HOSTILE)
    rows = (replace(result.rows[0], symmetry="[x]*_&"), *result.rows[1:])
    table = replace(result, rows=rows).to_latex()
    check_table(table)
    assert r"\input" not in table and r"\textbackslash{}input\{" in table
    assert rows_of(table)[0][0].startswith("{[}x{]}")
    check_table(compared([made(), result], ["a_b", HOSTILE]).to_latex())


def test_the_table_of_a_profile_has_the_worst_parts_and_the_rest():
    found = profile()
    table = found.to_latex(top=2)
    check_table(table)
    assert table.count(r"\multicolumn") == len(found.symmetries)
    for symmetry in found.symmetries:
        assert rf"\textit{{{symmetry.replace('_', ' ')}}}" in table
    lines = rows_of(table)
    terminal = sum(part.terminal for part in found.parts)
    assert len([line for line in lines if line[0].endswith(" more")]) == len(found.symmetries)
    assert f"{terminal - 2} more" in [line[0] for line in lines]


def test_the_table_of_a_comparison():
    comparison = compared([made(0), made(1), made(2)], ["a", "b", "c"])
    table = comparison.to_latex()
    check_table(table)
    lines = rows_of(table)
    assert [(line[0], line[1]) for line in lines] == [(row.model, row.quantity) for row in comparison.rows]
    check_refused("a dict has no table for LaTeX", to_latex, {})


@pytest.mark.parametrize(("words", "expected"), [
    ("6494 [5844 7506]", r"$6494\,[5844,\,7506]$"), ("-2.5 [-3 inf]", r"$-2.5\,[-3,\,\infty]$"), ("1.2e-07", r"$1.2\times 10^{-7}$"),
    ("-", "--"), ("nan", "nan"),
])  # fmt: skip
def test_numbers(words, expected):
    assert number(words) == expected


def test_a_citation_is_of_what_a_result_used(tmp_path):
    def keys(text):
        return re.findall(r"^@\w+\{([^,]+),", text, re.MULTILINE)

    assert keys(symmeter.cite()) == ["symmeter", *_entries()]
    assert keys(symmeter.cite(made())) == ["symmeter", "gruver2023lie", "efron1993bootstrap"]
    geed = replace(made(), rows=tuple(replace(row, measure="geed(kl)") for row in made().rows))
    assert keys(symmeter.cite(geed)) == ["symmeter", "kvinge2022invariant", "efron1993bootstrap"]
    made().save(tmp_path / "r")
    assert symmeter.cite(tmp_path / "r") == symmeter.cite(made())
    assert "holm1979simple" in keys(symmeter.cite(compared([made(), made(1)], ["a", "b"])))
    lebedev = replace(
        made(), header=made().header | {"spec": {**made().header["spec"], "sampling": "lebedev(5)"}}
    )
    assert "lebedev1976quadratures" in keys(symmeter.cite(lebedev))
    check_refused("results: 5 cannot be drawn", symmeter.cite, 5)


def test_the_bibliography_is_whole():
    entries = _entries()
    assert set(_OF_MEASURES.values()) <= set(entries)
    for entry in entries.values():
        assert entry.count("{") == entry.count("}")
        for field in ("title", "author", "year"):
            assert re.search(rf"^  {field} +=", entry, re.MULTILINE), entry


def test_words_are_escaped():
    assert escaped("a\x00b\nc") == "a b c"
