"""The examples in README and docs run, and name nothing that does not exist."""

import importlib
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import symmeter
from symmeter.cli.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


MORE = [
    ROOT / "CONTRIBUTING.md",
    *(ROOT / folder / "README.md" for folder in ("benchmarks", "results", "studies")),
]
# A path from the root of the checkout, or from the folder of the page; * and NAME stand for any name.
PATH = re.compile(
    r"(?<![\w./~-])((?:src|tests|benchmarks|studies|docs|results|requirements|\.ci)/[\w./*-]*[\w*/])"
)
URL = "https://github.com/symmeter/symmeter"
TARGET = re.compile(r"\]\(([^)#\s]+)")
MODULE = re.compile(r"\b(symmeter(?:\.\w+)+)")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")  # torch_geometric compiles when it is imported
@pytest.mark.filterwarnings(
    "ignore:`isinstance.treespec, LeafSpec:FutureWarning"
)  # Lightning asks torch for it
@pytest.mark.filterwarnings("ignore:.*(many workers|smaller than the logging interval)")  # of small examples
@pytest.mark.parametrize(
    "page",
    [page if page.name == "README.md" else pytest.param(page, marks=pytest.mark.slow) for page in PAGES],
    ids=lambda p: p.name,
)
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    code = blocks(page, "python")
    with warnings.catch_warnings(record=True) as found:
        warnings.filterwarnings("always", category=symmeter.SymmeterWarning)
        for block in code:
            exec(compile(block, page.name, "exec"), namespace)
    told = " ".join(page.read_text(encoding="utf-8").split())
    for one in found:  # a reader sees it too
        assert " ".join(str(one.message).split()[:6]) in told
    assert code == [] or "symmeter" in namespace


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_use_options_that_exist(page, tmp_path, monkeypatch):
    from symmeter.cli.app import _parse

    monkeypatch.chdir(tmp_path)
    for text in blocks(page, "toml"):  # what --config reads
        Path("run.toml").write_text(text, encoding="utf-8")

    commands = re.findall(r"^\$ symmeter (.*)$", "\n".join(blocks(page, "console")), flags=re.MULTILINE)
    for command in commands:
        shell = shlex.shlex(command, posix=True, punctuation_chars="()")
        shell.whitespace_split = True
        words = list(shell)
        assert not {"(", ")"} & set(words), f"{command}: a shell wants quotes"
        if "--print-config" in words:
            with pytest.raises(SystemExit, match="0"):
                _parse(words)
        else:
            assert callable(_parse(words).run)


def test_links_between_pages_lead_somewhere():
    for page in [*PAGES, *MORE]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", [*PAGES, *MORE], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page):
    patterns = [(path, path.replace("NAME", "*")) for path in PATH.findall(page.read_text())]
    missing = [
        path for path, pattern in patterns if not any([*ROOT.glob(pattern), *page.parent.glob(pattern)])
    ]
    assert missing == []


@pytest.mark.parametrize("page", [*PAGES, *MORE], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_name_of_the_package_that_a_page_names_exists(page):
    missing = [name for name in MODULE.findall(page.read_text()) if not exists(name)]
    assert missing == []


def exists(name):
    """Whether a dotted name is a module, or something in one."""
    found = symmeter
    for i, part in enumerate(name.split(".")[1:], 2):
        try:
            found = getattr(found, part, None) or importlib.import_module(".".join(name.split(".")[:i]))
        except ImportError:
            return False
    return True


# ---- README on a package index, where it stands alone


@pytest.fixture(scope="module")
def read_elsewhere():
    """README as a wheel has it."""
    command = [sys.executable, "-m", "hatch_fancy_pypi_readme", str(ROOT / "pyproject.toml")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_all_links_of_readme_hold_on_a_package_index(read_elsewhere):
    here = TARGET.findall((ROOT / "README.md").read_text())
    there = TARGET.findall(read_elsewhere)
    assert len(here) == len(there) > 20
    for target, link in zip(here, there, strict=True):
        path = link.removeprefix(f"{URL}/blob/main/").removeprefix(f"{URL}/raw/main/")
        assert link.startswith("https://") and path == target and (ROOT / path).exists()


def test_the_figure_of_readme_is_one_that_an_index_can_show(read_elsewhere):
    (figure,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", read_elsewhere)
    assert figure == f"{URL}/raw/main/docs/three-networks.svg"
    assert (ROOT / "docs" / "three-networks.svg").stat().st_size < 60_000


def test_the_first_screen_of_readme_shows_a_figure_two_commands_and_three_lines():
    screen = (ROOT / "README.md").read_text().split("\n## ")[0]
    (code,) = re.findall(r"^```python\n(.*?)^```", screen, flags=re.DOTALL | re.MULTILINE)
    assert len([line for line in code.splitlines() if line]) == 3
    assert "make demo" in screen and "make test" in screen and screen.count("![") == 1
    assert len(screen.splitlines()) <= 30


# ---- the pages of the site


def test_the_api_page_has_every_public_name():
    listed = [line for block in blocks(ROOT / "docs" / "api.md", "{api}") for line in block.split()]
    assert {f"symmeter.{name}" for name in symmeter.__all__} <= set(listed)
    assert len(listed) == len(set(listed)) and all(map(exists, listed))


def test_the_page_of_the_command_line_has_every_command():
    page = (ROOT / "docs" / "command-line.md").read_text()
    assert re.findall(r"^```\{command\} symmeter (\w+) --help", page, flags=re.MULTILINE) == list(COMMANDS)
