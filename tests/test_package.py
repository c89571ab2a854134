"""What the package shows of itself."""

import inspect
import json
import subprocess
import sys
from importlib.resources import files

import pytest

import symmeter


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
