"""A .npy of images: pixels or inputs in any layout, read as they are wanted; hostile ones are one line."""

import numpy as np
import pytest
import torch
from tests.helpers import UNKNOWN, check_refused, images_of, pixels

from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing

SEEN = pixels(5, 6, 8)
EXPECTED = torch.from_numpy(SEEN).movedim(-1, 1) / 255
FLOATS = EXPECTED.numpy()


@pytest.fixture
def saved(tmp_path):
    def save(array):
        np.save(tmp_path / "a.npy", array)
        return tmp_path / "a.npy"

    return save


@pytest.mark.parametrize("array", [
    SEEN, SEEN.transpose(0, 3, 1, 2), np.asfortranarray(SEEN), FLOATS, FLOATS.transpose(0, 2, 3, 1), FLOATS.astype(float),
])  # fmt: skip
def test_many_images_in_any_layout(saved, array):
    images, labels, names = images_of(saved(array))
    torch.testing.assert_close(images, EXPECTED.to(images.dtype))
    assert labels is None and names == [f"image[{i}]" for i in range(5)]


@pytest.mark.parametrize(
    "array", [SEEN[0], SEEN[0].transpose(2, 0, 1), FLOATS[0], FLOATS[0].transpose(1, 2, 0)]
)
def test_one_image(saved, array):
    images, _, _ = images_of(saved(array))
    torch.testing.assert_close(images, EXPECTED[:1])


def test_gray_images(saved):
    gray = Preprocessing.unknown(1)
    torch.testing.assert_close(images_of(saved(SEEN[..., 0]), gray)[0], EXPECTED[:, :1])
    torch.testing.assert_close(images_of(saved(SEEN[0, ..., 0]), gray)[0], EXPECTED[:1, :1])
    torch.testing.assert_close(images_of(saved(FLOATS[0, 0]), gray)[0], EXPECTED[:1, :1])
    torch.testing.assert_close(
        images_of(saved(SEEN[..., 0]), UNKNOWN)[0], EXPECTED[:, :1].expand(-1, 3, -1, -1)
    )


def test_only_what_is_drawn_is_read_and_the_file_is_left_alone(saved):
    path = saved(np.zeros((2, 3, 4, 4), np.float32))
    size = 2**20 * 3 * 16 * 4
    with path.open("r+b") as file:  # of 200 MB that are not there, as far as a disk knows holes
        header = np.lib.format.header_data_from_array_1_0(np.zeros((1, 3, 4, 4), np.float32))
        np.lib.format.write_array_header_1_0(file, header | {"shape": (2**20, 3, 4, 4)})
        file.truncate(file.tell() + size)
    data = open_data(path, UNKNOWN, samples=3)
    (batch,) = data.batches(8)
    assert len(batch.names) == data.total == 3
    batch.inputs.add_(1)
    assert images_of(path, samples=3)[0].sum() == 0


@pytest.mark.parametrize(("array", "words"), [
    (np.zeros((2, 6, 8, 3), np.int32), "images are int32; give float"),
    (np.zeros((2, 6, 8, 3), np.complex64), "complex64"),
    (np.zeros((2, 3, 4, 6, 8), np.float32), "is a batch of volumes"),
    (np.zeros(5, np.float32), "give"),
    (np.zeros((0, 3, 4, 4), np.float32), "give"),
    (np.zeros((), np.uint8), "give"),
    (np.array(["a"]), "images are <U1"),
    (np.zeros((5, 6, 8), np.float32), "give .N, H, W, C. or .N, C, H, W."),
])  # fmt: skip
def test_other_arrays_are_one_line(saved, array, words):
    check_refused(words, images_of, saved(array))


def header(text, size=8):
    """A file that says this of itself."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(size)


@pytest.mark.parametrize("content", [
    b"",
    b"no array",
    header("{'descr': '|u1', 'fortran_order': False, 'shape': (999999999999, 9, 9, 3), }\n"),
    header("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 9, 9, 3), }\n"),
    header("{'descr': '|O', 'fortran_order': False, 'shape': (1, 9, 9, 3), }\n"),
    header("{'descr': '|u1', 'fortran_order': False, 'shape': (1, 9, 9, 3), }" + " " * 60000 + "\n"),
    header("__import__('os').system('touch /tmp/never')\n"),
    header("[" * 9000 + "\n"),
])  # fmt: skip
def test_hostile_headers_are_one_line(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    check_refused("a.npy: not a readable .npy of plain numbers", images_of, tmp_path / "a.npy")


def test_objects_and_archives_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
    check_refused("not a readable .npy of plain numbers", images_of, tmp_path / "a.npy")
    np.savez(tmp_path / "b.npz", images=SEEN)
    (tmp_path / "b.npz").rename(tmp_path / "b.npy")
    check_refused("b.npy: .*it does not begin as one", images_of, tmp_path / "b.npy")
