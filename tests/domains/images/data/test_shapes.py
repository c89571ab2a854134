"""The axis of channels is found or asked for; what is no batch of images is called what it is."""

import numpy as np
import pytest
import torch
from tests.helpers import check_refused, images_of
from torch import nn

import symmeter
from symmeter.domains.images.data.shapes import Wanted, channels_first, check_inputs
from symmeter.domains.images.preprocessing import Preprocessing


@pytest.mark.parametrize("channels", [2, 4, 5, 13])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("last", [True, False])
def test_pixels_of_any_number_of_channels_are_divided_by_255(channels, known, last):
    values = np.random.default_rng(0).integers(0, 256, (3, channels, 20, 24), dtype=np.uint8)
    mean, std = tuple(np.linspace(0.1, 0.6, channels)), tuple(np.linspace(0.2, 0.4, channels))
    way = Preprocessing.unknown(channels if known else None).override(mean=mean, std=std)
    assert way.channels == channels
    data = np.ascontiguousarray(values.transpose(0, 2, 3, 1)) if last else values
    expected = (torch.from_numpy(values) / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[
        :, None, None
    ]
    for form in (data, torch.from_numpy(data), [torch.from_numpy(data)], list(torch.from_numpy(data))):
        if isinstance(form, list) and len(form) == 3:  # a list of images is a dataset
            form = [(image, 0) for image in form]
        torch.testing.assert_close(images_of(form, way)[0], expected.float())
    plain = Preprocessing.unknown(channels if known else None)
    torch.testing.assert_close(images_of(data, plain)[0], torch.from_numpy(values) / 255.0)


@pytest.mark.parametrize(("shape", "channels", "last", "found"), [
    ((5, 13, 20, 24), 13, True, (5, 13, 20, 24)),
    ((5, 20, 24, 13), 13, False, (5, 13, 20, 24)),
    ((5, 4, 20, 4), 4, False, (5, 4, 20, 4)),  # both would do
    ((5, 4, 20, 4), 4, True, (5, 4, 4, 20)),
    ((5, 3, 20, 4), 4, False, (5, 4, 3, 20)),  # what the network wants comes before what is usual
    ((5, 7, 20, 24), None, False, (5, 7, 20, 24)),  # the axis that is shorter
    ((5, 20, 24, 7), None, False, (5, 7, 20, 24)),
])  # fmt: skip
def test_the_axis_of_channels(shape, channels, last, found):
    assert channels_first(torch.zeros(shape), Wanted(channels), "pixels", last).shape == found


def test_an_axis_of_channels_is_found_once():
    """(N, H, W, C) whose rows are as many as gray pixels' channels: moved once, not back."""
    values = np.random.default_rng(0).integers(0, 256, (2, 20, 4, 13), dtype=np.uint8)
    images, _, _ = images_of(values, Preprocessing.unknown(13))
    torch.testing.assert_close(images, torch.from_numpy(values).permute(0, 3, 1, 2) / 255.0)


@pytest.mark.parametrize(
    ("wanted", "shape"), [(4, (2, 3, 8, 9)), (13, (2, 4, 8, 9)), (5, (2, 1, 8, 9)), (2, (2, 8, 9, 3))]
)
def test_a_mismatch_names_both_numbers(wanted, shape):
    have = shape[1] if shape[1] < 8 else shape[3]
    words = f"the network wants {wanted} channels, and the images have {have}"
    check_refused(words, images_of, np.zeros(shape, np.uint8), Preprocessing.unknown(wanted))
    check_refused(
        r"pixels of shape \(2, 9, 8, 9\), and the network wants 5 channels",
        images_of, np.zeros((2, 9, 8, 9), np.uint8), Preprocessing.unknown(5),
    )  # fmt: skip


def test_transparency_is_dropped_only_for_a_network_that_does_not_take_it():
    values = np.random.default_rng(0).integers(0, 256, (3, 8, 9, 4), dtype=np.uint8)
    assert images_of(values, Preprocessing.unknown(3))[0].shape == (3, 3, 8, 9)
    assert images_of(values, Preprocessing.unknown(1))[0].shape == (3, 1, 8, 9)
    for channels in (4, None):
        kept = images_of(values, Preprocessing.unknown(channels))[0]
        torch.testing.assert_close(kept[:, 3], torch.from_numpy(values[..., 3]) / 255.0)


ONE, SIGNALS, VOLUMES = (
    "is one image; add a batch axis",
    r"signals \(N, C, L\)",
    r"volumes or video \(N, C, D, H, W\)",
)


@pytest.mark.parametrize(("shape", "wanted", "words", "not_words"), [
    ((3, 32, 40), Wanted(3), ONE, "signals"),
    ((4, 32, 40), Wanted(4), ONE, "signals"),
    ((13, 32, 40), Wanted(13), ONE, "signals"),
    ((32, 40, 3), Wanted(3), ONE, "signals"),
    ((1, 32, 40), Wanted(1), ONE, "signals"),
    ((3, 32, 40), Wanted(None), ONE, "signals"),
    ((6, 1, 128), Wanted(1, 1), SIGNALS, "one image"),
    ((3, 3, 128), Wanted(3, 1), SIGNALS, "one image"),  # the network decides
    ((6, 1, 128), Wanted(1), SIGNALS, "one image"),  # a network that takes one row
    ((6, 1, 128), Wanted(None), SIGNALS, "one image"),
    ((6, 3, 128), Wanted(None), SIGNALS, "one image"),
    ((1, 1, 128), Wanted(None), SIGNALS, "one image"),
    ((3, 4, 128), Wanted(None), ONE + ".*or it is a batch of " + SIGNALS, "volumes"),
    ((6, 28, 28), Wanted(1), r"no axis of channels: give images \(N, 1, H, W\), such as images\[:, None\]", "signals"),
    ((6, 28, 28), Wanted(None), "no axis of channels", "signals"),
    ((2, 1, 8, 16, 16), Wanted(1), VOLUMES, "one image"),
    ((2, 1, 8, 16, 16), Wanted(1, 3), VOLUMES, "one image"),
    ((1, 8, 16, 16), Wanted(1, 3), VOLUMES, "one image"),  # a convolution would take it for one volume
    ((6, 1, 1, 128), Wanted(1, 1), SIGNALS, "one image"),
    ((2, 20, 20, 4), Wanted(4), r"has its channels last; give \(N, C, H, W\)", "signals"),
    ((2, 20), Wanted(3), r"images of shape \(2, 20\); give \(N, C, H, W\)", "signals"),
])  # fmt: skip
def test_what_is_no_batch_of_images_is_called_what_it_is(shape, wanted, words, not_words):
    check_refused(words, check_inputs, shape, wanted, "tensor")
    check_refused(f"^(?!.*{not_words}).*$", check_inputs, shape, wanted, "tensor")


@pytest.mark.parametrize(("shape", "wanted"), [
    ((2, 3, 8, 9), Wanted(3)), ((2, 4, 20, 4), Wanted(4)), ((6, 1, 1, 128), Wanted(1)), ((2, 5, 8, 3), Wanted(None)),
    ((2, 13, 8, 9), Wanted(3)),  # the network has the last word
])  # fmt: skip
def test_batches_of_images_pass(shape, wanted):
    check_inputs(shape, wanted, "tensor")


def test_the_network_tells_signals_from_images():
    net, item = nn.Conv1d(1, 2, 3).eval(), (1, 128)
    for data in (torch.rand(6, *item), [(torch.rand(item), 0) for _ in range(6)]):
        check_refused(SIGNALS, symmeter.measure, net, data, "translation_x", output="logits")


def test_five_axes_are_volumes():
    net, x = nn.Conv3d(1, 2, 3).eval(), torch.rand(6, 1, 8, 16, 16)
    result = symmeter.measure(net, x, "translation_x", output="logits", progress=False)
    assert result.header["spec"]["domain"] == "volumes"
    items = [(one, 0) for one in x]
    check_refused(VOLUMES, symmeter.measure, net, items, "translation_x", output="logits")
