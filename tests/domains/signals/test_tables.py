"""Tables of series: columns are channels, a column of times is none and gives the rate, if it is even."""

from pathlib import Path

import numpy as np
import pytest
from tests.helpers import check_refused

from symmeter.domains.signals.data import open_signals, rate_of
from symmeter.domains.signals.options import SignalOptions
from symmeter.domains.signals.tables import read
from symmeter.draw import Draw

COUNT = 40
CHANNELS = np.random.default_rng(0).standard_normal((COUNT, 2)).astype(np.float32)
STAMPS = np.datetime64("2024-05-01T12:00:00", "ms") + 4 * np.arange(COUNT)


def table(path: Path, header: str, *columns) -> Path:
    """A table of these columns, the first of which are times, the last the channels."""
    rows = zip(*columns, *CHANNELS.T.tolist(), strict=True)
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    return path


@pytest.mark.parametrize(
    ("header", "times", "rate"),
    [
        ("time,a,b", np.arange(COUNT) / 250, 250),
        ("Time (s),a,b", 7 + np.arange(COUNT) / 250, 250),
        ('"t","a","b"', np.arange(COUNT) / 33.3, 33.3),
        ("\ufefftime,a,b", np.arange(COUNT) / 250, 250),
        ("time_ms,a,b", 4 * np.arange(COUNT), 250),
        ("ms,a,b", 4 * np.arange(COUNT), 250),
        ("Time [us],a,b", 4000 * np.arange(COUNT), 250),
        ("seconds,0,1", np.arange(COUNT) * 60, 1 / 60),
        ("time,a,b", [f"{t:.3f}" for t in np.arange(COUNT) / 256], 256),
        ("timestamp,a,b", 1.7e9 + np.arange(COUNT) / 4, 4),
        ("timestamp,a,b", (1.7e12 + 4 * np.arange(COUNT)).astype(int), 250),
        ("datetime,a,b", STAMPS, 250),
        ("timestamps,a,b", [f"{stamp}Z".replace("T", " ") for stamp in STAMPS], 250),
    ],
)
def test_a_column_of_times_gives_the_rate_and_is_no_channel(tmp_path: Path, header, times, rate):
    path = table(tmp_path / "a.csv", header, times)
    found = read(path)
    np.testing.assert_array_equal(found.samples.numpy(), CHANNELS.T)
    assert found.rate == pytest.approx(rate, rel=1e-9)
    assert rate_of(str(path), SignalOptions()).rate == found.rate
    (batch,) = open_signals(str(path), SignalOptions(length=f"{10 / rate:.9g}s"), Draw()).batches(1)
    assert batch.inputs.shape == (1, 2, 10)


def test_times_may_stand_in_any_column(tmp_path: Path):
    rows = np.column_stack([CHANNELS, np.arange(COUNT) / 8])
    np.savetxt(tmp_path / "a.csv", rows, delimiter=",", header="left,right,time", comments="# ")
    found = read(tmp_path / "a.csv")
    assert found.rate == 8
    np.testing.assert_array_equal(found.samples.numpy(), CHANNELS.T)


@pytest.mark.parametrize("header", ["tempo,a,b", "temperature,a,b", "set,a,b", "x,y,z", "1.0,2.0,3.0"])
def test_other_columns_are_channels(tmp_path: Path, header):
    found = read(table(tmp_path / "a.csv", header, np.arange(COUNT)))
    assert found.rate is None
    assert found.samples.shape == (3, COUNT + header.startswith("1"))


def test_row_numbers_that_pandas_writes_are_no_channel(tmp_path: Path):
    found = read(table(tmp_path / "a.csv", ",0,1", range(COUNT)))
    np.testing.assert_array_equal(found.samples.numpy(), CHANNELS.T)


def test_times_that_are_not_even_give_one_line(tmp_path: Path):
    times = np.arange(COUNT + 1) / 250
    for name, missing in (("first", 1), ("middle", 20), ("last", COUNT - 1)):
        path = table(tmp_path / f"{name}.csv", "time,a,b", np.delete(times, missing))
        words = r"times in column 'time' are not even: steps are 0.004 to 0.008. Resample it to one rate, or leave"
        check_refused(words, lambda at: list(open_signals(str(at), SignalOptions(), Draw()).batches(1)), path)
    with pytest.raises(ValueError, match="not even"):
        read(table(tmp_path / "back.csv", "time,a,b", times[:COUNT][::-1]))
    (tmp_path / "one.csv").write_text("time,a\n0,1\n")
    with pytest.raises(ValueError, match="one time in column 'time' gives no rate"):
        read(tmp_path / "one.csv")


def test_tables_at_different_rates_are_refused_by_name(tmp_path: Path):
    table(tmp_path / "a.csv", "time,a,b", np.arange(COUNT) / 250)
    table(tmp_path / "b.csv", "time,a,b", np.arange(COUNT) / 500)
    samples = open_signals(str(tmp_path), SignalOptions(), Draw())
    check_refused("b.csv is at 500 Hz, and others at 250", lambda: list(samples.batches(2)))
