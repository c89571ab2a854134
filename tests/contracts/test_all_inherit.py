"""No representation and no group of the package goes without its contract."""

import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

import symmeter.domains
import symmeter.symmetry
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.representation import Representation

TESTS = Path(__file__).parents[1]


def kinds(base):
    """The concrete classes of a kind that the package defines."""
    found, waiting = [], [base]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if not inspect.isabstract(kind) and kind.__module__.startswith("symmeter."):
            found.append(kind)
    return sorted(set(found), key=lambda kind: kind.__name__)


def import_all(package):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".hubs" not in module.name:  # they define neither, and need the libraries of models
            import_module(module.name)


@pytest.mark.parametrize(
    ("base", "contract"), [(Representation, "RepresentationContract"), (Group, "GroupContract")]
)
def test_every_class_is_held_to_its_contract(base, contract):
    import_all(symmeter.symmetry)
    import_all(symmeter.domains)
    tests = [path.read_text() for path in TESTS.rglob("test_*.py") if path.parent != Path(__file__).parent]
    held = "\n".join(text for text in tests if contract in text)
    assert len(kinds(base)) > 8
    lacking = [kind.__name__ for kind in kinds(base) if not re.search(rf"\b{kind.__name__}\(", held)]
    assert lacking == []
