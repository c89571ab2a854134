"""Boxes and keypoints move as the corners of boxes and as points do, as torchvision moves them."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.affine_map import FLIP_X, FLIP_Y, AffineMap, rotation_by
from symmeter.domains.images.placed.reading import BoxFormat
from symmeter.domains.images.placed.representation import Placed, re_boxed
from symmeter.domains.images.placed.rows import CENTRE, HALF, with_frame
from symmeter.errors import SymmeterError

FRAME = (10, 20)
XYXY = torch.tensor([[1.0, 2, 5, 4], [8, 0, 19, 9.5], [3, 3, 3.5, 8]], dtype=torch.float64)
ELEMENTS = [
    AffineMap(),
    AffineMap(FLIP_X),
    AffineMap(FLIP_Y),
    rotation_by(90),
    AffineMap(shift=(3.0, -2.0), frame=FRAME),
]


def rows(boxes, size=FRAME):
    """Boxes (n, 4) of one image as (1, 1 + n, 7)."""
    centre, half = BoxFormat("xyxy").halves(boxes, size)
    rest = torch.ones(len(boxes), 3, dtype=boxes.dtype)
    return with_frame(torch.cat([centre, half, rest], 1)[None], size)


def corners(moved, size=FRAME):
    """Corners (n, 4) of rows (1, 1 + n, 7)."""
    half = torch.tensor([size[1] / 2, size[0] / 2], dtype=moved.dtype)
    things = moved[0, 1:]
    return torch.cat(
        [things[:, CENTRE] - things[:, HALF], things[:, CENTRE] + things[:, HALF]], 1
    ) + half.repeat(2)


class TestContract(RepresentationContract):
    representation = Placed("keypoints", ((0, 1),))
    elements = ELEMENTS
    example = torch.cat([rows(XYXY), rows(XYXY + 0.25)])
    linear = False  # shifts move the centres


@pytest.mark.parametrize(("flip", "name"), [(FLIP_X, "horizontal_flip"), (FLIP_Y, "vertical_flip")])
def test_flips_are_those_of_torchvision(flip, name):
    v2, tensors = (
        pytest.importorskip("torchvision.transforms.v2"),
        pytest.importorskip("torchvision.tv_tensors"),
    )
    boxes = tensors.BoundingBoxes(XYXY, format="XYXY", canvas_size=FRAME)
    expected = getattr(v2.functional, name)(boxes)
    found = corners(Placed("boxes").act(AffineMap(flip), rows(XYXY))[0])
    assert torch.allclose(found, expected.as_subclass(torch.Tensor))


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 200.0])
@pytest.mark.parametrize("scale", [1.0, 0.7])
def test_affine_maps_of_boxes_are_those_of_torchvision(angle, scale):
    """Its angles count clockwise, and its boxes are those around moved corners, too."""
    v2, tensors = (
        pytest.importorskip("torchvision.transforms.v2"),
        pytest.importorskip("torchvision.tv_tensors"),
    )
    small = XYXY * 0.1 + torch.tensor([9.0, 4, 9, 4])  # inside the frame, which torchvision cuts boxes to
    boxes = tensors.BoundingBoxes(small, format="XYXY", canvas_size=FRAME)
    expected = v2.functional.affine(boxes, angle, [2, 1], scale, [0, 0])
    g = AffineMap(shift=(2.0, 1.0)) @ rotation_by(-angle) @ AffineMap(((scale, 0.0), (0.0, scale)))
    found = corners(Placed("boxes").act(g, rows(small))[0])
    assert torch.allclose(found, expected.as_subclass(torch.Tensor), atol=1e-5)


@pytest.mark.parametrize(("flip", "name"), [(FLIP_X, "horizontal_flip"), (FLIP_Y, "vertical_flip")])
def test_flips_of_keypoints_are_those_of_torchvision(flip, name):
    from symmeter.domains.images.placed.keypoints import KeypointReader

    v2, tensors = (
        pytest.importorskip("torchvision.transforms.v2"),
        pytest.importorskip("torchvision.tv_tensors"),
    )
    if not hasattr(tensors, "KeyPoints"):
        pytest.skip("this torchvision has no keypoints")
    points = torch.tensor([[1.0, 2.0], [19.0, 0.0]], dtype=torch.float64)
    expected = getattr(v2.functional, name)(tensors.KeyPoints(points, canvas_size=FRAME)).as_subclass(
        torch.Tensor
    )
    moved, _ = Placed("keypoints").act(
        AffineMap(flip), KeypointReader()(points[None], torch.zeros(1, 3, *FRAME, dtype=torch.float64))
    )
    found = moved[0, 1:, CENTRE] + torch.tensor([9.5, 4.5])
    assert torch.allclose(found, expected)


def test_on_a_torus_centres_come_back_on_the_other_side():
    g = AffineMap(shift=(6.0, 0.0), frame=FRAME, wrap=True)
    moved, _ = Placed("boxes").act(g, rows(torch.tensor([[17.0, 2, 19, 4]])))
    assert corners(moved).tolist() == [[3.0, 2.0, 5.0, 4.0]]


def test_left_and_right_change_places_under_reflections_only():
    x = rows(XYXY)
    swapping, plain = Placed("keypoints", ((0, 2),)), Placed("keypoints")
    for g, changes in ((AffineMap(FLIP_X), True), (rotation_by(90), False), (rotation_by(180), False)):
        found, without = swapping.act(g, x)[0], plain.act(g, x)[0]
        assert torch.equal(found, without[:, [0, 3, 2, 1]] if changes else without)


def test_boxes_that_grow_when_turned_are_remarked_on():
    turned = [AffineMap(FLIP_X), rotation_by(45)]
    assert "rotate 45" in re_boxed(Placed("boxes"), turned)
    assert re_boxed(Placed("boxes"), ELEMENTS) is None
    assert re_boxed(Placed("keypoints"), turned) is None


def test_there_is_no_derivative():
    from symmeter.domains.grids.generators import GENERATORS

    with pytest.raises(SymmeterError, match="over groups, and rotation is a generator"):
        Placed("boxes").differentiate(GENERATORS["rotation"], rows(XYXY))
