"""Values of a training are told apart by as few words as will do."""

import pytest

from symmeter.integrations.names import names_of


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([], []),
        ([("lee", "rotation")], ["rotation"]),
        ([("lee", "rotation"), ("geed", "C4")], ["rotation", "C4"]),
        ([("geed", "C4"), ("consistency", "C4")], ["geed/C4", "consistency/C4"]),
        (
            [("layer1", "lee", "scale"), ("layer2", "lee", "scale")],
            ["layer1/scale", "layer2/scale"],
        ),
        (
            [("a", "lee", "hue"), ("a", "geed", "C4"), ("b", "lee", "hue"), ("b", "geed", "C4")],
            ["a/lee/hue", "a/geed/C4", "b/lee/hue", "b/geed/C4"],
        ),
    ],
)
def test_names(rows, names):
    assert names_of(rows) == names
