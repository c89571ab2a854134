"""Labelled samples: the same in every epoch, in another order, with the classes of the network."""

import pytest
import torch
from torch import nn

from symmeter.curing.labelled import Labelled
from symmeter.errors import SymmeterError
from symmeter.measuring.plan import Given, Settings, make_plan

NET = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).eval()


def labelled(data, batch_size=4, **settings):
    plan = make_plan(NET, Given(data), "translation", None, "softmax", Settings(control=False, **settings))
    found = Labelled(plan, batch_size)
    found.check(NET)
    return found


def numbered(count):
    """Images whose every pixel is their number, and classes 0, 1, 2 in turn."""
    numbers = torch.arange(float(count))
    return numbers[:, None, None, None].expand(-1, 1, 4, 4), numbers.long() % 3


class Stream:
    """Images with classes, of no known number."""

    def __iter__(self):
        return zip(*numbered(6), strict=True)


def epoch(data, number):
    found = list(data.batches(number))
    return torch.cat([x[:, 0, 0, 0] for x, _ in found]), torch.cat([y for _, y in found])


def test_an_epoch_has_all_samples_with_their_classes_in_an_order_of_its_own():
    data = labelled(numbered(12))
    orders = [epoch(data, number) for number in (0, 1, 0)]
    for x, y in orders:
        assert x.sort().values.tolist() == list(range(12))
        assert (x.long() % 3 == y).all()
    assert torch.equal(orders[0][0], orders[2][0]) and not torch.equal(orders[0][0], orders[1][0])
    other = labelled(numbered(12), seed=1)
    assert not torch.equal(epoch(other, 0)[0], orders[0][0])
    assert data.total(3) == 36


def test_fewer_samples_are_the_same_ones_in_every_epoch():
    data = labelled(numbered(40), samples=8)
    (one, _), (other, _) = epoch(data, 0), epoch(data, 1)
    assert len(one) == 8 and torch.equal(one.sort().values, other.sort().values)
    assert not torch.equal(one, other)


def test_samples_without_a_class_and_a_last_one_alone_are_left_out():
    x, y = numbered(9)
    y[3] = -1
    data = labelled((x, y), batch_size=9)
    assert sorted(epoch(data, 0)[0].tolist()) == [0, 1, 2, 4, 5, 6, 7, 8]
    assert len(epoch(labelled(numbered(9), batch_size=4), 0)[0]) == 8


def test_a_stream_has_to_say_how_many_it_has():
    with pytest.raises(SymmeterError, match="does not say how many images it has: say how many to train on"):
        labelled(Stream()).total(1)
    data = labelled(Stream(), samples=4)
    assert data.total(2) == 8 and len(epoch(data, 0)[1]) == 4


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (numbered(9)[0], "0 of the first 4 images with a class"),
        ((numbered(9)[0], numbered(9)[1] + 1), "labels go up to 3, and Sequential has 3 classes"),
    ],
)
def test_what_has_no_classes_of_the_network_is_refused(data, words):
    with pytest.raises(SymmeterError, match=words):
        labelled(data)
