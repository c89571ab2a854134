"""What a store says is what was written: any bit that changes is noticed, and costs no more than its own file."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from tests.helpers import check_refused
from tests.report.stores import made_up

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.results.row import ElementRow
from symmeter.sweeps.packed import packed
from symmeter.sweeps.places import INDEX, MARK, path_of
from symmeter.sweeps.sealed import DamagedFile, json_file, json_record, sealed
from symmeter.sweeps.store import Store
from symmeter.sweeps.tables import arrow_table, parquet_file


@pytest.fixture
def store(tmp_path):
    """A store with every kind of file: two cells, one of them over a group, one that failed, and an index."""
    made = Store(tmp_path / "store", create=True)
    for task, result in made_up(2):
        element = ElementRow("geed", "C4", "softmax", "", "quarter", 90.0, 0.5, 0.1, 16)
        result = result.__class__(
            result.rows, result.header, (), {"lee": np.arange(16.0)}, tuple("abcdefghijklmnop"), (element,)
        )
        made.commit(task["key"], packed(result, task, None))
    made.fail("failed", {"failure": "time", "reason": "not done in 3 s"})
    made.index()
    return made


def paths(store):
    """Every file of a store by its path."""
    folders = [name for name in os.listdir(store.root) if os.path.isdir(f"{store.root}/{name}")]
    return sorted(
        [MARK, *(f"{folder}/{name}" for folder in folders for name in os.listdir(f"{store.root}/{folder}"))]
    )


def reader(path):
    """How the contents of a file are read, by those who want to know what it says."""
    return json_record if path.endswith(".json") else arrow_table


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def unnoticed(store, count):
    """Of so many single bits that are changed, all over the files of a store, those that reading does not notice."""
    random = np.random.default_rng(0)
    files = {path: store.read(path) for path in paths(store)}
    bits = np.cumsum([8 * len(content) for content in files.values()])
    silent = []
    for bit in random.integers(0, bits[-1], count):
        i = int(np.searchsorted(bits, bit, side="right"))
        path = list(files)[i]
        own = int(bits[i] - bit) - 1
        store.write(path, flipped(files[path], own))
        try:
            store.opened(path, reader(path))
            said = ""
        except DamagedFile as error:
            said = str(error)
        if path not in said or "\n" in said:
            silent.append((path, own))
        store.write(path, files[path])
    return silent


def test_no_bit_changes_in_silence(store):
    assert {path.split("/")[0] for path in paths(store)} == {
        MARK, "cells", "rows", "samples", "elements", "errors", "index",
    }  # fmt: skip
    assert unnoticed(store, 300) == []


@pytest.mark.slow
def test_no_bit_of_5000_changes_in_silence(store):
    assert unnoticed(store, 5000) == []


def damage(store, path):
    content = store.read(path)
    store.write(path, flipped(content, 8 * (len(content) // 2)))
    return content


@pytest.mark.parametrize("name", ["header", "rows", "samples", "elements"])
def test_no_result_is_made_of_damaged_files(store, name):
    key = sorted(store.keys())[0]
    path = path_of(name, key)
    store.result(key)
    damage(store, path)
    with pytest.raises(DamagedFile, match=f"{path} is damaged"):
        store.result(key)


def test_a_damaged_index_changes_nothing_and_is_made_again(store):
    before = store.frame()
    content = damage(store, INDEX)
    with pytest.warns(SymmeterWarning, match=f"{INDEX} is damaged"):
        pd.testing.assert_frame_equal(symmeter.load(store.root), before)
    with pytest.warns(SymmeterWarning, match=f"{INDEX} is damaged"):
        store.index()
    assert store.read(INDEX) == content


def test_damaged_errors_count_as_none(store):
    assert set(store.errors()) == {"failed"}
    damage(store, "errors/failed.json")
    with pytest.warns(SymmeterWarning, match=r"errors/failed.json is damaged"):
        assert store.errors() == {}


def test_a_cell_without_an_index_is_checked_too(store):
    key, other = sorted(store.keys())
    before = store.frame()
    for path in (path_of("rows", key), path_of("header", key)):
        store.remove(INDEX)
        content = store.read(path)
        store.write(path, flipped(content, 8 * (len(content) // 2)))
        with pytest.warns(SymmeterWarning, match=f"{path} is damaged"):
            assert set(store.frame()["cell"]) == {other}
        store.write(path, content)
    pd.testing.assert_frame_equal(store.frame(), before)


def test_forged_numbers_are_noticed(store):
    """In files of the right form, one with the seal of what was there, one with none, one with that of another file."""
    key, other = sorted(store.keys())
    header, path = store.header(key), path_of("header", key)
    seal = json.loads(store.read(path))["seal"]
    header["accuracy"]["top1"] = 0.999
    for forged in (
        json.dumps({**header, "seal": seal}).encode(),
        json.dumps(header).encode(),
        json_file(header),
        sealed(path_of("header", other), json_file(header)),
    ):
        store.write(path, forged)
        assert path in store.fault(key)
    rows = store.opened(path_of("rows", other), arrow_table).to_pylist()
    store.write(path_of("rows", other), parquet_file([{**row, "value": 0.0} for row in rows]))
    assert path_of("rows", other) in store.fault(other)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"schema": 1}', b"\xff\xfe"])
def test_a_store_is_open_whatever_became_of_its_mark(store, content):
    before, keys = store.frame(), store.keys()
    store.write(MARK, content)
    with pytest.warns(SymmeterWarning, match=f"{MARK} is damaged"):
        pd.testing.assert_frame_equal(symmeter.load(store.root), before)
    with pytest.warns(SymmeterWarning, match=f"{MARK} is damaged"):
        assert Store(store.root, create=True).keys() == keys
    assert store.read(f"damaged/{MARK}") == content
    assert Store(store.root).keys() == keys  # without a warning


def test_a_folder_in_the_place_of_the_mark_stops_nothing(store):
    before = store.frame()
    store.remove(MARK)
    os.mkdir(f"{store.root}/{MARK}")
    with pytest.warns(SymmeterWarning, match=f"{MARK} is damaged"):
        pd.testing.assert_frame_equal(Store(store.root).frame(), before)
    with pytest.warns(SymmeterWarning, match=f"{MARK} is damaged"):
        Store(store.root, create=True)
    assert os.path.isdir(f"{store.root}/damaged/{MARK}") and Store(store.root).keys() == store.keys()


@pytest.mark.parametrize("foreign", ["table", "folder", "pipe", "text"])
def test_what_is_no_cell_stops_nothing(store, foreign):
    before, path = store.frame(), "rows/foreign.parquet"
    place = f"{store.root}/{path}"
    match foreign:
        case "table":
            pd.DataFrame({"x": [1]}).to_parquet(place)
        case "folder":
            os.mkdir(place)
        case "pipe":
            os.mkfifo(place)
        case _:
            store.write(path, b"PAR1 is what others begin with")
    with pytest.warns(SymmeterWarning, match=f"cells/foreign.json is missing|{path} is damaged"):
        pd.testing.assert_frame_equal(store.frame(), before)
    assert set(store.broken(store.keys())) == {"foreign"}


def test_a_file_with_the_seal_of_another_format_is_refused_in_one_line(store):
    """Whoever forges seals too meets the parsers."""
    key = sorted(store.keys())[0]
    for name, content in {"header": json_file({"cell": 1}), "rows": parquet_file([{"x": 1}])}.items():
        whole = store.read(path_of(name, key))
        store.keep(path_of(name, key), content)
        store.remove(INDEX)
        with pytest.warns(SymmeterWarning, match=f"{path_of(name, key)} is damaged"):
            assert len(store.frame())
        store.write(path_of(name, key), whole)
    store.keep(MARK, json_file({"schema": "symmeter.store/9"}))
    check_refused("schema 'symmeter.store/9'", Store, store.root)


def test_what_is_set_aside_is_kept_each_time(store):
    key = sorted(store.keys())[0]
    path = path_of("rows", key)
    for content in (b"one", b"two"):
        store.write(path, content)
        store.set_aside(path)
    assert (store.read(f"damaged/{path}"), store.read(f"damaged/{path}.1")) == (b"one", b"two")
    store.set_aside(path)  # nothing is there
    assert store.names(f"damaged/{path.split('/')[0]}") == {f"{key}.parquet", f"{key}.parquet.1"}
