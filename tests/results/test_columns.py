"""Names of columns as values, and the columns themselves."""

import numpy as np
import pytest

from symmeter.results.columns import BOUNDARY, MAXIMUM, SCALE, SPECIFICITY, STABILITY, Columns, Key


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (Key("lee", "rotation"), "lee:rotation"),
        (Key("lee", "rotation").as_control(), "lee:rotation:control"),
        (Key("lee", "rotation").as_statistic(BOUNDARY), "lee:rotation:boundary"),
        (Key("lee", "rotation").as_control(SPECIFICITY), "lee:rotation:specificity_control"),
        (
            Key("geed", "C4", output="logits:vectors").as_statistic(SCALE).as_control(),
            "geed:C4:logits:vectors:control:scale",
        ),
        (Key("geed", "C4").as_control().as_statistic(MAXIMUM), "geed:C4:control:maximum"),
        (Key("twirled", "C4").as_statistic("loss"), "twirled:C4:loss"),
        (Key("contribution", "rotation", ""), "contribution:rotation:"),
        (Key("norm", "rotation", "blocks.0"), "norm:rotation:blocks.0"),
    ],
)
def test_the_printed_name_of_a_key(key, name):
    assert str(key) == name


def test_keys_are_values():
    assert Key("lee", "rotation").as_control() == Key("lee", "rotation", control=STABILITY)
    assert len({Key("lee", "rotation"), Key("lee", "rotation"), Key("lee", "scaling")}) == 2


def test_columns_join_chunks_in_float64():
    columns = Columns()
    columns.add("label", np.array([1, 2], np.float32))
    columns.add("label", np.array([3], np.float32))
    assert columns["label"].tolist() == [1, 2, 3] and columns["label"].dtype == np.float64
    assert Key("lee", "rotation") not in columns and columns.get(Key("lee", "rotation")) is None


def test_columns_by_name_keep_the_order_of_their_first_values():
    columns = Columns()
    for _ in range(2):
        columns.add(Key("lee", "rotation"), np.array([1.0]))
        columns.add("label", np.array([2.0]))
    assert {name: values.tolist() for name, values in columns.by_name().items()} == {
        "lee:rotation": [1.0, 1.0],
        "label": [2.0, 2.0],
    }
    assert list(columns.by_name()) == ["lee:rotation", "label"]


def test_only_columns_of_the_control_are_discarded():
    """By what a key is, not by how its name is spelled: a layer may have any name."""
    columns = Columns()
    layer = Key("contribution", "rotation", "net.0:control")
    for key in (Key("lee", "rotation"), Key("lee", "rotation").as_control(), layer):
        columns.add(key, np.array([1.0]))
    columns.discard_controls()
    assert list(columns.by_name()) == ["lee:rotation", "contribution:rotation:net.0:control"]
