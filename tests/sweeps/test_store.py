"""Cells in a folder: whole or not at all, and readable by others."""

import dataclasses
import functools
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import torch
from tests.helpers import check_refused
from tests.sweeps.conftest import numbers
from tests.sweeps.zoo import small

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.sweeps.folder import StoreError
from symmeter.sweeps.packed import packed
from symmeter.sweeps.places import INDEX, path_of
from symmeter.sweeps.sealed import sealed
from symmeter.sweeps.store import Store

IMAGES = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@functools.cache
def measured(symmetry, kind):
    return (symmeter.attribute if kind == "layers" else symmeter.measure)(
        small().eval(), IMAGES, symmetry=symmetry, progress=False
    )


def cell(key="k1", symmetry="rotation,C4", kind="measure", **entry):
    entry = {"model": "zoo:small", "name": "", "untrained": False, "tags": {}, **entry}
    result, spec = measured(symmetry, kind), {"seed": 0, "kind": kind}
    return result, packed(result, {"key": key, "entry": entry, "spec": spec, "data": "x", "code": "1"}, None)


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    if request.param == "folder":
        yield Store(tmp_path / "store", create=True)
    else:
        made = Store(f"memory://{tmp_path.name}", create=True)
        yield made
        made.fs.rm(made.root, recursive=True)


def test_what_is_written_is_what_is_read(store):
    result, files = cell()
    store.commit("k1", files)
    again = store.result("k1")
    assert again.rows == result.rows and again.elements == result.elements
    assert again.warnings == result.warnings and again.sample_names == result.sample_names
    for name, values in result.samples.items():
        np.testing.assert_array_equal(again.samples[name], values)
    assert store.keys() == {"k1"} and "k1" in store and store.broken(["k1"]) == {}


def test_an_interval_without_an_end_comes_back_without_it(store):
    result, _ = cell(symmetry="rotation")
    open_row = dataclasses.replace(result.rows[0], interval_high=None, stability_high=None)
    result = dataclasses.replace(result, rows=(open_row,))
    entry = {"model": "zoo:small", "name": "", "untrained": False, "tags": {}}
    task = {"key": "k1", "entry": entry, "spec": {"seed": 0, "kind": "measure"}, "data": "x", "code": "1"}
    store.commit("k1", packed(result, task, None))
    assert store.result("k1").rows == result.rows
    assert store.frame()["interval_high"].isna().all() and store.frame()["interval_low"].notna().all()


def test_an_attribution_comes_back_as_a_profile(store):
    profile, files = cell(symmetry="rotation", kind="layers")
    store.commit("k1", files)
    again = store.result("k1")
    assert type(again) is type(profile) and again.rows == profile.rows
    assert len(store.frame()) == 0 and set(store.frame("layers")["layer_kind"]) >= {"activation"}


def test_others_read_a_store(tmp_path):
    store = Store(tmp_path / "store", create=True)
    for key in ("a", "b"):
        store.commit(key, cell(key, name=key, tags={"year": 2020} if key == "a" else {})[1])
    store.index()
    found = duckdb.sql(
        f"SELECT name, tag_year FROM read_parquet('{store.root}/rows/*.parquet', union_by_name=true) "
        "WHERE symmetry = 'rotation' ORDER BY name"
    ).fetchall()
    assert found == [("a", "2020"), ("b", None)]
    assert len(pd.read_parquet(tmp_path / "store" / "index")) == len(store.frame()) == 4
    pd.testing.assert_frame_equal(symmeter.load(tmp_path / "store"), store.frame())


def test_the_index_is_never_needed_and_never_out_of_date(store):
    store.commit("a", cell("a", name="a")[1])
    store.index()
    store.commit("b", cell("b", name="b")[1])
    assert set(store.frame()["name"]) == {"a", "b"}
    store.set_cell_aside("a")
    assert set(store.frame()["name"]) == {"b"}
    store.index()
    before = store.read(INDEX)
    store.write(INDEX, b"rubbish")
    with pytest.warns(SymmeterWarning, match=f"store .*: {INDEX} is damaged"):
        assert set(store.frame()["name"]) == {"b"}
    with pytest.warns(SymmeterWarning, match=f"store .*: {INDEX} is damaged"):
        store.index()
    assert store.read(INDEX) == before


