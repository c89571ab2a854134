"""What was given goes before a preset, and that before what is usual."""

import pytest
from tests.helpers import check_refused

from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.presets.preset import Preset, find_preset
from symmeter.sweeps.presets.settled import named, settled, with_output

GIVEN = {"symmetry": None, "output": None, "samples": None, "control": None}
STUDY = Preset("mine", (Entry("timm:a"),), {"symmetry": "C4", "samples": 7, "definition": "bicubic"})


@pytest.mark.parametrize(
    ("study", "given", "options", "values", "of_data", "notes"),
    [
        (None, {}, {}, ("translation", "softmax", None, "both"), {}, ()),
        (None, {"symmetry": "hue"}, {"padding": "zeros"}, ("hue", "softmax", None, "both"), {"padding": "zeros"}, ()),
        (STUDY, {}, {}, ("C4", "softmax", 7, "both"), {"definition": "bicubic"}, ()),
        (STUDY, {"samples": 9, "control": "none"}, {}, ("C4", "softmax", 9, "none"), {"definition": "bicubic"},
         ("samples 9 in place of 7",)),
        (STUDY, {"samples": 7}, {"definition": "sinc"}, ("C4", "softmax", 7, "both"), {"definition": "sinc"},
         ("definition sinc in place of bicubic",)),
    ],
)  # fmt: skip
def test_what_is_in_force(study, given, options, values, of_data, notes):
    found = settled(study, {**GIVEN, **given}, options)
    assert tuple(found.values[name] for name in GIVEN) == values
    assert found.options == of_data and found.notes == notes


def test_a_sweep_needs_models():
    assert named("timm:b") == "timm:b"
    check_refused("no models given: name some, a list of them, or a --preset", named, None)


def test_an_output_that_is_given_goes_before_that_of_single_models():
    entries = list(find_preset("zoo2026").models[:1])
    assert entries[0].output == "logits" and with_output(entries, None) == entries
    assert with_output(entries, "features")[0].output is None
