"""By which groups an error vanishes, and which groups act exactly."""

import pytest
from tests.curing.remedies.whole_networks import purpose
from tests.helpers import check_refused

from symmeter.curing.expectation import (
    acts_exactly,
    asked_in_space,
    check_group,
    count_of,
    group_named,
    holds,
    moves_space,
    of_mean,
    turns_space,
)

IMAGES, POINTS, VOLUMES = (purpose("rotation", domain) for domain in ("images", "points", "volumes"))


@pytest.mark.parametrize(
    ("where", "exact", "others"),
    [
        (
            IMAGES,
            ("C4", "D4", "hflip", "C2", "C4*colours"),
            ("C8", "SO2", "shift(1)", "D8", "scale(0.8,1.25)"),
        ),
        (POINTS, ("icosahedral", "C5(y)", "Oh"), ("SO3", "SO2(z)", "translation(1)", "permutation")),
        (VOLUMES, ("octahedral", "C4(z)"), ("C8(z)", "icosahedral", "SO3")),
    ],
)
def test_which_groups_act_exactly(where, exact, others):
    for word in exact:
        assert acts_exactly(group_named(where, word, "averaged"), where), word
    for word in others:
        assert not acts_exactly(group_named(where, word, "averaged"), where), word


def test_a_subgroup_is_held_and_a_larger_group_is_not():
    group = group_named(IMAGES, "C4", "averaged")
    assert holds(group, "C4", IMAGES) and holds(group, "C2", IMAGES)
    for other in ("D4", "hflip", "C8", "SO2", "rotation", "translation", "no such"):
        assert not holds(group, other, IMAGES)


def test_what_turns_and_what_moves_space():
    turning = ("rotation", "rotation_y", "SO3", "SO2(x)", "icosahedral", "C4")
    moving = ("translation", "translation_x", "translation(1,40)")
    neither = ("permutation", "scale", "SE3", "rotation_x,translation_x")
    for word in turning:
        assert turns_space(word, POINTS, mirrors=False) and not moves_space(word, POINTS)
    for word in moving:
        assert moves_space(word, POINTS) and not turns_space(word, POINTS, mirrors=True)
    for word in neither:
        assert not moves_space(word, POINTS) and not turns_space(word, POINTS, mirrors=True)
    assert turns_space("O3", POINTS, mirrors=True) and not turns_space("O3", POINTS, mirrors=False)
    assert not turns_space("rotation", IMAGES, mirrors=True)
    assert asked_in_space(purpose("rotation_x,O3", "points")) == ["O3"] and asked_in_space(IMAGES) == []


def test_how_many_elements_a_mean_has():
    counted = lambda word, where: count_of(group_named(where, word, "averaged"), where)
    assert [counted(word, IMAGES) for word in ("C4", "shift(1)", "shift(2,x)", "shift(9)", "SO2")] == [
        4,
        9,
        5,
        64,
        64,
    ]
    assert [counted(word, POINTS) for word in ("SO3", "O3", "icosahedral")] == [120, 240, 60]
    assert of_mean(2).low == 0 and of_mean(2).high == 1


def test_names_that_mean_nothing_are_one_line():
    check_refused("images have no group 'SO3'", group_named, IMAGES, "SO3", "averaged")
    check_refused("'x' is no group", check_group, "x", "averaged(x)")
