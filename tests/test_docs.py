"""The examples in README and docs run, and name nothing that does not exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    code = blocks(page, "python")
    for block in code:
        exec(compile(block, page.name, "exec"), namespace)
    assert code == [] or "symmeter" in namespace


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_use_options_that_exist(page):
    from symmeter.cli.app import _parse

    commands = re.findall(r"^\$ symmeter (.*)$", "\n".join(blocks(page, "console")), flags=re.MULTILINE)
    for command in commands:
        words = command.split(" #")[0].split()
        assert callable(_parse(words).run)


def test_links_between_pages_lead_somewhere():
    for page in [*PAGES, *(ROOT / folder / "README.md" for folder in ("benchmarks", "results", "studies"))]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
