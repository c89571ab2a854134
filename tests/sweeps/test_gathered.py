"""Saved results as a store: their rows, names that tell them apart, and the report of them."""

from dataclasses import replace

import pytest
from tests.helpers import check_refused
from tests.layers.profiles import profile
from tests.report.made import made
from tests.report.stores import fill, made_up

from symmeter.sweeps.gathered import gathered
from symmeter.sweeps.store import Store

pytest.importorskip("pyarrow", exc_type=ImportError)


def names(*places):
    with gathered(places) as store:
        return sorted(set(store.frame()["name"]))


def test_rows_and_samples_are_those_of_the_results(tmp_path):
    result = made(model="first")
    result.save(tmp_path / "first")
    with gathered([str(tmp_path / "first"), made(1, model="second")]) as store:
        frame = store.frame()
        own = frame[frame["name"] == "first"]
        assert own["value"].tolist() == [row.value for row in result.rows]
        assert own["stability_low"].tolist() == [row.stability_low for row in result.rows]
        table = store.table("samples", own["cell"].iloc[0])
        assert table["lee:rotation"].tolist() == result.samples["lee:rotation"].tolist()
        assert set(frame["name"]) == {"first", "second"}


def test_names_are_told_apart_where_two_say_the_same(tmp_path):
    for name, seed in (("before", 0), ("after", 1)):
        made(seed).save(tmp_path / name)
    assert names(tmp_path / "before", tmp_path / "after") == ["net (after)", "net (before)"]
    assert names(made(0), made(1)) == ["net", "net #2"]
    other = replace(made(1), rows=tuple(replace(row, symmetry=f"{row.symmetry}!") for row in made(1).rows))
    assert names(made(0), other) == ["net"]  # one model, measured twice


def test_of_a_profile_alone_there_are_the_rows_of_the_whole():
    found = profile()
    with gathered([found]) as store:
        frame = store.frame()
        roots = [row.value for row in found.rows if row.whole]
        assert sorted(frame["value"]) == pytest.approx(sorted(roots))
        assert len(store.frame("layers")) == len(found.rows)


def test_stores_are_read_as_they_are_and_beside_results(tmp_path):
    fill(Store(tmp_path / "s", create=True), made_up(3))
    with gathered([tmp_path / "s"]) as store:
        assert store.url == str(tmp_path / "s") and len(set(store.frame()["name"])) == 3
    assert len(names(tmp_path / "s", made())) == 4
    with pytest.raises(Exception, match="no store there"), gathered([tmp_path / "nothing"]):
        pass


@pytest.mark.slow
def test_a_report_of_saved_results(tmp_path, monkeypatch, capsys):
    pytest.importorskip("altair", exc_type=ImportError)
    from symmeter.cli import main
    from symmeter.report.store.page import report

    monkeypatch.chdir(tmp_path)
    made(0).save("before")
    made(1, model="second").save("after.json")
    assert main(["report", "before", "after.json", "--out", "r.html"]) == 0
    page = (tmp_path / "r.html").read_text()
    assert '"name":"net"' in page and '"name":"second"' in page
    assert report([made(0)], "one.html").is_file() and report("before", "two.html").is_file()
    check_refused("give a store that a sweep has filled, or results", report, [], "three.html")
