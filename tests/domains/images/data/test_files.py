"""Folders, labels.csv, archives and files: read in order, and whatever is wrong with one is told."""

import csv
import io
import json
import sys
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import UNKNOWN, check_refused, images_of, pixels, write

from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing


def test_a_folder_of_images_in_order(tmp_path):
    names = ["b.png", "a.PNG", "c.bmp", "d.tif", "e.webp", "f.ppm", "g.tiff"]
    for seed, name in enumerate(names):
        write(tmp_path, name, seed)
    Image.fromarray(pixels(1)[0]).save(tmp_path / "h.JPEG")
    Image.fromarray(pixels(1)[0, ..., 0]).save(tmp_path / "i.gif")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden.png").write_text("no image")
    (tmp_path / "z.png").mkdir()
    data = open_data(tmp_path, UNKNOWN)
    (batch,) = data.batches(20)
    assert batch.names == ("a.PNG", "b.png", "c.bmp", "d.tif", "e.webp", "f.ppm", "g.tiff", "h.JPEG", "i.gif")
    assert batch.labels is None
    assert data.skipped == []
    torch.testing.assert_close(batch.inputs[1], write(tmp_path, "b.png", 0))
    assert open_data(str(tmp_path / "b.png"), UNKNOWN).total == 1
    files = [tmp_path / "b.png", tmp_path / "c.bmp"]
    assert torch.equal(images_of(files)[0], batch.inputs[1:3])


@pytest.mark.parametrize(
    ("folders", "labels"),
    [(["dog", "ant", "empty"], [0, 0, 1, 1]), (["10", "9"], [10, 10, 9, 9])],
)
def test_class_folders(tmp_path, folders, labels):
    for folder in folders:
        (tmp_path / folder).mkdir()
        for i in range(2 * (folder != "empty")):
            write(tmp_path, f"{folder}/{i}.png")
    (tmp_path / ".cache").mkdir()
    images, found, names = images_of(tmp_path)
    assert found == labels
    assert names[0] == f"{sorted(folders)[0]}/0.png"
    assert len(images) == 4


def test_class_folders_keep_the_number_of_an_empty_one(tmp_path):
    (tmp_path / "bee").mkdir()
    write(tmp_path, "ant/1.png")
    write(tmp_path, "cat/1.png")
    assert images_of(tmp_path)[1] == [0, 2]


def test_samples_of_class_folders_reach_beyond_the_first_class(tmp_path):
    for folder in "abcd":
        for i in range(10):
            write(tmp_path, f"{folder}/{i}.png")
    labels = images_of(tmp_path, samples=8)[1]
    assert labels is not None
    assert len(set(labels)) >= 3
    assert labels == sorted(labels)


def test_sub_folders_beside_images_are_noted(tmp_path):
    write(tmp_path, "a.png")
    write(tmp_path, "more/b.png")
    data = open_data(tmp_path, UNKNOWN)
    assert data.total == 1
    assert data.summary()["notes"] == ["1 sub-folders left out, for images lie beside them"]


