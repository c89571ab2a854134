"""Whether frames of volumes map onto themselves."""

from tests.helpers import check_refused

from symmeter.domains.grids.frames import check_frame, taken_as_cubes
from symmeter.domains.grids.generators_in_space import GENERATORS_IN_SPACE
from symmeter.domains.space.motion import mirror, rotation_about
from symmeter.domains.space.words import groups_of


def check(word: str, sizes, spacing=None) -> None:
    (group,) = groups_of(word)
    check_frame(group, sizes, spacing)


def test_axes_that_are_exchanged_must_be_of_one_length():
    check("octahedral", (8, 8, 8))
    check("C4(z)", (3, 8, 8))
    check("mirror(x)", (3, 5, 8))
    check("SO3", (3, 5, 8))
    check("D2(y)", (3, 5, 8))
    check_refused(
        r"octahedral exchanges axes of a volume of 8 x 8 x 3 positions", check, "octahedral", (3, 8, 8)
    )
    check_refused(r"C4\(x\) exchanges axes", check, "C4(x)", (3, 8, 8))


def test_lengths_count_and_not_voxels():
    check("octahedral", (4, 8, 8), (1.0, 1.0, 2.0))
    check_refused("8 x 8 x 16 mm", check, "octahedral", (8, 8, 8), (1.0, 1.0, 2.0))


def test_cubes_are_doubted_only_where_something_turns():
    far, near, shift = (8, 32, 32), (28, 32, 32), [GENERATORS_IN_SPACE["translation_x"]]
    assert taken_as_cubes(far, [mirror("x")]) and taken_as_cubes(far, [GENERATORS_IN_SPACE["rotation_x"]])
    assert not taken_as_cubes(far, shift) and not taken_as_cubes(near, [rotation_about("x", 90)])
