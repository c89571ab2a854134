"""What detectors return becomes rows, whatever its form; what is no such form is said in one line."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.domains.images.placed.test_representation import corners

from symmeter.domains.images.placed.reading import BoxFormat, BoxReader
from symmeter.domains.images.placed.rows import PRESENT
from symmeter.errors import SymmeterError

IMAGES = torch.zeros(2, 3, 10, 20)
BOXES = torch.tensor([[1.0, 2, 5, 4], [8, 0, 18, 9]])


def read(returned, text="", least=0.5, most=4):
    return BoxReader(BoxFormat.parse(text), least, most)(returned, IMAGES)


BETTER_FIRST = [[8.0, 0, 18, 9, 0.875, 3, 1], [1, 2, 5, 4, 0.75, 7, 1]]  # corners, score, class, present


def of_first(rows):
    """What was read of two boxes of the first image; there is nothing else in either."""
    assert rows[:, 1:, PRESENT].sum(1).tolist() == [2, 0]
    return torch.cat([corners(rows[:1])[:2], rows[0, 1:3, 4:]], 1).tolist()


def test_dicts_of_torchvision():
    first = {"boxes": BOXES, "scores": torch.tensor([0.75, 0.875]), "labels": torch.tensor([7, 3])}
    empty = {"boxes": torch.zeros(0, 4), "scores": torch.zeros(0), "labels": torch.zeros(0, dtype=torch.long)}
    assert of_first(read([first, empty])) == BETTER_FIRST
    (alone, _) = read([{"boxes": BOXES}, empty])
    assert alone[1:3, 4:].tolist() == [[1, 0, 1], [1, 0, 1]]


@pytest.mark.parametrize("kind", [torch.tensor, np.array])
def test_arrays_of_ultralytics(kind):
    rows = [[1, 2, 5, 4, 0.75, 7], [8, 0, 18, 9, 0.875, 3.0], [0, 0, 1, 1, 0.25, 1]]
    for empty in (None, np.zeros((0, 6)), torch.zeros(0, 6), np.zeros(0)):
        assert of_first(read([kind(rows), empty])) == BETTER_FIRST
    assert of_first(read([kind(rows), None], "xyxy")) == BETTER_FIRST
    result = SimpleNamespace(boxes=SimpleNamespace(data=kind(rows)))
    assert of_first(read([result, None])) == BETTER_FIRST
    assert of_first(read(torch.tensor([rows, [[0.0] * 6] * 3]))) == BETTER_FIRST


def test_queries_of_detr_are_shares_of_the_frame_and_have_a_class_for_nothing():
    shares = torch.tensor([[3 / 20, 0.3, 4 / 20, 0.2], [13 / 20, 0.45, 0.5, 0.9]])
    scores = torch.full((2, 2, 9), 0.0)
    scores[0, 0, 7], scores[0, 1, 3] = 0.75, 0.875
    scores[..., 8] = 1 - scores.sum(-1)
    logits = scores.log()
    for returned in (
        {"logits": logits, "pred_boxes": shares.expand(2, 2, 4)},
        SimpleNamespace(logits=logits, pred_boxes=shares.expand(2, 2, 4)),
    ):
        rows = read(returned)
        assert torch.allclose(corners(rows[:1])[:2], BOXES.flip(0), atol=1e-5)
        assert torch.allclose(rows[0, 1:3, 4:], torch.tensor([[0.875, 3, 1], [0.75, 7, 1]]))
        assert rows[:, 1:, PRESENT].sum(1).tolist() == [2, 0]


def test_queries_with_sigmoid_have_no_class_for_nothing():
    logits = torch.tensor([[[-9.0, 3.0]], [[-9.0, -9.0]]])
    rows = read({"logits": logits, "pred_boxes": torch.full((2, 1, 4), 0.5)}, "cxcywh,sigmoid")
    assert rows[0, 1, 5] == 1
    assert rows[:, 1:, PRESENT].sum(1).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "box"),
    [("xywh", [1, 2, 4, 2]), ("cxcywh,pixels", [3, 3, 4, 2]), ("cxcywh", [0.15, 0.3, 0.2, 0.2])],
)
def test_coordinates_that_are_said(text, box):
    rows = read([torch.tensor([[*box, 0.9, 1.0]]), None], text)
    assert torch.allclose(corners(rows[:1])[0], BOXES[0], atol=1e-5)


@pytest.mark.parametrize("text", ["xyz", "xyxy,cxcywh", "pixels", "xyxy,metres"])
def test_words_that_are_none(text):
    with pytest.raises(ValueError, match="xyxy, xywh, cxcywh"):
        BoxFormat.parse(text)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (torch.zeros(2, 5, 4), "returned Tensor of shape (2, 5, 4), and boxes are read from a list of dicts"),
        ([{"box": BOXES}] * 2, "returned list of dict, and boxes are read from"),
        ([{"boxes": BOXES}], "those of 1 images for 2"),
        (
            [{"boxes": BOXES, "scores": torch.ones(1)}] * 2,
            "an image has 2 boxes, 1 scores and 2 labels",
        ),
        (
            [{"boxes": BOXES.repeat(3, 1)}] * 2,
            "6 boxes in one image have a score of 0.5 or more, and at most 4",
        ),
    ],
)
def test_what_is_no_form_is_said(returned, words):
    with pytest.raises(SymmeterError) as error:
        read(returned)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "said", "words"),
    [
        ("xywh", "xyxy", "read as xyxy in pixels, and most of them end before they begin"),
        ("cxcywh,pixels", "", "read as xyxy in pixels, and most of them end before they begin"),
        ("cxcywh", "cxcywh,pixels", "read as cxcywh in pixels, and all of them lie in the first pixel"),
        ("xyxy", "xywh", "read as xywh in pixels, and most of them reach far beyond the frame"),
        ("xyxy", "cxcywh", "read as cxcywh in shares, and most of them reach far beyond the frame"),
    ],
)
def test_boxes_in_another_format_than_was_said_are_told_apart(given, said, words):
    boxes = {
        "xyxy": [[6.0, 5, 8, 7], [12, 6, 15, 9], [15, 1, 18, 4]],
        "xywh": [[6.0, 5, 2, 2], [12, 6, 3, 3], [15, 1, 3, 3]],
        "cxcywh,pixels": [[7.0, 6, 2, 2], [13.5, 7.5, 3, 3], [16.5, 2.5, 3, 3]],
        "cxcywh": [[0.35, 0.6, 0.1, 0.2], [0.675, 0.75, 0.15, 0.3], [0.825, 0.25, 0.15, 0.3]],
    }
    arrays = {name: [torch.tensor([[*box, 0.9, 1.0] for box in own]), None] for name, own in boxes.items()}
    right = read(arrays[given], given)
    assert torch.allclose(corners(right[:1])[:3], torch.tensor(boxes["xyxy"]), atol=1e-5)
    with pytest.raises(SymmeterError, match=words):
        read(arrays[given], said)


def test_boxes_and_scores_that_are_no_numbers_are_kept_to_be_said():
    nothing = torch.tensor([[1.0, 2, 5, 4, torch.nan, 1]])
    for rows in (nothing, torch.tensor([[torch.nan, 2, 5, 4, 0.9, 1]])):
        assert read([rows, None])[0, 1].isnan().any()
