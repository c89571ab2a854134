"""Corruptions as such: strengths, and how they are found; those of a kind of data are held by its DomainContract."""

import torch

from symmeter.corruption import corruption, corruptions_in
from symmeter.domains.images.domain import Images
from symmeter.kinds_of_data import domains


@corruption("more", "so much is added", 1.0, 10.0)
def more(x, level, random):
    return x + level


def test_strength_counts_levels_from_one_and_zero_is_clean():
    random = torch.Generator()
    assert [float(more(torch.zeros(()), k, random)) for k in (0, 1, 2)] == [0.0, 1.0, 10.0]
    assert list(more.strengths) == [1, 2] and more.family == ""


def test_files_of_a_folder_are_families_and_a_single_file_is_none():
    images = Images.corruptions()
    assert images == corruptions_in("symmeter.domains.images.corruptions")
    assert {one.family for one in images.values()} == {"noise", "blur", "light", "digital"}
    assert images["defocus_blur"].family == images["gaussian_blur"].family == "blur"
    points = domains()["points"].corruptions()
    assert {one.family for one in points.values()} == {""} and "jitter" in points


def test_names_are_unlike_families_and_the_word_for_all():
    for domain in domains().values():
        known = domain.corruptions()
        assert not set(known) & ({one.family for one in known.values()} | {"all", "clean"})
    assert not domains()["atoms"].corruptions()
