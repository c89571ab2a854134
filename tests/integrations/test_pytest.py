"""The plugin of pytest, on projects made in temporary folders: every check is told, whatever becomes of it."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import torch

import symmeter

pytest_plugins = ["pytester"]

PROJECT = """
import pytest
import torch
from torch import nn

def pooled():
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()

def flat():
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 3)).eval()

@pytest.fixture
def images():
    return torch.rand(9, 3, 8, 8, generator=torch.Generator().manual_seed(0))

def test_holds(assert_equivariant, images):
    result = assert_equivariant(pooled(), images, "C4,hflip")
    assert len(result.rows) == 2

@pytest.mark.parametrize("name", ["a|b", "<b>"])
def test_breaks(assert_equivariant, images, name):
    assert_equivariant(flat(), images, "hflip")

def test_learned(assert_equivariant, images):
    with pytest.raises(AssertionError, match="not as symmetric"):
        assert_equivariant(flat(), images, "rotation", "logits", max_stability=0.01)

def test_nothing_of_it():
    pass
"""


@pytest.fixture(scope="module", autouse=True)
def _imported():
    """All that a check imports: a pytest inside of this one forgets what it imports, and NumPy bears no second time."""
    symmeter.measure(lambda x: x.mean((2, 3)), torch.rand(9, 3, 8, 8), "rotation,C4")


@pytest.fixture
def project(pytester, monkeypatch):
    """A project of one file, run by a pytest of its own: without what this one was given."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(test_net=PROJECT)
    return pytester


def run(project, *words):
    return project.runpytest_inprocess("-p", "no:anyio", "-p", "no:hypothesispytest", *words)


def test_every_check_is_in_the_summary_and_in_the_report(project):
    done = run(project, "--symmeter-report", "out/checks.json", "--junitxml", "junit.xml")
    done.assert_outcomes(passed=3, failed=2)
    done.stdout.fnmatch_lines([
        "*= symmeter =*",
        "passed  test_net.py::test_holds  Sequential under C4*: relative error *, at most *",
        "passed  test_net.py::test_holds  Sequential under hflip*",
        "failed  test_net.py::test_breaks[[]a|b[]]  Sequential under hflip*",
        "failed  test_net.py::test_breaks[[]<b>[]]  Sequential under hflip*",
        "failed  test_net.py::test_learned  Sequential under rotation*: stability *, at most 0.01, *",
        "5 checks of symmetry, 3 failed",
        "--symmeter-report: 5 checks in out/checks.json",
    ])  # fmt: skip
    checks = json.loads((project.path / "out/checks.json").read_text())["checks"]
    assert [(check["symmetry"], check["passed"]) for check in checks] == [
        ("C4", True), ("hflip", True), ("hflip", False), ("hflip", False), ("rotation", False),
    ]  # fmt: skip
    broken, learned = checks[2], checks[4]
    assert broken["quantity"] == "relative_error" and broken["value"] > 0.1 > broken["bound"] > 0
    assert "Sequential is not symmetric under hflip" in broken["message"]
    assert learned["low"] < learned["value"] < learned["high"] and learned["bound"] == 0.01
    assert {check["test"] for check in checks[:2]} == {"test_net.py::test_holds"}
    properties = ElementTree.parse(project.path / "junit.xml").iter("property")
    assert [one.get("name") for one in properties] == ["symmeter"] * 5


def test_markdown_and_html_hold_what_a_test_is_called_as_text(project):
    run(project, "--symmeter-report", "checks.md")
    lines = (project.path / "checks.md").read_text().splitlines()
    assert lines[0] == "# symmeter: 5 checks of symmetry, 3 failed"
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 7 and all(row.replace("\\|", "").count("|") == 10 for row in rows)
    assert "<b>" not in "".join(lines)
    run(project, "--symmeter-report", "checks.html")
    page = ElementTree.fromstring(
        (project.path / "checks.html")
        .read_text()
        .removeprefix("<!doctype html>\n")
        .replace('<meta charset="utf-8">', "")
    )
    assert len(page.findall(".//tbody/tr")) == 5
    assert any(cell.text == "test_net.py::test_breaks[<b>]" for cell in page.iter("td"))


def test_a_traceback_ends_in_the_test_that_made_the_promise(project):
    done = run(project, "-k", "breaks and b", "--tb=short")
    assert "checks.py" not in done.stdout.str() and "assertion.py" not in done.stdout.str()


def test_a_session_without_checks_is_told_nothing(project):
    done = run(project, "-k", "nothing", "--symmeter-report", "none.json")
    assert "= symmeter =" not in done.stdout.str()
    assert json.loads((project.path / "none.json").read_text())["checks"] == []
    assert "--symmeter-report" not in run(project, "-k", "nothing").stdout.str()


def test_a_report_of_no_known_ending_is_refused_in_one_line(project):
    done = run(project, "--symmeter-report", "checks.txt")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert "checks.txt: a report of checks is written as .html, .json, .md" in done.stderr.str()


def test_a_report_that_cannot_be_written_fails_the_session(project):
    (project.path / "file").write_text("no folder")
    done = run(project, "-k", "nothing", "--symmeter-report", "file/checks.json")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stdout.fnmatch_lines(["--symmeter-report: cannot write *checks.json: *"])


def test_it_costs_a_session_nothing_that_does_not_use_it():
    code = "import sys, pytest; before = set(sys.modules); import symmeter.integrations.pytest; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"symmeter", "symmeter.integrations", "symmeter.integrations.pytest"}


@pytest.mark.slow
def test_checks_of_several_processes_come_together(project):
    done = project.runpytest_subprocess("-p", "no:anyio", "-n", "2", "--symmeter-report", "checks.json")
    done.assert_outcomes(passed=3, failed=2)
    checks = json.loads((project.path / "checks.json").read_text())["checks"]
    assert sorted(check["symmetry"] for check in checks) == ["C4", "hflip", "hflip", "hflip", "rotation"]
    done.stdout.fnmatch_lines(["5 checks of symmetry, 3 failed"])
