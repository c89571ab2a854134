"""The table of checks: the same numbers in every format, and text from outside is text."""

import json

import pytest

from symmeter.errors import SymmeterError
from symmeter.integrations.check_table import check_path, counts, line, write
from symmeter.integrations.checks import Check

CHECKS = [
    Check("net", "C4", "", "relative_error", 1e-7, 1e-8, None, 1e-4, "not resolved", True, test="t.py::a"),
    Check("<b>|net", "rotation", "layer", "stability", None, None, None, 0.5, "no value", False, "because\n|<i>", "t.py::b"),
]  # fmt: skip


def test_lines_of_a_terminal():
    assert [line(check) for check in CHECKS] == [
        "passed  t.py::a  net under C4: relative error 1e-07 [1e-08 ], at most 0.0001, not resolved",
        "failed  t.py::b  <b>|net under rotation, output layer: stability unknown, at most 0.5, no value",
    ]
    assert (
        counts(CHECKS) == "2 checks of symmetry, 1 failed" and counts([]) == "0 checks of symmetry, 0 failed"
    )


def test_markdown(tmp_path):
    write(tmp_path / "checks.md", CHECKS)
    assert (tmp_path / "checks.md").read_text().splitlines() == [
        "# symmeter: 2 checks of symmetry, 1 failed",
        "",
        "| test | model | symmetry | output | quantity | value \\[95 %\\] | at most | verdict | outcome |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| t.py::a | net | C4 |  | relative error | 1e-07 \\[1e-08 \\] | 0.0001 | not resolved | passed |",
        "| t.py::b | &lt;b&gt;\\|net | rotation | layer | stability | unknown | 0.5 | no value | failed |",
        "",
        "- t.py::b: because \\|&lt;i&gt;",
    ]


def test_html_escapes_what_comes_from_outside(tmp_path):
    write(tmp_path / "deep" / "checks.HTML", CHECKS)
    text = (tmp_path / "deep" / "checks.HTML").read_text()
    assert "<td>&lt;b&gt;|net</td>" in text and "<li>t.py::b: because\n|&lt;i&gt;</li>" in text
    assert "<b>" not in text and "<i>" not in text and text.count("<tr") == 3


def test_json_holds_all_of_it(tmp_path):
    write(tmp_path / "checks.json", CHECKS)
    assert [Check(**one) for one in json.loads((tmp_path / "checks.json").read_text())["checks"]] == CHECKS


@pytest.mark.parametrize("path", ["checks", "checks.xml", ""])
def test_another_ending_is_refused(path):
    with pytest.raises(SymmeterError, match=r"choose such an ending"):
        check_path(path)
