"""Batches: drawn under a seed, all of one size, and what cannot be read is named and skipped."""

import pytest
import torch
from tests.helpers import UNKNOWN, Things, check_refused, images_of, write

from symmeter.domains.images.data.open import open_data
from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.samples import Preparation, Samples
from symmeter.source import Item, from_tensors, indexed


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


class Rows(Preparation):
    """Samples of any length."""

    varied = True


def of_lengths(lengths, batch_size):
    """The batches of samples of these lengths, each full of its number."""
    tensors = [torch.full((length,), float(i)) for i, length in enumerate(lengths)]
    item = lambda i: Item(f"sample[{i}]", lambda: (tensors[i], None))
    source = indexed(item, len(tensors), "rows", "sample", "sample")
    return list(Samples(source, Rows(), Draw()).batches(batch_size))


def test_samples_of_one_shape_come_together_in_their_order():
    lengths = [2, 3, 2, 3, 3, 2, 4, 3]
    batches = of_lengths(lengths, batch_size=2)
    shapes = [tuple(batch.inputs.shape) for batch in batches]
    assert shapes == [(2, 2), (2, 3), (2, 3), (1, 2), (1, 4)]
    for length in set(lengths):
        found = [v for batch in batches if batch.kind == (length,) for v in batch.inputs[:, 0].tolist()]
        assert found == [i for i, other in enumerate(lengths) if other == length]
    assert sorted(name for batch in batches for name in batch.names) == [f"sample[{i}]" for i in range(8)]


def test_ten_thousand_samples_of_many_shapes_wait_in_constant_memory():
    alive, most = set(), 0

    def load(i):
        nonlocal most
        alive.add(i)
        most = max(most, len(alive))
        return torch.full((1 + (i * i) % 97,), float(i)), None

    source = indexed(lambda i: Item(str(i), lambda: load(i)), 10_000, "rows", "sample", "sample")
    sizes = []
    for batch in Samples(source, Rows(), Draw()).batches(16):
        alive -= set(map(int, batch.names))
        sizes.append(len(batch.names))
    assert sum(sizes) == 10_000 and max(sizes) <= 16 and most <= 4 * 16


def test_one_shape_gives_the_same_batches_whether_or_not_others_may_come():
    tensors = torch.arange(14.0).reshape(7, 2)
    plain = Samples(from_tensors(tensors, None, "", "sample"), Preparation(), Draw()).batches(3)
    varied = Samples(from_tensors(tensors, None, "", "sample"), Rows(), Draw()).batches(3)
    for one, other in zip(plain, varied, strict=True):
        assert torch.equal(one.inputs, other.inputs) and one.names == other.names
        assert one.kind is None and other.kind == (2,)


def test_samples_of_another_shape_are_refused_where_only_one_is_taken():
    tensors = [torch.zeros(2), torch.zeros(3)]
    source = indexed(lambda i: Item(str(i), lambda: (tensors[i], None)), 2, "rows", "sample", "sample")
    check_refused("samples differ in shape", list, Samples(source, Preparation(), Draw()).batches(2))


def test_the_same_samples_in_another_order():
    data = torch.arange(20.0)[:, None, None, None].expand(-1, 1, 2, 2)
    opened = open_data(data, UNKNOWN, samples=8)
    read = lambda: torch.cat([batch.inputs[:, 0, 0, 0] for batch in opened.batches(3)])
    before = read()
    opened.reorder(1)
    one = read()
    opened.reorder(2)
    other = read()
    opened.reorder(1)
    assert before.tolist() == sorted(before.tolist())
    assert torch.equal(read(), one) and not torch.equal(one, other)
    assert set(one.tolist()) == set(other.tolist()) == set(before.tolist()) and len(one) == 8
