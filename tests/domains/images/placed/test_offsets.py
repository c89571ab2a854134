"""Detectors whose boxes lie a known distance beside where they should: it is found, and nothing else is taken for that."""

import pytest
import torch
from tests.domains.images.placed.detectors import SIZE, Squares, squares

import symmeter

pytestmark = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")


class Off(Squares):
    """Boxes (dx, dy) pixels too far to the right and down, each by `jitter` pixels more or less, or `larger`."""

    def __init__(self, dx=0.0, dy=0.0, jitter=0.0, larger=0.0, **options):
        super().__init__(**options)
        self.off, self.jitter, self.larger = torch.tensor([dx, dy]), jitter, larger

    def _one(self, image):
        found = super()._one(image)
        random = torch.Generator().manual_seed(int(1000 * image.std()) + int(100 * image[0, :, :30].sum()))
        moved = self.off + self.jitter * torch.randn(len(found["boxes"]), 2, generator=random)
        grown = self.larger * torch.rand(len(moved), 1, generator=random) * torch.tensor([-1.0, -1, 1, 1])
        return found | {"boxes": found["boxes"] + moved.repeat(1, 2) + grown}


def found_of(net, symmetry="D4", images=None, **options):
    """The offsets by axis, what is said of them, and the rows by measure."""
    images = squares(4) if images is None else images
    result = symmeter.measure(
        net.eval(), images, symmetry=symmetry, output="boxes", control=False, progress=False, **options
    )
    along = result.header["spec"]["offsets"].get("boxes", {"along": []})["along"]
    said = [warning for warning in result.warnings if "lies beside where it should" in warning]
    return {one["axis"]: one for one in along}, said, {row.measure: row for row in result.rows}


@pytest.mark.slow
@pytest.mark.parametrize("each", [3, 9])
@pytest.mark.parametrize(("dx", "dy"), [(0.5, 0.5), (-0.25, 0.1), (1.8, 0.0)])
def test_an_offset_is_found_whatever_its_size_and_however_many_boxes_there_are(dx, dy, each):
    offsets, said, _ = found_of(Off(dx, dy), images=squares(4, each=each))
    assert offsets["x"]["value"] == pytest.approx(dx, abs=0.001)
    assert offsets["y"]["value"] == pytest.approx(dy, abs=0.001)
    assert len(said) == 1
    assert said[0].startswith(f"output 'boxes' lies beside where it should, by x {dx:+.3f} [")
    assert (" and y " in said[0]) == (dy != 0)
    assert said[0].endswith("pixels: without that its squared error under flips and turns is 99.99% smaller")


def test_half_a_pixel_shifts_mirrored_boxes_by_a_whole_one():
    offsets, said, rows = found_of(Off(0.5, 0.5), "hflip")
    assert rows["box_error"].value == pytest.approx(1 - (SIZE - 1) / (SIZE + 1), abs=1e-5)
    assert list(offsets) == ["x"]  # a flip says nothing of the other axis
    assert len(said) == 1


def test_boxes_so_far_off_that_none_has_a_partner_are_named_too():
    offsets, said, rows = found_of(Off(2.0), "hflip")
    assert rows["unmatched"].value > 0.5
    assert offsets["x"]["value"] == pytest.approx(2.0, abs=0.001)
    assert len(said) == 1


@pytest.mark.slow
def test_boxes_of_other_places_too_leave_an_interval_with_the_offset_inside():
    offsets, said, _ = found_of(Off(0.5, 0.5, jitter=0.1), images=squares(8))
    for one in offsets.values():
        assert 0.01 < one["high"] - one["low"] < 0.2
        assert one["low"] < 0.5 < one["high"]
    assert len(said) == 1


@pytest.mark.slow
@pytest.mark.parametrize("net", [Squares(), Off(jitter=0.5), Off(larger=1.0), Off(0.5, jitter=2.0)])
def test_boxes_that_are_right_or_wrong_in_another_way_are_not_named(net):
    offsets, said, rows = found_of(net)
    assert said == []
    is_wrong = type(net) is Off
    assert (rows["box_error"].value > 0.01) == is_wrong
    assert is_wrong or offsets == {}


def test_where_few_boxes_have_a_partner_nothing_is_said():
    class OfTheLeft(Off):
        def _one(self, image):
            found = super()._one(image)
            left = found["boxes"][:, 0] < image.shape[-1] / 2 - SIZE / 2
            return found | {"labels": left.long()}

    offsets, said, rows = found_of(OfTheLeft(0.5), "hflip")
    assert rows["unmatched"].value > 0.5
    assert offsets == {}
    assert said == []
