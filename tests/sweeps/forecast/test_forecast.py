"""A dry run says what a sweep would do, and does nothing."""

import pytest
from tests.helpers import check_refused

from symmeter.cli.app import main
from symmeter.domains.images.data.open import open_data
from symmeter.sweeps.forecast.cost import devices
from symmeter.sweeps.presets.preset import find_preset
from symmeter.sweeps.sweep import sweep

TRYOUT = find_preset("tryout")


@pytest.fixture(autouse=True)
def no_cache(tmp_path, monkeypatch):
    """An empty cache of downloads."""
    pytest.importorskip("timm")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def ahead(tmp_path, **call):
    call = {"preset": "tryout", "models": None, **call}
    return sweep(call.pop("models"), "builtin:photos", tmp_path / "s", dry_run=True, progress=False, **call)


def test_a_preset_is_told_in_a_table_that_fits_a_terminal(tmp_path, capsys):
    arguments = [
        "sweep",
        "--preset",
        "tryout",
        "builtin:photos",
        "--store",
        str(tmp_path / "s"),
        "--dry-run",
        "--quiet",
    ]
    assert main([*arguments, "--symmetry", "rotation"]) == 0
    out = capsys.readouterr().out
    words = " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80 and not (tmp_path / "s").exists()
    assert all(entry.model.removeprefix("timm:") in out for entry in TRYOUT.models)
    bytes_of_all = sum(4 * size.parameters for size in TRYOUT.sizes.values())
    assert f"downloads: 12 files of weights, {bytes_of_all / 1e6:.3g} MB" in words
    assert "ConvNeXt: 3" in words and "16 samples, in 12 cells" in words
    assert "not as the preset tryout has it: symmetry rotation in place of translation,rotation" in words
    assert words.count("extrapolated from published peaks, not measured") == len(devices()) - 1
    assert "were predicted within a factor of" in words and f"Source: {TRYOUT.source}" in words


def test_seconds_are_those_of_the_cost_model_for_every_seed(tmp_path):
    found = ahead(tmp_path, seeds=(0, 1), samples=4)
    assert (found.work.samples, found.work.passes, found.cells) == (4, 1 + 3 * 3, 2)
    core, frame = devices()[0], found.frame()
    expected = [2 * core.seconds(TRYOUT.sizes[entry.model], found.work) for entry in TRYOUT.models]
    assert frame[f"seconds, {core.name}"].tolist() == pytest.approx(expected)
    assert "24 cells" in str(found)


def test_what_is_here_is_not_downloaded(tmp_path):
    name = TRYOUT.models[0].model.removeprefix("timm:")
    files = tmp_path / "files"
    files.mkdir()
    (files / f"{name}.pth").touch()
    found = ahead(tmp_path, weights_from=files)
    assert found.models[0].here == str(files / f"{name}.pth") and found.models[0].download == 0
    assert all(one.here is None and one.download > 0 for one in found.models[1:])
    assert "11 files" in str(found) and "1 here already" in str(found)


def test_a_file_in_the_cache_of_the_hub_is_found(tmp_path):
    name = TRYOUT.models[1].model.removeprefix("timm:")
    place = tmp_path / "hub" / f"models--timm--{name}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("abc")
    (place / "snapshots" / "abc").mkdir(parents=True)
    (place / "snapshots" / "abc" / "model.safetensors").touch()
    found = ahead(tmp_path)
    assert [one.name for one in found.models if one.here] == [TRYOUT.models[1].model]


def test_any_sweep_has_a_dry_run_and_what_cannot_be_told_is_said(tmp_path):
    found = ahead(
        tmp_path, preset=None, models=["timm:test_resnet", "nets.py:mine"], untrained=True, layers=True
    )
    assert [one.size is None for one in found.models] == [False, True]
    text = " ".join(str(found).split())
    assert "downloads: 0 files" in text and "1 model of unknown size" in text
    assert "Attribution to layers is not in the expected time" in text
    assert found.work.samples == open_data("builtin:photos").total


def test_models_that_are_given_take_the_place_of_those_of_a_preset(tmp_path):
    found = ahead(tmp_path, models="timm:test_resnet", untrained=True)
    assert [one.name for one in found.models] == ["timm:test_resnet"] and found.work.samples == 16
    assert "other models than its own" in " ".join(str(found).split())


def test_cells_that_are_there_are_counted(tmp_path):
    call = {"symmetry": "rotation", "samples": 1, "control": "none", "untrained": True}
    models = "timm:test_vit"
    sweep(models, "builtin:photos", tmp_path / "s", progress=False, jobs=1, **call)
    found = ahead(tmp_path, preset=None, models=[models, "timm:test_resnet"], **call)
    assert found.there == 1 and "1 cell of these are in the store already" in " ".join(str(found).split())


def test_mistakes_have_one_line(tmp_path):
    check_refused(
        "unknown preset 'gruver2024'; did you mean 'gruver2023'?", ahead, tmp_path, preset="gruver2024"
    )
    check_refused("no models given", ahead, tmp_path, preset=None)