def test_labels_csv(tmp_path):
    for i in range(3):
        write(tmp_path, f"{i}.png", i)
    write(tmp_path, "sub/3.png", 3)
    rows = [("2.png", 7, "x"), ("0.png", "", "y"), ("gone.png", 1, "z"), ("sub/3.png", 9, "w")]
    with (tmp_path / "labels.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([("file", "label", "author"), *rows])
    data = open_data(tmp_path, UNKNOWN)
    (batch,) = data.batches(9)
    assert batch.names == ("2.png", "0.png", "sub/3.png")
    assert batch.labels is not None
    assert batch.labels.tolist() == [7, -1, 9]
    assert data.skipped == [("gone.png", "no such file")]
    summary = data.summary()
    assert (summary["used"], summary["skipped"], summary["labelled"]) == (3, 1, True)
    assert json.loads(json.dumps(summary)) == summary


def test_labels_csv_with_names(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        write(tmp_path, name)
    (tmp_path / "labels.csv").write_text("file,label\na.png,wolf\nb.png,ant\nc.png,wolf\n")
    assert images_of(tmp_path)[1] == [1, 0, 1]
    assert (
        "2 label names numbered from 0 in sorted order: ant, wolf"
        in open_data(tmp_path).summary()["notes"][0]
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,label\na.png,1\n", "it needs the columns file and label; it has name, label"),
        ("", "it has nothing"),
        ("file,label\n", "none of the 0 files"),
        ("file,label\nb.png,1\n", "none of the 1 files it names is there"),
        (b"file,label\n\xff\xfe,1\n", "not a readable CSV file"),
    ],
)
def test_wrong_labels_csv_give_one_line(tmp_path, text, words):
    write(tmp_path, "a.png")
    (tmp_path / "labels.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    check_refused(words, images_of, tmp_path)


def broken_files(folder):
    """One good image and one of each kind that cannot be read."""
    write(folder, "good.png")
    buffer = io.BytesIO()
    Image.fromarray(pixels(1, 64, 64)[0]).save(buffer, "JPEG")
    (folder / "cut.jpg").write_bytes(buffer.getvalue()[:700])
    (folder / "text.png").write_text("this is no image")
    (folder / "empty.png").write_bytes(b"")
    Image.new("1", (14000, 14000)).save(folder / "bomb.png")
    Image.new("1", (10000, 9000)).save(folder / "half bomb.png")
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(folder / "nan.tif")
    return ["bomb.png", "cut.jpg", "empty.png", "half bomb.png", "nan.tif", "text.png"]


def test_unreadable_images_are_named_counted_and_skipped(tmp_path):
    bad = broken_files(tmp_path)
    data = open_data(tmp_path, UNKNOWN)
    (batch,) = data.batches(9)
    assert batch.names == ("good.png",)
    assert [name for name, _ in data.skipped] == bad
    reasons = dict(data.skipped)
    assert "truncated" in reasons["cut.jpg"]
    assert reasons["empty.png"] == "an empty file"
    assert reasons["text.png"] == "not an image, or damaged"
    assert "bomb" in reasons["bomb.png"].lower()
    assert "bomb" in reasons["half bomb.png"].lower()
    summary = data.summary()
    assert (summary["total"], summary["used"], summary["skipped"]) == (7, 1, 6)
    assert len(summary["skipped_names"]) == 6
    (tmp_path / "good.png").unlink()
    check_refused("none of the 6 images could be read: bomb.png: ", images_of, tmp_path)


def test_reading_images_warns_of_nothing(tmp_path):
    broken_files(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(open_data(tmp_path, UNKNOWN).batches(3))
    assert caught == []


def test_photographs_are_turned_as_their_exif_data_say(tmp_path):
    image = Image.fromarray(pixels(1)[0])
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", exif=exif)
    images, _, _ = images_of(tmp_path)
    assert images.shape == (1, 3, 8, 6)
    expected = np.rot90(pixels(1)[0], -1) / 255
    np.testing.assert_allclose(images[0].permute(1, 2, 0).numpy(), expected, atol=1e-6)


def test_files_are_read_one_by_one_and_anew_each_time(tmp_path):
    for i in range(4):
        write(tmp_path, f"{i}.png", i)
    data = open_data(tmp_path, UNKNOWN)
    stream = data.batches(1)
    first = next(stream)
    (tmp_path / "3.png").unlink()
    assert len(list(stream)) == 2
    assert data.skipped[0][0] == "3.png"
    assert torch.equal(next(data.batches(1)).inputs, first.inputs)


def test_empty_folders_and_odd_files_give_one_line(tmp_path):
    check_refused("no images in this folder or its sub-folders", images_of, tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("x")
    check_refused("no images in this folder or its sub-folders", images_of, tmp_path)
    check_refused("neither a folder nor .npz nor .npy nor an image", images_of, tmp_path / "a.txt")


def test_missing_pillow_names_the_extra(tmp_path, monkeypatch):
    write(tmp_path, "a.png")
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    check_refused(r"pip install 'symmeter\[vision\]'", images_of, tmp_path)
    assert images_of(pixels())[0].shape == (5, 3, 6, 8)


@pytest.mark.parametrize("channels", [3, 1, None])
def test_npz(tmp_path, channels):
    values = pixels(c=channels) if channels else pixels(c=1)[..., 0]
    np.savez(tmp_path / "a.npz", images=values, labels=np.arange(5))
    images, labels, _ = images_of(tmp_path / "a.npz")
    assert labels == list(range(5))
    assert images.shape == (5, 3, 6, 8)
    np.testing.assert_allclose(images[:, 0].numpy(), values.reshape(5, 6, 8, -1)[..., 0] / 255, atol=1e-6)
    np.savez(tmp_path / "b.npz", images=values)
    assert images_of(tmp_path / "b.npz")[1] is None


def test_npz_has_its_channels_last_where_both_would_do(tmp_path):
    values = pixels(h=3, w=4)
    np.savez(tmp_path / "a.npz", images=values)
    images, _, _ = images_of(tmp_path / "a.npz")
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), values / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": pixels(), "y": np.arange(5)}, "it needs an array named images; it has x, y"),
        ({"images": pixels(), "labels": np.arange(4)}, "4 labels for 5 images"),
        ({"images": pixels() / 255}, "images are float64, and must be uint8 pixels"),
        ({"images": pixels()[0]}, "is one image"),
        ({"images": np.array([{}])}, "not a readable .npz of plain arrays"),
    ],
)
def test_wrong_npz_give_one_line(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    check_refused(words, images_of, tmp_path / "a.npz")


def test_damaged_npz_give_one_line(tmp_path):
    np.savez(tmp_path / "a.npz", images=pixels())
    whole = (tmp_path / "a.npz").read_bytes()
    np.save(tmp_path / "plain.npy", pixels())
    single = (tmp_path / "plain.npy").read_bytes()
    for content in (whole[:300], whole[:-30], b"", b"nonsense", single):
        (tmp_path / "a.npz").write_bytes(content)
        check_refused("not a readable .npz", images_of, tmp_path / "a.npz")


def test_a_network_of_four_channels_takes_transparency_from_files(tmp_path):
    values = pixels(c=4)
    for i, image in enumerate(values):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    images, _, _ = images_of(tmp_path, Preprocessing.unknown(4))
    torch.testing.assert_close(images, torch.from_numpy(values).permute(0, 3, 1, 2) / 255)
    check_refused("wants 5 channels, and the image has 4", images_of, tmp_path, Preprocessing.unknown(5))


def test_a_tiff_of_more_bands_than_pil_reads_is_called_that(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    values = np.random.default_rng(0).integers(0, 256, (8, 9, 6), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig")
    check_refused("a.tif: a TIFF of 6 bands that PIL cannot read: give its pixels as a tensor or an .npz",
                  images_of, tmp_path, Preprocessing.unknown(6))  # fmt: skip
    (tmp_path / "a.tif").write_bytes(b"II*\0nonsense")
    check_refused("a.tif: not an image, or damaged", images_of, tmp_path)


@pytest.mark.parametrize("last", [True, False])
def test_an_archive_of_many_bands(tmp_path, last):
    values = np.random.default_rng(0).integers(0, 256, (3, 13, 8, 9), dtype=np.uint8)
    np.savez(tmp_path / "bands.npz", images=values.transpose(0, 2, 3, 1) if last else values)
    images, _, _ = images_of(tmp_path / "bands.npz", Preprocessing.unknown(13))
    torch.testing.assert_close(images, torch.from_numpy(values) / 255.0)
    resized, _, _ = images_of(tmp_path / "bands.npz", Preprocessing(size=(4, 4), channels=13))
    assert resized.shape == (3, 13, 4, 4)
