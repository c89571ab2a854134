"""Every preset can be run as it stands: its models, their weights and its settings are those that there are."""

import pytest
import timm
from tests.helpers import check_refused

from symmeter.domains.images.provenance import ARCHITECTURES
from symmeter.sweeps.forecast.size import size_of
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.plan import Spec
from symmeter.sweeps.presets.preset import find_preset, known_preset, preset_names
from symmeter.sweeps.presets.settled import settled


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_can_be_run_as_it_stands(name):
    preset = find_preset(name)
    models = [entry.model.removeprefix("timm:") for entry in preset.models]
    assert set(models) <= set(timm.list_pretrained()) and len(set(models)) == len(models)
    assert all("." in model for model in models)  # which weights is said
    assert {entry.tags["architecture"] for entry in preset.models} <= set(ARCHITECTURES)
    assert all(entry.tags["family"] and entry.tags["preset"] == name for entry in preset.models)
    assert preset.title and preset.source and all(preset.left_out.values())
    found = settled(preset, {"symmetry": None, "output": None, "samples": None, "control": None}, {})
    spec = Spec(**found.values, options=found.options).check("builtin:photos")
    assert spec.symmetry == preset.settings["symmetry"] and spec.samples == preset.settings["samples"]


@pytest.mark.parametrize("name", preset_names())
def test_what_has_no_classifier_is_measured_at_its_features(name):
    for entry in find_preset(name).models:
        classes = timm.models.get_pretrained_cfg(entry.model.removeprefix("timm:")).num_classes
        assert (classes == 0) == (entry.output == "logits"), entry.model


def test_the_study_of_gruver_has_all_names_of_its_list():
    preset = find_preset("gruver2023")
    assert preset.settings["samples"] == 100 and preset.settings["definition"] == "gruver2023"
    was = [entry.tags["published_as"] for entry in preset.models]
    assert (
        len(set(was)) == len(was) == 478 and len(preset.left_out) == 5 and not set(was) & set(preset.left_out)
    )
    kinds = [entry.tags["architecture"] for entry in preset.models]
    families = [point.family for point in preset.published]
    for family, kind in {"CNN": "CNN", "ViT": "transformer", "Mixer": "mixer"}.items():
        assert kinds.count(kind) >= families.count(family) > 0
    assert {e.tags["published_as"]: e.model for e in preset.models}["tv_resnet50"] == "timm:resnet50.tv_in1k"


def test_todays_zoo_has_the_families_that_were_asked_for():
    preset = find_preset("zoo2026")
    families = {entry.tags["family"] for entry in preset.models}
    assert {
        "DINOv2",
        "DINOv3",
        "SigLIP",
        "ConvNeXt-V2",
        "EVA-02",
        "MambaOut",
        "CoAtNet",
        "MaxViT",
    } <= families
    assert preset.settings["samples"] == 500 and preset.settings["control"] == "both"


def test_the_sizes_in_the_tables_are_those_that_are_counted():
    for name, model in {"tryout": "timm:test_vit.r160_in1k", "gruver2023": "timm:resnet18.tv_in1k"}.items():
        known = find_preset(name).sizes.get(model)
        assert known is None or known == size_of(Entry(model))
    assert find_preset("tryout").sizes.keys() == {entry.model for entry in find_preset("tryout").models}


def test_an_unknown_preset_has_one_line():
    check_refused("unknown preset 'gruver23'; did you mean 'gruver2023'?", find_preset, "gruver23")
    check_refused("unknown preset 'x'; choose from gruver2023, tryout, zoo2026", known_preset, "x")
    check_refused("unknown preset '../tryout'", find_preset, "../presets/tryout"[0:3] + "tryout")
