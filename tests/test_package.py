"""What the package shows of itself."""

import inspect
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata, version
from importlib.resources import files
from pathlib import Path

import pytest

import symmeter

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
KINDS = ["added", "changed", "removed", "fixed"]


def test_dir_shows_the_public_names_and_the_version():
    import symmeter.results.estimate  # a submodule that was imported is no public name

    assert dir(symmeter) == sorted([*symmeter.__all__, "__version__"])


@pytest.mark.parametrize("name", symmeter.__all__)
def test_every_public_name_is_there_and_documented(name):
    public = getattr(symmeter, name)
    assert isinstance(public, dict) or public.__doc__


def test_a_name_that_is_not_there_is_refused_by_that_name():
    with pytest.raises(AttributeError, match="no attribute 'mesure'"):
        symmeter.mesure


def test_its_types_are_for_checkers_of_others_too():
    assert files("symmeter").joinpath("py.typed").is_file()


def test_importing_the_package_imports_no_torch():
    code = "import sys, symmeter; dir(symmeter); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_version_stands_in_one_place():
    assert "version" not in PROJECT["project"] and PROJECT["project"]["dynamic"] == ["readme", "version"]
    assert version("symmeter") == symmeter.__version__


def test_the_metadata_has_addresses_and_classifiers():
    told = metadata("symmeter")
    named = {address.partition(",")[0] for address in told.get_all("Project-URL")}
    assert named == {"Homepage", "Documentation", "Changelog", "Issues"}
    assert "Typing :: Typed" in told.get_all("Classifier")
    pythons = [c.rpartition(" ")[2] for c in told.get_all("Classifier") if re.search(r":: 3\.\d+$", c)]
    assert pythons == ["3.11", "3.12", "3.13"] and told["Requires-Python"] == ">=3.11"


def fragments(folder):
    """The names of files in a folder of changes that towncrier would leave out or misread."""
    good = re.compile(rf"(\d+|\+[\w-]+)\.({'|'.join(KINDS)})\.md")
    found = [path for path in folder.iterdir() if path.name not in ("README.md", ".gitignore")]
    return [path.name for path in found if not good.fullmatch(path.name) or not path.read_text().strip()]


def test_every_change_is_told_in_a_file_that_is_well_named():
    assert fragments(ROOT / "changes") == []
    assert [kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]] == KINDS


@pytest.mark.parametrize("name", ["x.added.md", "+x.new.md", "+x.added", "12.fixed.txt", "+x y.fixed.md"])
def test_a_change_that_is_badly_named_is_found(name, tmp_path):
    (tmp_path / "+good-one.fixed.md").write_text("Words.")
    (tmp_path / name).write_text("Words.")
    assert fragments(tmp_path) == [name]
    (tmp_path / name).rename(tmp_path / "12.added.md").write_text(" \n")
    assert fragments(tmp_path) == ["12.added.md"]


def test_the_changelog_can_be_drafted_from_them():
    pytest.importorskip("towncrier")
    words = [sys.executable, "-m", "towncrier", "build", "--draft"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"## {symmeter.__version__} (")
    told = [path.read_text().split()[:3] for path in (ROOT / "changes").glob("+*.md")]
    assert all(" ".join(words) in " ".join(done.stdout.split()) for words in told)
    assert PROJECT["tool"]["towncrier"]["start_string"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_it_can_be_cited():
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "version"} <= set(cited)
    assert (cited["cff-version"], cited["version"], cited["license"]) == (
        "1.2.0",
        symmeter.__version__,
        "MIT",
    )
    for reference in cited["references"]:
        assert {"type", "title", "authors", "year"} <= set(reference)
        assert reference["title"] in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
        assert all(set(author) == {"family-names", "given-names"} for author in reference["authors"])


def test_hooks_before_a_commit_need_no_network():
    yaml = pytest.importorskip("yaml")
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = hooks["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system" and hook["entry"].startswith(".venv/bin/")
        if Path(sys.executable).is_relative_to(ROOT / ".venv"):
            assert (ROOT / hook["entry"].split()[0]).exists()
        assert "files" not in hook or re.compile(hook["files"])


def test_the_checklist_of_a_release_names_what_is_there():
    page = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    lines = [line.partition("  #")[0] for block in re.findall(r"```\n(.*?)```", page, re.DOTALL)
             for line in block.splitlines()]  # fmt: skip
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    made = [word for line in lines if line.startswith("make ") for word in line.split()[1:]]
    assert made and set(made) <= targets
    named = [word for line in lines for word in re.findall(r"(?:src|tests|benchmarks|\.ci)/[\w/.]+", line)]
    assert named and all((ROOT / word).exists() for word in named)
    assert re.search(r"^__version__ = ", (ROOT / "src/symmeter/__init__.py").read_text(), flags=re.MULTILINE)


def test_tools_that_read_the_code_complete_words_and_know_what_comes_back():
    jedi = pytest.importorskip("jedi")
    names = [one.name for one in jedi.Script("import symmeter\nsymmeter.").complete(2, 9)]
    assert set(symmeter.__all__) <= set(names)
    (signature,) = jedi.Script("import symmeter\nsymmeter.measure(").get_signatures(2, 17)
    assert [one.name for one in signature.params][:3] == ["model", "data", "symmetry"]
    found = jedi.Script("import symmeter\nsymmeter.measure(1, 2)['rotation'].sta").complete(2, 38)
    assert "stability" in [one.name for one in found]


def test_signatures_and_docstrings_are_those_of_the_functions():
    signature = inspect.signature(symmeter.measure)
    assert list(signature.parameters)[:3] == ["model", "data", "symmetry"]
    assert "symmetry: names such as" in inspect.getdoc(symmeter.measure)


@pytest.mark.slow
def test_type_checkers_know_what_comes_back(tmp_path):
    pytest.importorskip("pyright")
    file = tmp_path / "user.py"
    file.write_text(
        "import symmeter\n"
        "result = symmeter.measure(1, 2)\n"
        "reveal_type(result)\n"
        "reveal_type(result['rotation'].stability)\n"
        "reveal_type(result[1:])\n"
        "reveal_type(symmeter.attribute(1, 2))\n"
        "reveal_type(symmeter.compare(result, result)['rotation', 'value'])\n"
        "symmeter.measure(1, 2, seed='no')\n"
    )
    words = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    said = [one["message"] for one in json.loads(done.stdout)["generalDiagnostics"]]
    types = [message.rpartition(" is ")[2].strip('"') for message in said if message.startswith("Type of")]
    assert types == ["Result", "float | None", "tuple[Row, ...]", "Profile", "ComparisonRow"]
    assert sum("seed" in message for message in said) == 1
