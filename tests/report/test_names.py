"""Names that are shortened for the page, and names of its files."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.stores import fill, quick_frame, zoo

from symmeter.report.store.data import page_data
from symmeter.report.store.names import marked, shortened, slug
from symmeter.report.store.page import report
from symmeter.report.store.table import tables
from symmeter.sweeps.store import Store

PATH = "/data/experiments/of/our/group/2026/{}/checkpoints/epoch_090.pt"


@given(st.lists(st.text("ab/\\…", max_size=120), max_size=12, unique=True))
def test_short_names_are_different_from_all_others(names):
    short = shortened(names)
    shown = [short.get(name, name) for name in names]
    assert len(set(shown)) == len(names)
    assert all(len(short[name]) < len(name) for name in short)
    assert all("…" in found for found in short.values())


def test_the_ends_of_a_path_stay_and_what_tells_two_apart():
    runs = [PATH.format(f"run_{i}") for i in range(20)]
    assert shortened(runs)[runs[7]] == "/data/…/2026/run_7/checkpoints/epoch_090.pt"
    apart = [f"/data/{i}/{'same/' * 30}epoch.pt" for i in range(3)]
    short = shortened(apart)
    assert [re.search(r"\d", short.get(name, name))[0] for name in apart] == ["0", "1", "2"]
    windows = r"C:\Users\somebody\Documents\experiments\transformer\run_17\model_best.pth.tar"
    assert shortened([windows])[windows] == r"C:\Users\…\transformer\run_17\model_best.pth.tar"
    assert shortened(["timm:resnet50", "timm:resnet50"]) == {}


def test_words_are_escaped_and_the_whole_is_beside_what_is_short():
    name, other = PATH.format('<b>"run"</b>'), PATH.format("run") + "2"
    short = shortened([name, PATH.format("run"), other])
    said = str(marked(short)(f"Most stable: {name} & <i>; least: {other}."))
    assert "<b>" not in said and "<i>" not in said and "&amp; &lt;i&gt;; least" in said
    assert said.count("<abbr title=") == 2 and f'title="{other}">' in said
    assert str(marked(short)("<script>")) == "<script>"  # the template escapes what is no markup


@pytest.mark.parametrize(("words", "name"), [
    (("my zoo", "a, b (c^2)"), "my-zoo-a-b-c-2"), (("__", "../x"), "x"), (("Größe",), "größe"),
])  # fmt: skip
def test_names_of_files_have_letters_and_digits_only(words, name):
    assert slug(*words) == name


def test_tags_are_lists_beside_the_models_except_those_with_a_column(tmp_path):
    frame = quick_frame(9).assign(tag_training="supervised", tag_width="wide")
    frame.loc[frame["name"] == frame["name"][0], "tag_width"] = None
    found = tables(frame)
    store = Store(tmp_path / "s", create=True)
    data = page_data(found, {metric.key: {} for metric in found.metrics}, store)
    assert data["tags"] == {"width": [None] + 8 * ["wide"]} and data["store"] == "s"
    assert not any("short" in model or "tag_width" in model for model in data["models"])


@pytest.mark.slow
def test_files_of_charts_say_of_which_store_and_metric(tmp_path):
    store = fill(Store(tmp_path / "My zoo", create=True), zoo(6))
    report(store, tmp_path / "r.html", charts_to=tmp_path / "c")
    names = {file.name for file in (tmp_path / "c").iterdir()}
    assert "symmeter-my-zoo-stability-against-accuracy-lee-rotation.svg" in names
    svg = (tmp_path / "c" / "symmeter-my-zoo-stability-against-accuracy-lee-rotation.svg").read_text()
    assert "stability against accuracy: lee, rotation" in svg and "untrained: hollow" in svg
