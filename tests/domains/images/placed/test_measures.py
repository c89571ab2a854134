"""Detectors whose symmetry is known, through the whole of a measurement."""

import pytest
import torch
from tests.domains.images.placed.detectors import SIZE, Squares, squares
from torch import nn

import symmeter
from symmeter.errors import SymmeterError

pytestmark = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")


def measured(net, symmetry, images=None, output="boxes", **options):
    images = squares() if images is None else images
    result = symmeter.measure(net.eval(), images, symmetry=symmetry, output=output, progress=False, **options)
    return {row.measure: row for row in result.rows}, result


@pytest.mark.parametrize("symmetry", ["hflip", "D4", "shift(4,crop)", "shift(4)"])
def test_a_detector_by_convolution_and_maximum_is_exact(symmetry):
    rows, result = measured(Squares(), symmetry)
    assert list(rows) == ["box_error", "score_change", "unmatched"]
    assert rows["unmatched"].value == 0
    assert rows["box_error"].value <= 3 * rows["box_error"].floor < 1e-5
    assert rows["score_change"].value <= 3 * rows["score_change"].floor < 1e-5
    assert rows["unmatched"].output == "boxes"
    assert result.elements[0].measure == "set_error"
    assert all(row.value < 1e-5 for row in result.elements if row.measure == "set_error")


def test_boxes_on_a_stride_are_exact_for_multiples_of_it_only():
    rows, result = measured(Squares(stride=2), "shift(4,crop)", squares(12))
    assert rows["box_error"].verdict != "not resolved"
    values = {row.element: row.value for row in result.elements if row.measure == "set_error"}
    whole = [values[f"shift {x} {y}"] for x in (-4, -2, 2, 4) for y in (-4, -2, 2, 4)]
    assert max(whole) < 1e-5
    odd = (SIZE - 1) / (SIZE + 1)  # IoU of squares that are one pixel apart
    assert values["shift 1 0"] == pytest.approx(1 - odd, abs=1e-5)
    both = (SIZE - 1) ** 2 / (2 * SIZE**2 - (SIZE - 1) ** 2)  # by one pixel along both axes: below min_iou
    assert both < 0.5
    assert values["shift -3 3"] == pytest.approx(1.0)
    assert rows["score_change"].value < 1e-5
    share = rows["unmatched"]
    assert 0 <= share.interval_low <= share.value <= share.interval_high <= 1
    assert all(row.standard_error is not None for row in rows.values())


def test_that_no_box_is_lost_says_how_many_may_be():
    images = squares(12)
    rows, result = measured(Squares(), "shift(4,crop)", images)
    assert (rows["unmatched"].value, rows["unmatched"].interval_low) == (0, 0)
    assert 0.1 < rows["unmatched"].interval_high < 0.3  # Wilson's of 12 images is 0.24
    assert all(
        row.interval_high is None or row.interval_high <= 1
        for row in result.elements
        if row.measure == "unmatched"
    )


def test_images_without_boxes_do_not_say_how_many_are_lost():
    """All are in two of twelve images, which are too few for an interval."""
    images = torch.cat([squares(2), torch.zeros(10, *squares(2).shape[1:])])
    alone, _ = measured(Squares(), "shift(4,crop)", squares(2))
    rows, _ = measured(Squares(), "shift(4,crop)", images)
    assert rows["unmatched"].value == alone["unmatched"].value == 0
    assert rows["unmatched"].interval_high is None


def test_boxes_that_reach_too_far_to_one_side_fail_under_flips_alone():
    rows, _ = measured(Squares(wider=2.0), "hflip")
    assert rows["box_error"].value == pytest.approx(1 - SIZE / (SIZE + 4), abs=1e-5)
    assert rows["unmatched"].value == 0
    assert measured(Squares(wider=2.0), "shift(4,crop)")[0]["box_error"].value < 1e-5


def test_a_box_with_too_small_an_overlap_is_no_partner():
    rows, result = measured(Squares(wider=3.0), "hflip")  # IoU 5 / 11
    assert rows["unmatched"].value == 1
    assert rows["box_error"].value != rows["box_error"].value
    assert rows["box_error"].verdict == rows["score_change"].verdict == "no value"
    assert rows["unmatched"].verdict == "too few"
    said = "no box has a partner under hflip: box_error and score_change have no value, read unmatched"
    assert said in result.warnings
    assert "no value" in str(result)
    rows, _ = measured(Squares(wider=3.0), "hflip", min_iou=0.3)
    assert rows["unmatched"].value == 0
    assert rows["box_error"].value == pytest.approx(1 - 5 / 11, abs=1e-5)


