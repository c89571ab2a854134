"""All rows of a store in one table: the same for the same cells, whatever came first, and fast."""

import io
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.processes import printed
from tests.report.stores import made_up

from symmeter.sweeps.index import all_rows
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.packed import packed
from symmeter.sweeps.places import HEADER, INDEX, ROWS, SAMPLES
from symmeter.sweeps.plan import Spec, plan
from symmeter.sweeps.sealed import BLANK, SEAL
from symmeter.sweeps.store import Store
from symmeter.sweeps.tables import arrow_table, parquet_of
from symmeter.sweeps.work import run_cells


def cells(count):
    """Cells with tags of their own, two of which have one name, as (key, files)."""
    for i, (task, result) in enumerate(made_up(count, names=[f"model {i // 2}" for i in range(count)])):
        task["entry"]["tags"] = {f"tag {i % 3}": i}
        task["spec"]["seed"] = i % 2
        yield task["key"], packed(result, task, None)


def filled(place, order, files, indexed_after=()):
    store = Store(place, create=True)
    for i, key in enumerate(order):
        store.commit(key, files[key])
        if i in indexed_after:
            store.index()
    store.index()
    return store


def test_rows_hang_on_nothing_but_the_cells(tmp_path):
    files = dict(cells(7))
    keys = list(files)
    whole = filled(tmp_path / "whole", keys, files)
    resumed = filled(
        tmp_path / "resumed", [keys[i] for i in (5, 2, 6, 0, 4, 1, 3)], files, indexed_after=(0, 2, 4)
    )
    pd.testing.assert_frame_equal(whole.frame(), resumed.frame(), check_exact=True)
    assert list(whole.frame()["cell"]) == [key for key in keys for _ in range(2)]
    assert whole.read(INDEX) == resumed.read(INDEX)
    for key in keys:
        for name in (ROWS, SAMPLES):
            assert whole.read(f"{name}/{key}.parquet") == resumed.read(f"{name}/{key}.parquet")


def test_when_a_cell_was_measured_is_not_in_its_rows(tmp_path, monkeypatch):
    (first,) = cells(1)
    monkeypatch.setattr(time, "time", lambda: 5.0)
    (second,) = cells(1)
    assert first[1][ROWS] == second[1][ROWS] and first[1][HEADER] != second[1][HEADER]
    store = filled(tmp_path / "s", [second[0]], dict([second]))
    assert set(store.frame()["created"]) == {5.0} and set(store.frame()["seconds"]) == {1.0}


def test_a_cell_that_is_taken_out_is_read_anew(tmp_path):
    files = dict(cells(3))
    store = filled(tmp_path / "s", files, files)
    key = next(iter(files))
    before = store.frame()
    store.set_cell_aside(key)
    assert key not in all_rows(store)["cell"].to_pylist()
    assert set(arrow_table(store.read(INDEX))["cell"].to_pylist()) == set(list(files)[1:])
    store.commit(key, files[key])
    pd.testing.assert_frame_equal(store.frame(), before)


def replicated(place, planned):
    """A store with a cell for each that is planned, all alike, made by putting names into the files of one of them."""
    ((task, result),) = made_up(1, names=["timm:model_00000"])
    name, key = planned[0].entry.model, planned[0].key
    task |= {"key": key, "entry": planned[0].task()["entry"]}
    files, table = packed(result, task, None), None
    store = Store(place, create=True)
    for part in (ROWS, SAMPLES):
        table, sink = arrow_table(files[part]), io.BytesIO()
        plain = table.replace_schema_metadata({SEAL: BLANK})
        pq.write_table(plain, sink, compression="none", use_dictionary=False, write_statistics=False)
        files[part] = sink.getvalue()
    for cell in planned:
        store.commit(cell.key, {
            part: content.replace(key.encode(), cell.key.encode()).replace(name.encode(), cell.entry.model.encode())
            for part, content in files.items()
        })  # fmt: skip
    return store


def fewest(call, times=3):
    """The least processor time of some calls, whatever else the machine does."""
    found = []
    for _ in range(times):
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
    return min(found)


def planned(count):
    entries = [Entry(f"timm:model_{i:05d}", untrained=True) for i in range(count)]
    return plan(entries, "builtin:photos", Spec())


def nobody():
    pytest.fail("there is nothing to do")


@pytest.mark.slow
def test_ten_thousand_cells_are_loaded_in_a_second_and_resumed_in_ten(tmp_path):
    store = replicated(tmp_path / "s", planned(10_000))
    one = all_rows(replicated(tmp_path / "one", planned(1)))
    for name in ("cell", "name", "model"):
        assert len(one) == 2 and len(one[name].unique()) == 1
    keys = sorted(store.keys())
    many = pa.concat_tables([one] * len(keys))
    many = many.set_column(0, "cell", pa.array([key for key in keys for _ in range(2)]))
    models = {cell.key: cell.entry.model for cell in planned(10_000)}
    names = pa.array([models[key] for key in keys for _ in range(2)])
    for name in ("name", "model"):
        many = many.set_column(many.column_names.index(name), name, names)
    store.keep(INDEX, parquet_of(many))
    pd.testing.assert_frame_equal(
        store.frame()[:2].drop(columns="created"), Store(tmp_path / "one").frame().drop(columns="created")
    )
    assert len(store.frame()) == 20_000 and fewest(store.frame) < 1
    resume = lambda: run_cells(planned(10_000), store, nobody, progress=False)
    assert fewest(lambda: resume().skipped == 10_000 or pytest.fail("not all are there"), 1) < 10
    assert_report_is_small(tmp_path / "s", tmp_path / "report.html")


def assert_report_is_small(store, page):
    """Written in under a minute of processor time and a gigabyte by a process of its own, which needs no torch."""
    code = (
        "import sys, time\n"
        "from symmeter.cli.app import main\n"
        "code = main(['report', sys.argv[1], '--out', sys.argv[2]])\n"
        "print(code, time.process_time(), peak(), 'torch' in sys.modules)\n"
    )
    status, seconds, memory, torch_too = printed(code, store, page)[-4:]
    assert (status, torch_too) == ("0", "False")
    assert float(seconds) < 60
    assert float(memory) < 1024  # MiB
    assert "model_09999" in page.read_text()
