"""Batches: drawn under a seed, all of one size, and what cannot be read is named and skipped."""

import pytest
import torch
from tests.helpers import UNKNOWN, Things, check_refused, images_of, write

from symmeter.domains.images.data.open import open_data
from symmeter.errors import SymmeterError


def test_samples_are_a_seeded_subset_in_order():
    x = torch.arange(50.0).view(50, 1, 1, 1)
    chosen = {}
    for seed in (0, 0, 1):
        before = torch.get_rng_state()
        images, labels, names = images_of((x, range(50)), samples=9, seed=seed)
        assert torch.equal(before, torch.get_rng_state())
        values = images.flatten().tolist()
        assert values == sorted(set(values))
        assert labels == values
        assert names == [f"image[{v:.0f}]" for v in values]
        assert chosen.setdefault(seed, values) == values
    assert chosen[0] != chosen[1]
    assert len(chosen[0]) == 9
    assert max(chosen[0]) > 20
    assert open_data(x, UNKNOWN, samples=9).total == 9
    assert open_data(x, UNKNOWN, samples=99).total == 50


def test_a_dataset_item_that_fails_is_skipped_by_name():
    data = open_data(Things([torch.zeros(3, 4, 4), OSError("lost"), torch.ones(3, 4, 4)]), UNKNOWN)
    for _ in range(2):
        (batch,) = data.batches(4)
        assert batch.names == ("image[0]", "image[2]")
        assert data.skipped == [("image[1]", "lost")]
    assert (data.summary()["used"], data.summary()["total"], data.summary()["skipped"]) == (2, 3, 1)


def test_at_most_20_skipped_names_are_listed(tmp_path):
    write(tmp_path, "good.png")
    for i in range(25):
        (tmp_path / f"bad{i:02}.png").write_text("no")
    data = open_data(tmp_path, UNKNOWN)
    list(data.batches(4))
    assert len(data.summary()["skipped_names"]) == 20
    assert data.summary()["skipped"] == 25


def test_images_of_different_sizes_need_a_size(tmp_path):
    write(tmp_path, "a.png", size=(8, 6))
    write(tmp_path, "b.png", size=(5, 7))
    check_refused("images differ in size .8x6, 5x7.: pass --img-size", images_of, tmp_path)
    assert images_of(tmp_path, UNKNOWN.override(img_size=4))[0].shape == (2, 3, 4, 4)
    check_refused("images differ in size", images_of, Things([torch.zeros(3, 4, 4), torch.zeros(3, 5, 4)]))
    check_refused("differ in their channels", images_of, Things([torch.zeros(3, 4, 4), torch.zeros(1, 4, 4)]))


def test_a_batch_has_at_least_one_image():
    with pytest.raises(SymmeterError, match="batch size 0"):
        next(open_data(torch.zeros(1, 3, 2, 2), UNKNOWN).batches(0))