def test_elements_under_which_no_box_has_a_partner_are_named():
    """Boxes that are too wide have one where the plane is turned upside down by a flip, and nowhere else."""
    rows, result = measured(Squares(wider=3.0), "D2")
    assert rows["unmatched"].value == pytest.approx(2 / 3)
    assert rows["box_error"].value < 1e-5
    (said,) = [warning for warning in result.warnings if "no box has a partner" in warning]
    assert said.endswith(": box_error and score_change are of the other elements, read unmatched")
    assert "hflip" in said
    assert "vflip" not in said


def test_boxes_that_the_border_cuts_are_left_out():
    """A square at the border leaves the frame of the window: its box is lost in f(g x), and no one is to blame."""
    images = squares(2, each=2)
    images[:, 0, 4:9, 4:9] = 0.9  # at the corner of the window under shift(4,crop)
    rows, _ = measured(Squares(), "shift(4,crop)", images)
    assert rows["unmatched"].value == 0
    assert rows["box_error"].value < 1e-5


def test_the_same_boxes_of_another_class_are_no_partners():
    class OfTheLeft(Squares):
        def _one(self, image):
            found = super()._one(image)
            left = found["boxes"][:, 0] < image.shape[-1] / 2 - SIZE / 2
            return found | {"labels": left.long()}

    rows, _ = measured(OfTheLeft(), "hflip")
    assert rows["unmatched"].value == 1


def test_images_without_boxes_are_said_and_count_for_nothing():
    images = squares()
    images[1] = 0
    rows, result = measured(Squares(), "hflip,shift(4,crop)", images)
    assert rows["unmatched"].value == 0
    assert any("no box in 1 of 4 images" in warning for warning in result.warnings)
    _, result = measured(Squares(), "hflip", torch.zeros_like(images))
    assert any(
        "no box in 4 of 4 images" in warning and "lower min_score" in warning for warning in result.warnings
    )


def test_a_list_is_given_where_a_batch_is_not_taken():
    class OfLists(Squares):
        def forward(self, images):
            assert isinstance(images, list), "give a list of images"
            return super().forward(images)

    assert measured(OfLists(), "hflip")[0]["unmatched"].value == 0


def test_a_function_is_a_detector_too():
    net = Squares().eval()

    def detector(images):
        return [torch.cat([f["boxes"], f["scores"][:, None], f["labels"][:, None]], 1) for f in net(images)]

    result = symmeter.measure(detector, squares(), symmetry="hflip", output="boxes(xyxy)", progress=False)
    assert result.rows[2].value == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"measure": "geed"}, "output 'boxes' is made of boxes, and geed"),
        (
            {"output": "logits", "measure": "unmatched"},
            "compared entry by entry, and unmatched is not for that",
        ),
        ({"symmetry": "translation"}, "boxes are compared over groups, and translation_x is a generator"),
        (
            {"output": "boxes(xyz)"},
            "'boxes(xyz)' is not known; write boxes, boxes(xyxy) or boxes(cxcywh,pixels)",
        ),
        ({"output": "keypoints(swap=1)"}, "write keypoints or keypoints(swap=1-2,3-4)"),
        ({"output": "boxes,logits"}, "so 'logits' cannot stand beside it: measure each by itself"),
        ({"output": "keypoints"}, "keypoints are pixel coordinates (B, K, 2)"),
        ({"min_score": -1}, "min_score"),
    ],
)
def test_mistakes_are_said_in_one_line(options, words):
    class Scores(nn.Module):
        def forward(self, images):
            return images.flatten(1)[:, :4]

    net = Squares() if options.get("output", "boxes").startswith("boxes") else Scores()
    with pytest.raises(SymmeterError) as error:
        measured(net, **({"symmetry": "hflip"} | options))
    assert words in str(error.value)
    assert "\n" not in str(error.value)


class Corners(nn.Module):
    """The centre of brightness, and points to the left and to the right of it; `off` pixels to the right."""

    def __init__(self, off=0.0):
        super().__init__()
        self.off = off

    def forward(self, images):
        weights = images[:, 0] / images[:, 0].sum((1, 2), keepdim=True)
        rows, columns = (torch.arange(n).to(images) for n in images.shape[-2:])
        centre = torch.stack([(weights.sum(1) * columns).sum(1), (weights.sum(2) * rows).sum(1)], -1)
        aside = torch.tensor([5.0, 0.0]).to(images)
        return torch.stack([centre, centre - aside, centre + aside], 1) + torch.tensor([self.off, 0.0]).to(
            images
        )


