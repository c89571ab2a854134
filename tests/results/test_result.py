"""Results: mappings, tables, files that other tools open, and files that are no results."""

import json

import numpy as np
import pytest
import torch

import symmeter
from symmeter.errors import SymmeterError
from symmeter.results.numbers import with_error


@pytest.fixture(scope="module")
def result():
    x = torch.rand(6, 3, 5, 6, generator=torch.Generator().manual_seed(0))
    return symmeter.measure(
        lambda x: x.square().mean((2, 3)), x, symmetry="translation,gain", output="logits"
    )


def test_rows_read_as_objects_and_as_mappings(result):
    row = result.rows[0]
    assert row.value == row["value"] == dict(row)["value"]
    with pytest.raises(KeyError):
        row["colour"]


@pytest.mark.parametrize("name", ["folder", "file.json"])
def test_save_and_load(result, tmp_path, name):
    path = result.save(tmp_path / "deep" / name)
    back = symmeter.load(path)
    assert back.rows == result.rows and back.header == json.loads(json.dumps(result.header))
    if name == "folder":
        assert back.sample_names == result.sample_names
        for key, values in result.samples.items():
            np.testing.assert_array_equal(back.samples[key], values)


def test_pandas_and_duckdb_read_the_folder_without_symmeter(result, tmp_path):
    duckdb, pandas = pytest.importorskip("duckdb"), pytest.importorskip("pandas")
    folder = result.save(tmp_path / "r")
    rows = duckdb.sql(f"select symmetry, value from '{folder}/rows.parquet' order by symmetry").fetchall()
    assert [name for name, _ in rows] == ["gain", "translation_x", "translation_y"]
    samples = pandas.read_parquet(folder / "samples.parquet")
    assert len(samples) == 6 and samples["lee:gain"].mean() == pytest.approx(dict(rows)["gain"])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "other"}', '{"schema": "symmeter.results.result/1", "rows": [{}]}']
)
def test_files_that_are_no_results(tmp_path, text):
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(SymmeterError) as caught:
        symmeter.load(file)
    assert "\n" not in str(caught.value) and "x.json" in str(caught.value)
    with pytest.raises(SymmeterError, match="no result there"):
        symmeter.load(tmp_path / "nowhere")


def test_numbers_that_are_not_finite_become_null(result):
    from dataclasses import replace

    broken = replace(result, rows=(replace(result.rows[0], value=float("nan")),))
    assert broken.to_dict()["rows"][0]["value"] is None


def test_the_table_fits_80_columns(result):
    text = str(result)
    assert all(len(line) <= 80 for line in text.splitlines())
    for word in ("translation_x", "stability", "specificity", "verdict", "[95 %]", "bandlimited", "6 images"):
        assert word in text
    assert "\x1b" not in text


def test_markup_in_names_is_text():
    from dataclasses import replace

    x = torch.rand(3, 3, 5, 6)
    result = symmeter.measure(lambda x: x.mean((2, 3)), x, symmetry="gain", output="logits")
    hostile = replace(result, header={**result.header, "model": {"name": "[red]x[/red]"}})
    assert "[red]x[/red]" in str(hostile)


@pytest.mark.parametrize(("value", "error", "text"), [
    (0.0123456, 0.00098, "0.01235 ± 0.00098"), (123.4, 5.6, "123.4 ± 5.6"), (1234.0, 56.0, "1234 ± 56"),
    (3.2e-7, 1.1e-8, "3.20e-07 ± 1.1e-08"), (0.5, None, "0.5"), (0.0, 0.0, "0.00e+00 ± 0.0e+00"),
])  # fmt: skip
def test_values_are_shown_to_two_digits_of_their_error(value, error, text):
    assert with_error(value, error) == text


def test_json_goes_through_links_and_into_pipes(result, tmp_path):
    import os
    import stat
    import threading

    real, link, pipe = tmp_path / "real.json", tmp_path / "link.json", tmp_path / "pipe"
    link.symlink_to(real)
    result.to_json(link)
    assert link.is_symlink()
    assert symmeter.load(real).rows == result.rows
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()), daemon=True)
    reader.start()
    result.to_json(pipe)
    reader.join(timeout=300)  # only a file put in the place of the pipe takes that long
    assert json.loads(received[0])["schema"] == "symmeter.results.result/1"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_table_is_text_in_a_notebook_too(result, monkeypatch):
    whole = str(result)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert str(result) == whole and "translation_x" in whole
