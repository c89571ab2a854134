"""Arrays and tensors: inputs as they are, pixels from any layout, and no layout that is guessed wrong."""

import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import UNKNOWN, check_refused, images_of, pixels

from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.samples import Batch


@pytest.mark.parametrize("make", [torch.from_numpy, np.asarray])
def test_float_arrays_are_network_inputs_as_they_are(make):
    values = np.random.default_rng(0).standard_normal((5, 2, 6, 8))
    images, labels, names = images_of(make(values), Preprocessing(size=(3, 3), channels=2, mean=(5.0,)))
    assert images.dtype == torch.float64
    np.testing.assert_array_equal(images.numpy(), values)
    assert labels is None
    assert names == [f"image[{i}]" for i in range(5)]
    assert open_data(values, UNKNOWN).summary()["preprocessing"] is None


@pytest.mark.parametrize("make", [torch.from_numpy, np.asarray])
@pytest.mark.parametrize("first", [True, False])
def test_uint8_arrays_are_pixels_with_their_channels_at_either_end(make, first):
    values = pixels()
    way = Preprocessing(mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    data = np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if first else values
    images, _, _ = images_of(make(data), way)
    expected = way.normalise(torch.from_numpy(values).permute(0, 3, 1, 2) / 255)
    torch.testing.assert_close(images, expected)
    data = open_data(make(data), way)
    list(data.batches(2))
    assert data.summary()["preprocessing"] == way.to_dict()


def test_gray_pixels_alpha_and_luminance():
    gray = pixels(c=1)[..., 0]
    images, _, _ = images_of(gray)
    assert images.shape == (5, 3, 6, 8)
    np.testing.assert_allclose(images[:, 2].numpy(), gray / 255, atol=1e-6)
    assert images_of(gray, Preprocessing.unknown(1))[0].shape == (5, 1, 6, 8)
    assert images_of(gray[..., None])[0].shape == (5, 3, 6, 8)
    images, _, _ = images_of(pixels(c=4))
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), pixels(c=4)[..., :3] / 255, atol=1e-6)
    images, _, _ = images_of(pixels(), Preprocessing.unknown(1))
    np.testing.assert_allclose(images[:, 0].numpy(), pixels() @ [0.299, 0.587, 0.114] / 255, atol=0.005)


def test_pixels_are_resized_only_where_the_size_is_another():
    values = pixels()
    same, _, _ = images_of(values, Preprocessing(size=(6, 8), crop_pct=0.5))
    np.testing.assert_allclose(same.permute(0, 2, 3, 1).numpy(), values / 255, atol=1e-6)
    way = Preprocessing(size=(4, 4))
    other, _, _ = images_of(values, way)
    torch.testing.assert_close(other[1], way(Image.fromarray(values[1])))


def test_read_only_and_flipped_arrays_are_fine():
    values = pixels()
    values.flags.writeable = False
    images, _, _ = images_of(values[:, ::-1])
    np.testing.assert_allclose(images[0].permute(1, 2, 0).numpy(), values[0, ::-1] / 255, atol=1e-6)


@pytest.mark.parametrize(
    "labels", [[3, 1, -1, 0, 2], np.array([3, 1, -1, 0, 2]), torch.tensor([3.0, 1, -1, 0, 2])]
)
@pytest.mark.parametrize("kind", [tuple, list, dict])
def test_pairs_of_images_and_labels(labels, kind):
    x = torch.rand(5, 3, 4, 4)
    data = {"images": x, "labels": labels} if kind is dict else kind((x, labels))
    images, found, _ = images_of(data)
    assert torch.equal(images, x)
    assert found == [3, 1, -1, 0, 2]
    batch = next(open_data(data, UNKNOWN).batches(2))
    assert isinstance(batch, Batch)
    assert batch.labels is not None
    assert batch.labels.dtype == torch.int64


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (torch.zeros(3, 4, 4), r"shape \(3, 4, 4\) is one image; add a batch axis"),
        (np.zeros((4, 4, 3), np.uint8), "is one image; add a batch axis"),
        (torch.zeros(3, 4, 4, dtype=torch.uint8), "is one image; add a batch axis"),
        (torch.zeros(4, 4), r"images of shape \(4, 4\); give \(N, C, H, W\)"),
        (torch.zeros(1, 1, 3, 4, 4), "give"),
        (torch.zeros(0, 3, 4, 4), "give"),
        (torch.zeros(2, 8, 8, 3), "has its channels last"),
        (torch.zeros(2, 3, 4, 4, dtype=torch.int64), "images are int64; give float network inputs or uint8"),
        (np.array([["a"]]), "give float inputs or uint8 pixels"),
        (np.zeros((2, 5, 6, 7), np.uint8), r"pixels of shape \(2, 5, 6, 7\)"),
        ((torch.zeros(2, 3, 4, 4), [1]), "1 labels for 2 images"),
        ((torch.zeros(2, 3, 4, 4), torch.zeros(2, 10)), r"labels of shape \(2, 10\)"),
        ((torch.zeros(2, 3, 4, 4), [0.5, 1]), "labels must be whole numbers"),
        ((torch.zeros(2, 3, 4, 4), ["cat", "dog"]), "labels must be whole numbers"),
    ],
)
def test_wrong_arrays_give_one_line(data, words):
    check_refused(words, images_of, data)


def test_masks_beside_images_are_not_used_and_this_is_said():
    inputs, pixels = torch.rand(2, 3, 4, 6), np.zeros((2, 4, 6, 3), np.uint8)
    masks = torch.zeros(2, 4, 6, dtype=torch.int64)
    for images, given in ((inputs, masks), (inputs, masks.bool()), (pixels, masks.numpy().astype(np.uint8))):
        samples = open_data((images, given))
        assert samples.notes == ("masks (2, 4, 6) are not used: outputs are compared with each other",)
        assert [batch.labels for batch in samples.batches(2)] == [None]
    for other in (masks.float(), masks[:, :3], masks[:1], masks[:, None]):
        check_refused(r"masks are whole numbers \(N, H, W\)", open_data, (inputs, other))