def test_reading_leaves_no_thread_that_the_end_of_the_process_would_meet(tmp_path):
    store = Store(tmp_path / "store", create=True)
    for key in ("a", "b"):
        store.commit(key, cell(key, name=key)[1])
    store.index()
    store.commit("c", cell("c", name="c")[1])
    program = f"""
import pandas, psutil, pyarrow.parquet
from symmeter.sweeps.store import Store
threads = psutil.Process().num_threads()
store = Store({store.root!r})
store.frame(), store.table("samples", "a"), store.index()
print(psutil.Process().num_threads() - threads)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("0\n", "", 0)


def test_the_newest_version_of_a_cell_counts(store):
    store.commit("old", cell("old")[1])
    store.commit("new", cell("new")[1])
    assert set(store.frame()["cell"]) == {"new"}


@pytest.mark.parametrize("name", ["rows", "samples", "elements", "header"])
def test_a_damaged_file_is_found(store, name):
    store.commit("k1", cell()[1])
    store.commit("k2", cell("k2", name="other")[1])
    path = path_of(name, "k1")
    content, other = store.read(path), store.read(path_of(name, "k2"))
    for broken in (
        content[: len(content) // 2],
        content[:100] + b"\0" * 20 + content[120:],
        b"",
        b"[]",
        other,
    ):
        store.write(path, broken)
        assert list(store.broken(["k1", "k2"])) == ["k1"] and path in store.fault("k1")
        if name in ("rows", "header"):
            with pytest.warns(SymmeterWarning, match=f"{path} is damaged"):
                assert set(store.frame()["cell"]) == {"k2"}
    store.remove(path)
    assert store.fault("k1").endswith(f"{path} is missing")


def test_a_half_written_cell_does_not_count(store):
    files = cell()[1]
    for name in ("samples", "elements", "header"):
        store.keep(path_of(name, "k1"), files[name])
        assert store.keys() == set() and len(store.frame()) == 0


def test_new_tags_leave_the_numbers(store):
    _, files = cell(tags={"year": 2020})
    store.commit("k1", files)
    store.index()
    before = store.frame()
    store.relabel({"k1": {"model": "zoo:small", "name": "new name", "tags": {"colour": "red"}}})
    after = store.frame()
    assert (
        set(after["name"]) == {"new name"} and set(after["tag_colour"]) == {"red"} and "tag_year" not in after
    )
    pd.testing.assert_frame_equal(numbers(after).drop(columns="name"), numbers(before).drop(columns="name"))
    assert store.broken(["k1"]) == {}
    files = cell(name="new name", tags={"colour": "red"})[1]
    again = sealed(
        path_of("rows", "k1"), files["rows"]
    )  # what a sweep writes that knew of them from the start
    assert store.read(path_of("rows", "k1")) == again


def test_new_tags_that_were_half_written_are_given_again(store):
    store.commit("k1", cell()[1])
    store.index()
    before, entry = store.read(path_of("header", "k1")), {"model": "zoo:small", "name": "new", "tags": {}}
    store.relabel({"k1": entry})
    store.write(path_of("header", "k1"), before)  # the last that it writes
    assert store.broken(["k1"]) == {} and store.header("k1")["cell"]["entry"]["name"] == ""
    assert set(store.frame()["name"]) == {"new"}


def test_errors_are_kept_until_the_cell_is_there(store):
    store.fail("k1", {"failure": "time", "reason": "not done in 3 s"})
    assert store.errors() == {"k1": {"failure": "time", "reason": "not done in 3 s"}}
    store.commit("k1", cell()[1])
    assert store.errors() == {}
    store.fail("k2", {"failure": "time"})
    store.write("errors/k2.json", store.read("errors/k2.json").replace(b"time", b"tame"))
    with pytest.warns(SymmeterWarning, match=r"errors/k2.json is damaged"):
        assert store.errors() == {}


def test_what_is_no_store_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("x")
    check_refused("no store there", Store, tmp_path / "other")
    check_refused("has something else in it", Store, tmp_path / "other", create=True)
    check_refused("nosuch", Store, "nosuch://x")
    (tmp_path / "other" / "symmeter.json").write_text(json.dumps({"schema": "symmeter.store/9"}))
    check_refused("schema 'symmeter.store/9'", Store, tmp_path / "other")


def test_a_store_that_cannot_be_written_says_where(tmp_path, monkeypatch):
    store = Store(tmp_path / "store", create=True)

    def full(self, place):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(
        StoreError, match=rf"store {store.url}: errors/k1.json cannot be written: No space left"
    ):
        store.fail("k1", {})
    assert store.errors() == {} and store.names("errors") == set()
    with pytest.raises(StoreError, match="cannot be written"):
        store.write("symmeter.json/below", b"")
    with pytest.raises(StoreError, match="cannot be written"):
        store.create("symmeter.json/below", b"")
    (tmp_path / "file").write_text("x")
    check_refused("the folder cannot be written", Store, tmp_path / "file", create=True)
