"""The examples in README and docs run, and name nothing that does not exist."""

import importlib
import re
import shlex
from pathlib import Path

import pytest

import symmeter

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


MORE = [
    ROOT / "CONTRIBUTING.md",
    *(ROOT / folder / "README.md" for folder in ("benchmarks", "results", "studies")),
]
# A path from the root of the checkout, or from the folder of the page; * and NAME stand for any name.
PATH = re.compile(
    r"(?<![\w./~-])((?:src|tests|benchmarks|studies|docs|results|requirements|\.ci)/[\w./*-]*[\w*/])"
)
MODULE = re.compile(r"\b(symmeter(?:\.\w+)+)")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")  # torch_geometric compiles when it is imported
@pytest.mark.filterwarnings(
    "ignore:`isinstance.treespec, LeafSpec:FutureWarning"
)  # Lightning asks torch for it
@pytest.mark.filterwarnings("ignore:.*(many workers|smaller than the logging interval)")  # of small examples
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    code = blocks(page, "python")
    for block in code:
        exec(compile(block, page.name, "exec"), namespace)
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