def test_keypoints_are_points_whose_sides_change_places():
    images = squares(each=2)
    assert measured(Corners(), "hflip", images, "keypoints(swap=1-2)")[0]["keypoint_error"].value < 1e-4
    assert measured(Corners(), "shift(2,crop)", images, "keypoints")[0]["keypoint_error"].value < 1e-4
    without, _ = measured(Corners(), "hflip", images, "keypoints")
    assert without["keypoint_error"].value == pytest.approx(20 / 3, abs=1e-3)
    assert without["keypoint_error"].unit == "pixel"
    moved, _ = measured(Corners(0.5), "hflip", images, "keypoints(swap=1-2)")
    assert moved["keypoint_error"].value == pytest.approx(1.0, abs=1e-3)  # half a pixel, twice


def test_channels_of_heat_maps_change_places():
    class Edges(nn.Module):
        def forward(self, images):
            right = images - images.roll(1, -1)
            return torch.cat([images, right.clamp(min=0), (images - images.roll(-1, -1)).clamp(min=0)], 1)

    images = squares()
    error = {"measure": "relative_error"}
    swapped, _ = measured(Edges(), "hflip", images, "heatmaps(swap=1-2)", **error)
    assert swapped["relative_error"].value < 1e-6
    plain, _ = measured(Edges(), "hflip", images, "logits", **error)
    assert plain["relative_error"].value > 0.1
    with pytest.raises(
        SymmeterError, match="it has 3 channels, numbered from 0, and the swap names number 9"
    ):
        measured(Edges(), "hflip", images, "heatmaps(swap=1-9)")


@pytest.mark.parametrize("word", ["keypoints(swap=1-2)", "heatmaps(swap=1-2)"])
def test_a_swap_that_is_none_is_named(word):
    """Up and down do not change places when left and right do."""

    class Alike(nn.Module):
        def forward(self, images):
            if "heat" in word:
                return torch.cat([images, images.square(), images.exp()], 1)
            return Corners()(images)[:, :1] + torch.tensor([[0.0, 0.0], [0.0, 3.0], [0.0, -3.0]]).to(images)

    _, result = measured(
        Alike(), "hflip", output=word, **({"measure": "relative_error"} if "heat" in word else {})
    )
    assert any("does not exchange left and right" in warning for warning in result.warnings)


class Unsure(Squares):
    """A corner of a box is no number in images that are bright all over."""

    def _one(self, image):
        found = super()._one(image)
        if image.mean() > 0.3:
            found["boxes"][0, 0] = torch.nan
        return found


@pytest.mark.filterwarnings("default::symmeter.errors.SymmeterWarning")
@pytest.mark.parametrize("symmetry", ["hflip", "shift(4,crop)"])
def test_an_image_with_boxes_that_are_no_numbers_is_named_and_left_out(symmetry):
    images = squares(6)
    images[2] += 0.4
    assert (images.mean((1, 2, 3)) > 0.3).tolist() == [False, False, True, False, False, False]
    others = torch.cat([images[:2], images[3:]])
    with pytest.warns(symmeter.errors.SymmeterWarning, match=r"1 image left out, .* infinity: image\[2\]$"):
        rows, result = measured(Unsure(wider=2.0, least=0.5), symmetry, images, control=False)
    expected = measured(Squares(wider=2.0, least=0.5), symmetry, others, control=False)[0]
    assert result.header["status"] == "partial"
    assert len(rows) == 3
    for name, row in rows.items():
        assert row.n == 5
        assert row.value == pytest.approx(expected[name].value, abs=1e-9)


class SurerOfTheLeft(Squares):
    """Scores are smaller at the right, so that only they change under a flip."""

    def _one(self, image):
        found = super()._one(image)
        return found | {"scores": found["scores"] - 0.001 * found["boxes"][:, 0] / image.shape[-1]}


@pytest.mark.parametrize("symmetry", ["hflip", "D4", "shift(4,crop)"])
def test_a_promise_of_boxes_holds_for_an_exact_detector(symmetry):
    result = symmeter.assert_equivariant(Squares().eval(), squares(), symmetry, "boxes")
    assert [row.measure for row in result.rows] == ["set_error", "unmatched", "score_change"]


@pytest.mark.parametrize(("net", "words"), [
    (Squares(wider=2.0), "Squares is not symmetric under hflip: the worst element is 'hflip' with a set error of 4.44e-01"),
    (SurerOfTheLeft(), "SurerOfTheLeft is not symmetric under hflip.* mean over elements"),
    (Squares(least=2.0), "Squares cannot be tested under hflip: there is no value of unmatched: no box in 4 of 4 images"),
])  # fmt: skip
def test_a_promise_of_boxes_is_broken_in_words(net, words):
    with pytest.raises(AssertionError, match=words):
        symmeter.assert_equivariant(net.eval(), squares(), "hflip", "boxes")
    symmeter.assert_equivariant(Squares().eval(), squares(), "hflip", "boxes", tolerance=1e-3)
