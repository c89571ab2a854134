"""A result on corrupted data: what its intervals bear, how it shows itself, and that it comes back from disk."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.results.robustnesses import COUNT, made, one

import symmeter
from symmeter.results.robustness_row import CLEAN, RobustnessRow


def test_rows_are_found_by_words():
    found = made()
    assert found["noise", 3].value_ratio == pytest.approx(0.5, rel=0.05)
    assert found["rotation"].whole and found[CLEAN] is found["rotation"] is found[0]
    assert [row.strength for row in found.along("fog", "rotation", "lee", found[0].output)] == [0, 1, 5]
    assert found.corruptions == ("noise", "fog") and found["fog", 5]["accuracy"] == 0.125


@pytest.mark.parametrize(
    ("times", "control", "said"),
    [
        (0.2, 0.2, "the error falls while stability does not clearly: less sensitive, not more symmetric"),
        (0.2, 1.0, "the error falls and so does stability: more symmetric"),
        (0.5, 0.1, "the error falls while stability rises: less sensitive, and less symmetric"),
        (3.0, 1.0, "the error rises and so does stability: less symmetric"),
        (3.0, 3.0, "the error rises while stability does not clearly: more sensitive, not less symmetric"),
        (3.0, 9.0, "the error rises while stability falls: more sensitive, and more symmetric"),
        (1.0, 3.0, "stability falls, the error does not clearly: more symmetric"),
        (1.0, 0.3, "stability rises, the error does not clearly: less symmetric"),
        (1.0, 1.0, "no clear change of error or stability"),
    ],
)
def test_invariance_and_insensitivity_are_told_apart(times, control, said):
    (line, *_) = made({("fog", 4): one(times, control)}).sentences()
    assert line.startswith(f"fog, rotation: at strength 4 {said}")


def test_a_sentence_says_from_which_strength_on():
    noise, fog, *accuracies = made().sentences()
    assert noise.startswith("noise, rotation: from strength 1 on the error falls while stability does not")
    assert "error x .10 [" in noise and noise.endswith("at 5)")
    assert fog.startswith("fog, rotation: at strength 5 the error rises")
    assert accuracies[0].startswith("noise: accuracy 0.25, -0.25 [-0.")
    assert accuracies[1].startswith("fog: accuracy 0.12, -0.38 [") and accuracies[1].endswith("at strength 5")


def test_a_mean_that_goes_the_other_way_is_said():
    larger = one(3.0)
    few = [replace(row, value=0.01 * row.value) for row in larger.rows]
    found = made({("fog", 5): replace(larger, rows=tuple(few))})
    assert (
        "the error rises" in found.sentences()[0]
        and "but the mean, which a few carry, from " in found.sentences()[0]
    )
    assert "but the mean" not in str(made())


def test_without_a_control_nothing_is_said_of_symmetry():
    def bare(result):
        samples = {name: values for name, values in result.samples.items() if "control" not in name}
        return replace(result, samples=samples)

    found = symmeter.results.robustness.gathered(
        {(CLEAN, 0): bare(one()), ("fog", 2): bare(one(0.2))}, (), {}
    )
    assert "only a control would tell" in found.sentences()[0]


def test_measures_without_values_of_single_images_are_not_compared_and_it_is_said():
    bare = replace(one(0.5), samples={}, sample_names=())
    found = made({("fog", 2): bare, ("noise", 2): one(0.5)})
    assert found["fog"].value_ratio is None and found["noise"].value_ratio < 1
    assert any("not compared with clean data" in line for line in found.warnings)
    assert "fog, rotation: at strength 2 not compared with clean data" in found.sentences()


def test_samples_are_those_of_clean_data_with_gaps():
    fewer = one(0.5)
    kept = {name: values[1:] for name, values in fewer.samples.items()}
    found = made({("fog", 2): replace(fewer, samples=kept, sample_names=fewer.sample_names[1:])})
    column = found.samples["fog 2:lee:rotation"]
    assert np.isnan(column[0]) and np.array_equal(column[1:], kept["lee:rotation"])
    assert len(found.samples_to_pandas()) == COUNT


def test_it_fits_a_terminal_and_a_notebook():
    found = made(symmetries=("rotation", "translation_x"))
    lines = str(found).splitlines()
    assert max(map(len, lines)) <= 80 and "…" not in str(found).split("value:")[0]
    assert sum(line.startswith(("rotation ", "translation_x ")) for line in lines) == 2
    page = found._repr_html_()
    assert "translation_x" in page and "<script" not in page and "[" in page
    wide = found.sheet(200).text(200)
    assert wide.count("/ clean") > str(found).count("/ clean")
    assert repr(found).startswith("<Robustness: LEE of net") and "\n" not in repr(found)
    assert "value / clean .10 [" in str(found["noise", 5, "rotation"])


def test_names_from_outside_are_escaped():
    found = made({("<b>[red]x", 1): one(0.5)})
    assert "&lt;b&gt;" in found._repr_html_() and "<b>[red]x" in str(found)


def test_saved_and_loaded(tmp_path):
    pytest.importorskip("pyarrow", exc_type=ImportError)
    found = made()
    again = symmeter.load(found.save(tmp_path / "r"))
    assert isinstance(again, symmeter.Robustness) and again.rows == found.rows
    assert str(again) == str(found)
    assert all(np.array_equal(again.samples[name], values) for name, values in found.samples.items())
    found.to_json(tmp_path / "r.json")
    content = json.loads((tmp_path / "r.json").read_text())
    assert content["kind"] == "robustness"
    plain = symmeter.load(tmp_path / "r.json")
    assert plain["fog", 5] == found["fog", 5] and isinstance(plain["fog", 5], RobustnessRow)
    frame = found.to_pandas()
    assert len(frame) == 6 and {"corruption", "strength", "value_ratio", "accuracy_change"} <= set(frame)
