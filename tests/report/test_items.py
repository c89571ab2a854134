"""Stores of models of atoms and of points: samples have their names in the report, and nothing in it is an image."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("altair", exc_type=ImportError)
pytest.importorskip("pyarrow", exc_type=ImportError)

from symmeter.report.store.data import page_data
from symmeter.report.store.items import worst_items
from symmeter.report.store.page import report
from symmeter.report.store.table import tables
from symmeter.sweeps.cell import measured_cell
from symmeter.sweeps.model_list import read_models
from symmeter.sweeps.plan import Spec, plan
from symmeter.sweeps.store import Store

pytestmark = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
PULLS = """
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

class Pull(Calculator):
    implemented_properties = ["forces"]
    def __init__(self, strength):
        super().__init__()
        self.strength = strength
    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        forces = np.zeros((len(atoms), 3))
        forces[atoms.numbers == 8, 2] = self.strength
        self.results = {"forces": forces}

def weak():
    return Pull(0.001)

def strong():
    return Pull(0.5)
"""
NETS = """
import torch

class Net(torch.nn.Module):
    def __init__(self, axis):
        super().__init__()
        self.axis = axis
    def forward(self, x):
        return x[..., self.axis].amax(1, keepdim=True)

def across():
    return Net(0)

def up():
    return Net(2)
"""


def filled(folder, code, names, data, **spec) -> Store:
    """A store with the cells of some callables of a file."""
    (folder / "made.py").write_text(code)
    entries = read_models([f"{folder}/made.py:{name}" for name in names])
    store = Store(folder / "store", create=True)
    for cell in plan(entries, str(data), Spec(**spec)):
        store.commit(cell.key, measured_cell(cell.task()))
    return store


@pytest.fixture(scope="module")
def molecules(tmp_path_factory) -> Store:
    """Two models of four molecules, of which two have oxygen."""
    build, write = pytest.importorskip("ase.build"), pytest.importorskip("ase.io").write
    folder = tmp_path_factory.mktemp("molecules")
    frames = [build.molecule(name) for name in ("CH4", "H2O", "CO2", "NH3")]
    frames[2].info["name"] = "carbon dioxide"
    write(folder / "four.xyz", frames, format="extxyz")
    spec = {"symmetry": "octahedral", "output": "forces", "domain": "atoms"}
    return filled(folder, PULLS, ("weak", "strong"), folder / "four.xyz", **spec)


@pytest.fixture(scope="module")
def clouds(tmp_path_factory) -> Store:
    folder = tmp_path_factory.mktemp("clouds")
    points = np.random.default_rng(0).normal(size=(10, 8, 3)).astype(np.float32)
    np.savez(folder / "clouds.npz", points=points)
    spec = {"symmetry": "octahedral", "output": "logits", "domain": "points"}
    return filled(folder, NETS, ("across", "up"), folder / "clouds.npz", **spec)


def test_molecules_have_their_names_and_errors(molecules):
    found = tables(molecules.frame())
    assert (found.item, found.towards) == ("frame", "in random directions")
    (metric,) = found.metrics
    worst = {
        name.rpartition(":")[2]: items for name, items in worst_items(found, molecules)[metric.key].items()
    }
    for name, strength in (("weak", 0.001), ("strong", 0.5)):
        names, values = zip(*worst[name], strict=True)
        assert names[:2] == ("frame[2] carbon dioxide", "frame[1] H2O")
        # of CO2 two atoms of three are pulled along z, of H2O one; per component
        expected = [strength * (2 / 9) ** 0.5, strength * (1 / 9) ** 0.5]
        assert values[:2] == pytest.approx(expected)
        assert max(values[2:]) < 1e-9 and len(values) == 4


@pytest.mark.slow
@pytest.mark.parametrize(("store", "item"), [("molecules", "frame"), ("clouds", "set")])
def test_no_page_of_these_says_image(store, item, request, tmp_path):
    filled_store = request.getfixturevalue(store)
    page = report(filled_store, tmp_path / "page.html").read_text()
    shown = re.sub(r"<style>.*?</style>|<script id=.(?:vega|tables).*?</script>", "", page, flags=re.S)
    shown = shown.replace("img-src", "")
    assert not re.findall(r".{0,60}\bimages?\b.{0,60}", shown)
    assert f"mean over {item}s" in shown and f"fewer than 8 {item}s" in shown
    metric = tables(filled_store.frame()).metrics[0]
    data = page_data(tables(filled_store.frame()), {metric.key: {}}, filled_store)
    assert data["item"] == item and len(data["worst"][metric.key]) == 2


def test_a_store_without_the_noun_is_of_images(molecules):
    frame = molecules.frame()
    old = tables(frame.drop(columns=["item", "control_towards"]))
    assert (old.item, old.towards) == ("image", "towards other images")
    frame["item"] = ["frame", "set"]
    assert tables(frame).item == "sample"


def test_stores_of_very_many_models_are_not_read_sample_by_sample():
    many = SimpleNamespace(models=range(31))
    assert worst_items(many, None) == {}


def test_a_model_with_its_own_weights_is_not_called_untrained(molecules):
    assert set(tables(molecules.frame()).models["training"]) == {"unknown"}
