"""Notebooks that are really executed: what a user sees below the cells."""

import json
import re

import pytest
from tests.helpers import pixels

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the client's packages
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # sockets without encryption, on this machine
]

SETUP = """
import torch, symmeter
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.GELU(), nn.Flatten(), nn.Linear(100, 5)).train()
images = torch.rand(8, 3, 12, 12)
said = []
keep = lambda message: said.append(message["content"].get("data", {}).get("text/plain", "")) or message
get_ipython().display_pub.register_hook(keep)
"""
MEASURE = "result = symmeter.measure(net, images, 'rotation', output='logits')\nresult"
PROGRESS = "print([line for line in said if 'image' in line][:1], said[-1:])"
PROFILE = "profile = symmeter.attribute(net.eval(), images, 'rotation', output='logits')\nprofile"
COMPARE = (
    "symmeter.compare(net, nn.Sequential(*net).eval(), data=images, symmetry='rotation', output='logits')"
)
MISTAKE = "symmeter.measure(net, images, 'rotate')"
KEY = "result['rotate']"
COMPLETE = """
row = result['rotation']
from IPython.core.completer import provisionalcompleter
def found(text):
    with provisionalcompleter():
        return [one.text for one in get_ipython().Completer.completions(text, len(text))]
print([found("symmeter.mea"), found("symmeter.measure(net, images, precis"), found("result['"), found("row['stabil")])
print([name for name in found("symmeter.") if not hasattr(symmeter, name)])
print(get_ipython().inspector.info(symmeter.measure)["definition"])
"""
NETS = "from torch import nn\ndef small(): return nn.Sequential(nn.Flatten(), nn.Linear(432, 5)).eval()\ndef broken(): raise ValueError('<b>')\n"
SWEEP = "symmeter.sweep(['nets.py:small', 'nets.py:broken'], 'x.npz', 'store', 'rotation', output='logits', jobs=1)"
STORE = "from symmeter.sweeps.store import Store\nStore('store')"


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """The outputs of every cell, by its source."""
    import numpy as np

    folder = tmp_path_factory.mktemp("notebook")
    (folder / "nets.py").write_text(NETS)
    np.savez(folder / "x.npz", images=pixels(8, 12, 12))
    sources = [SETUP, MEASURE, PROGRESS, PROFILE, COMPARE, MISTAKE, KEY, COMPLETE, SWEEP, STORE]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", allow_errors=True,
                                     resources={"metadata": {"path": str(folder)}})  # fmt: skip
    client.execute()
    return {cell.source: cell.outputs for cell in notebook.cells}


def html(outputs):
    (one,) = [output.data["text/html"] for output in outputs if output.output_type == "execute_result"]
    return one


def text(outputs, name="stdout"):
    return "".join(
        output.text for output in outputs if output.output_type == "stream" and output.name == name
    )


def test_results_are_tables_and_one_line(cells):
    for source, words in (
        (MEASURE, "stability"),
        (PROFILE, "contribution"),
        (COMPARE, "no clear difference"),
    ):
        (one,) = [output for output in cells[source] if output.output_type == "execute_result"]
        assert "<table>" in one.data["text/html"] and words in one.data["text/html"]
        assert re.fullmatch(r"<\w+: [^\n]+, \d+ rows?>", one.data["text/plain"])


def test_the_bar_is_shown_while_it_works_and_is_gone_after(cells):
    assert re.fullmatch(r"\['.* 0/8 .*image.*'\] \[''\]\n", text(cells[PROGRESS]))
    bars = [output.data["text/plain"] for output in cells[MEASURE] if output.output_type == "display_data"]
    assert bars == [""]


def test_a_note_is_one_line_that_names_the_cell(cells):
    assert text(cells[MEASURE], "stderr") == (
        "Cell In[2]:1: SymmeterWarning: the model was in train mode (Sequential, 0, 1 and 2 more): "
        "measured in eval mode, left as it was\n"
    )
    for source in (PROFILE, COMPARE):
        assert text(cells[source], "stderr") == ""


@pytest.mark.parametrize(("source", "kind"), [(MISTAKE, "SymmeterError"), (KEY, "NoSuchRow")])
def test_a_mistake_is_a_traceback_that_ends_in_one_line(cells, source, kind):
    (error,) = [output for output in cells[source] if output.output_type == "error"]
    assert error.ename == kind and "did you mean 'rotation'" in error.evalue and "\n" not in error.evalue
    assert kind in error.traceback[-1] and error.evalue in error.traceback[-1]


def test_words_are_completed(cells):
    words, unknown, definition = text(cells[COMPLETE]).split("\n", 2)
    assert "'measure'" in words and "precision=" in words and "'rotation'" in words and "'stability'" in words
    assert unknown == "[]" and "model: Any" in definition and "progress: bool | None = None" in definition


def test_a_sweep_says_what_fails_and_shows_what_it_did(cells):
    assert text(cells[SWEEP], "stderr") == "" and "nets.py:broken: refused" in text(cells[SWEEP])
    page = html(cells[SWEEP])
    assert "2 cells: 1 done" in page and "nets.py:broken" in page and "<b>" not in page
    assert "nets.py:small" in html(cells[STORE])


def test_nothing_needs_widgets_or_scripts(cells):
    kinds = {kind for outputs in cells.values() for output in outputs for kind in output.get("data", {})}
    assert kinds <= {"text/plain", "text/html"}
    assert "<script" not in json.dumps(cells)
