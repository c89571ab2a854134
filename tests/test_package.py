"""What the package shows of itself."""

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
