"""The lists "to add a ..." in CONTRIBUTING are complete: each is followed here with a toy, and nothing else is touched."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tests.contracts.group import GroupContract
from tests.contracts.representation import RepresentationContract
from torch import nn

import symmeter
from symmeter.domains.images import names
from symmeter.errors import SymmeterError
from symmeter.measures import registry
from symmeter.measures.measure import Average
from symmeter.measures.registry import register
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
X = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(0)) - 0.5


# ---- the map


def test_the_map_names_every_folder_of_the_package_and_none_besides():
    tree = re.search(r"^src/symmeter/\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)[1]
    named = set(re.findall(r"^  (\w+(?:/|\.py))", tree, flags=re.MULTILINE))
    package = ROOT / "src" / "symmeter"
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    files = {path.name for path in package.glob("*.py")} - {"__init__.py", "__main__.py", "optional.py"}
    assert named == folders | files


# ---- a measure


@pytest.fixture
def registered(monkeypatch):
    """The toy among the known measures, as one line in `measures/__init__.py` puts it there."""
    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))
    register(Largest)


class Largest(Average):
    """The largest change of an entry, max |f(g x) - g f(x)|: a toy."""

    name = "largest_change"
    direction = "lower = more symmetric"
    description = "the largest change of an entry"

    def error(self, view):
        moved, _ = view.moved
        return (view.y - moved).flatten(1).abs().amax(1).double()

    def unit(self, output):
        return "output"


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("measure", ["largest_change", Largest()], ids=["by name", "as an object"])
def test_a_measure_is_one_class_and_one_line(measure):
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).eval()
    row = symmeter.measure(net, X, symmetry="C2", measure=measure, output="logits").rows[0]
    turned = torch.rot90(X, 2, (-2, -1))
    expected = (net(turned) - net(X)).abs().amax(1).mean()
    assert row.measure == "largest_change" and row.unit == "output"
    assert row.value == pytest.approx(expected.item(), rel=1e-5)


# ---- a figure


def test_a_figure_is_one_function_and_one_line(monkeypatch):
    pytest.importorskip("matplotlib", exc_type=ImportError)
    from symmeter.report import kinds
    from symmeter.report.drawing import drawing

    @drawing("medians", "the median under every symmetry", symmeter.Result, lambda one: one.rows)
    def plot_medians(result, ax, symmetry=None):
        """Medians."""
        rows = [row for row in result.rows if symmetry in (None, row.symmetry)]
        ax.plot(range(len(rows)), [row.median for row in rows], "o")

    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, plot_medians))
    monkeypatch.setattr(kinds, "NAMES", (*kinds.NAMES, "medians"))
    net = nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).eval()
    result = symmeter.measure(net, X, "rotation", output="logits", progress=False, control=False)
    (line,) = result.plot("medians").lines
    assert line.get_ydata().tolist() == [row.median for row in result.rows]
    with pytest.raises(
        SymmeterError, match="colour is no choice of the figure medians; choose from symmetry"
    ):
        result.plot("medians", colour="red")


# ---- a group and a representation


@dataclass(frozen=True)
class Sign(Element):
    """x -> -x, or nothing."""

    negative: bool = False

    @property
    def name(self):
        return "minus" if self.negative else "identity"

    @property
    def is_identity(self):
        return not self.negative

    def inverse(self):
        return self

    def __matmul__(self, other):
        if not isinstance(other, Sign):
            raise ValueError(f"{other.name} is no sign")
        return Sign(self.negative != other.negative)


@dataclass(frozen=True)
class Signs(Group):
    """The group of two elements, by changes of sign: a toy."""

    name = "signs"
    order = 2

    def bind(self, shape, padded=False):
        if len(shape) > 3:
            raise SymmeterError("signs change images (B, C, H, W)")
        return self

    def enumerate(self):
        return Sign(), Sign(True)

    def draw(self, random):
        return Sign(bool(torch.randint(2, (), generator=random)))


class Signed(Representation):
    """rho(g) x = +- x, for x of any shape: a toy."""

    def acting(self, x):
        one = torch.ones((), dtype=x.dtype, device=x.device)
        return lambda element: (-x if getattr(element, "negative", False) else x, one)

    def differentiate_all(self, generators, x):
        return [torch.zeros_like(x) for _ in generators]

    def describe(self):
        return "a sign"


class TestSigns(GroupContract):
    group = Signs()
    shape = (3, 4, 4)


class TestSigned(RepresentationContract):
    representation = Signed()
    elements = Signs().enumerate()
    example = X.double()


def test_a_group_has_a_name_by_one_line(monkeypatch):
    monkeypatch.setitem(names._WRITTEN, "signs", names.Written(Signs, {"signs": "changes of sign"}))
    assert symmeter.parse_group("signs") == Signs()


def odd():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(48, 6, bias=False), nn.Tanh(), nn.Linear(6, 2, bias=False)
    ).eval()


@pytest.mark.parametrize(
    ("rho_out", "symmetric"), [(Signed(), True), (Trivial(), False)], ids=["odd", "even"]
)
def test_a_group_and_its_representation_are_one_class_each(rho_out, symmetric):
    signs = symmeter.Symmetry("signs", groups=(Signs(),), rho_in=Signed(), rho_out=rho_out)
    row = symmeter.measure(odd(), X, symmetry=signs, measure="relative_error", output="logits").rows[0]
    assert row.symmetry == "signs"
    assert row.value == pytest.approx(0.0 if symmetric else 2.0, abs=1e-5)


# ---- an option: tests/test_options.py


# ---- a domain: tests/test_toy_domain.py
