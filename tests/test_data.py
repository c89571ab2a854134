"""Data: every source gives the same batches, bad images are named and skipped, and mistakes cost one line."""

import csv
import io
import json
import sys
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from symmeter.data import Batch, open_data
from symmeter.errors import SymmeterError
from symmeter.preprocessing import Preprocessing

UNKNOWN = Preprocessing.unknown()


def pixels(n=5, h=6, w=8, c=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, h, w, c), dtype=np.uint8)


def images_of(data, preprocessing=UNKNOWN, batch_size=2, **kwargs):
    """All images, all labels (None where no batch has any) and all names."""
    batches = list(open_data(data, preprocessing, **kwargs).batches(batch_size))
    assert all(len(b.images) == batch_size for b in batches[:-1])
    labels = [torch.full((len(b.names),), -1) if b.labels is None else b.labels for b in batches]
    known = any(b.labels is not None for b in batches)
    names = [name for b in batches for name in b.names]
    return torch.cat([b.images for b in batches]), torch.cat(labels).tolist() if known else None, names


def refused(words, data, preprocessing=UNKNOWN, **kwargs):
    with pytest.raises(SymmeterError, match=words) as caught:
        list(open_data(data, preprocessing, **kwargs).batches(2))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def write(folder, name, seed=0, size=(8, 6)):
    """A random image file; PNG and the like without loss."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return torch.from_numpy(values).permute(2, 0, 1) / 255


class Things(Dataset):
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        item = self.items[i]
        if isinstance(item, Exception):
            raise item
        return item


class Endless(IterableDataset):
    def __iter__(self):
        for i in range(7):
            yield torch.full((3, 4, 4), float(i)), i


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
        ({"pictures": 1}, "no image in a dictionary with pictures"),
        (3, "images cannot come from int"),
        (None, "images cannot come from NoneType"),
        ([], "no images"),
        (Things([]), "no images"),
        (iter([]), "none of the 0 images could be read"),
        ("builtin:photo", "unknown data 'builtin:photo'; did you mean 'builtin:photos'"),
        ("no/such/place", "no/such/place: no such file or folder"),
    ],
)
def test_wrong_data_give_one_line(data, words):
    refused(words, data)


@pytest.mark.parametrize("samples", [0, -1, 2.5, True])
def test_samples_must_be_a_positive_whole_number(samples):
    refused("give a positive whole number", torch.zeros(2, 3, 4, 4), samples=samples)


def test_samples_are_a_seeded_subset_in_order():
    x = torch.arange(50.0).view(50, 1, 1, 1)
    chosen = {}
    for seed in (0, 0, 1):
        before = torch.get_rng_state()
        images, labels, names = images_of((x, range(50)), samples=9, seed=seed)
        assert torch.equal(before, torch.get_rng_state())
        values = images.flatten().tolist()
        assert values == sorted(set(values))
        assert labels == values
        assert names == [f"image[{v:.0f}]" for v in values]
        assert chosen.setdefault(seed, values) == values
    assert chosen[0] != chosen[1]
    assert len(chosen[0]) == 9
    assert max(chosen[0]) > 20
    assert open_data(x, UNKNOWN, samples=9).total == 9
    assert open_data(x, UNKNOWN, samples=99).total == 50


@pytest.mark.parametrize(
    "wrap",
    [
        lambda x, y: (x, y),
        lambda x, y: (x,),
        lambda x, y: x,
        lambda x, y: {"image": x, "label": y},
        lambda x, y: {"pixel_values": x, "labels": torch.tensor(y), "other": "text"},
        lambda x, y: {"x": x, "y": np.int64(y)},
        lambda x, y: (x, y, "name"),
    ],
)
@pytest.mark.parametrize("kind", ["tensor", "PIL", "array", "gray"])
def test_datasets_of_every_form(wrap, kind):
    values = pixels()
    make = {
        "tensor": lambda v: torch.from_numpy(v).permute(2, 0, 1) / 255,
        "PIL": Image.fromarray,
        "array": np.asarray,
        "gray": lambda v: torch.from_numpy(v[..., 0]),
    }[kind]
    data = Things([wrap(make(v), i) for i, v in enumerate(values)])
    images, labels, _ = images_of(data)
    expected = values if kind != "gray" else values[..., :1].repeat(3, -1)
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), expected / 255, atol=1e-6)
    has_labels = not isinstance(wrap(0, 0), int) and len(wrap(0, 0)) > 1
    assert labels == (list(range(5)) if has_labels else None)


def test_a_dataset_item_that_fails_is_skipped_by_name():
    data = open_data(Things([torch.zeros(3, 4, 4), OSError("lost"), torch.ones(3, 4, 4)]), UNKNOWN)
    for _ in range(2):
        (batch,) = data.batches(4)
        assert batch.names == ("image[0]", "image[2]")
        assert data.skipped == [("image[1]", "lost")]
    assert (data.summary()["used"], data.summary()["total"], data.summary()["skipped"]) == (2, 3, 1)


@pytest.mark.parametrize("loader_batch", [1, 3, 5])
@pytest.mark.parametrize("samples", [None, 4])
def test_loaders_are_rechunked_and_sampled(loader_batch, samples):
    x = torch.rand(10, 3, 4, 4)
    loader = DataLoader(TensorDataset(x, torch.arange(10)), batch_size=loader_batch)
    images, labels, names = images_of(loader, batch_size=2, samples=samples)
    assert labels is not None
    assert torch.equal(images, x[labels])
    assert names == [f"image[{i}]" for i in labels]
    assert labels == (list(range(10)) if samples is None else sorted(labels))
    assert len(labels) == (samples or 10)
    assert open_data(loader, UNKNOWN, samples=samples).total == (samples or 10)
    assert samples is None or images_of(loader, samples=samples)[1] == labels != [0, 1, 2, 3]


def test_loaders_with_an_order_of_their_own_give_it():
    x = torch.arange(10.0).view(10, 1, 1, 1)
    own = DataLoader(TensorDataset(x), sampler=[7, 3, 5, 1], batch_size=3)
    assert images_of(own)[0].flatten().tolist() == [7, 3, 5, 1]
    assert images_of(own, samples=3)[0].flatten().tolist() == [7, 3, 5]
    assert open_data(own, UNKNOWN).total is None
    assert open_data(DataLoader(TensorDataset(x), batch_size=4, drop_last=True), UNKNOWN).total == 8
    assert images_of(DataLoader(TensorDataset(x), batch_size=4, drop_last=True))[0].shape[0] == 8
    alone = DataLoader(TensorDataset(x), batch_size=None)
    assert images_of(alone)[0].flatten().tolist() == list(range(10))


def test_loaders_of_dictionaries_and_of_pil_images():
    rows = Things([{"pixel_values": torch.full((3, 2, 2), float(i)), "labels": i} for i in range(5)])
    assert images_of(DataLoader(rows, batch_size=2))[1] == list(range(5))
    photos = Things([(Image.fromarray(v), i) for i, v in enumerate(pixels())])
    loader = DataLoader(photos, batch_size=2, collate_fn=lambda items: tuple(zip(*items, strict=True)))
    images, labels, _ = images_of(loader)
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), pixels() / 255, atol=1e-6)
    assert labels == list(range(5))


def test_iterables_of_batches():
    x = torch.rand(7, 3, 4, 4)
    batches = [x[:3], x[3:4], x[4:]]
    assert torch.equal(images_of(batches)[0], x)
    assert torch.equal(images_of(iter(batches), samples=2)[0], x[:2])
    assert open_data(batches, UNKNOWN).total == 7
    assert open_data(iter(batches), UNKNOWN).total is None
    labelled = [(x[:3], [0, 1, 2]), (x[3:], ["a"] * 4)]
    labels = images_of(labelled)[1]
    assert labels == [0, 1, 2, -1, -1, -1, -1]
    sampled, _, names = images_of(batches, samples=3, seed=1)
    assert torch.equal(sampled, x[[int(name[6:-1]) for name in names]])
    assert images_of(Endless(), samples=3)[1] == [0, 1, 2]
    assert images_of(DataLoader(Endless(), batch_size=4))[1] == list(range(7))


def test_an_iterator_can_be_read_once():
    data = open_data(iter([torch.rand(3, 3, 4, 4)]), UNKNOWN)
    assert len(list(data.batches(2))) == 2
    with pytest.raises(SymmeterError, match="can be read once only"):
        list(data.batches(2))


def test_a_batch_that_fails_gives_one_line():
    def broken():
        yield torch.rand(1, 3, 4, 4)
        raise RuntimeError("the disk\nis gone")

    refused("reading a batch failed: RuntimeError: the disk", broken())


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
    torch.testing.assert_close(batch.images[1], write(tmp_path, "b.png", 0))
    assert open_data(str(tmp_path / "b.png"), UNKNOWN).total == 1
    files = [tmp_path / "b.png", tmp_path / "c.bmp"]
    assert torch.equal(images_of(files)[0], batch.images[1:3])


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
    refused(words, tmp_path)


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
    refused("none of the 6 images could be read: bomb.png: ", tmp_path)


def test_at_most_20_skipped_names_are_listed(tmp_path):
    write(tmp_path, "good.png")
    for i in range(25):
        (tmp_path / f"bad{i:02}.png").write_text("no")
    data = open_data(tmp_path, UNKNOWN)
    list(data.batches(4))
    assert len(data.summary()["skipped_names"]) == 20
    assert data.summary()["skipped"] == 25


def test_images_of_different_sizes_need_a_size(tmp_path):
    write(tmp_path, "a.png", size=(8, 6))
    write(tmp_path, "b.png", size=(5, 7))
    refused("images differ in size .8x6, 5x7.: pass --img-size", tmp_path)
    assert images_of(tmp_path, UNKNOWN.override(img_size=4))[0].shape == (2, 3, 4, 4)
    refused("images differ in size", Things([torch.zeros(3, 4, 4), torch.zeros(3, 5, 4)]))
    refused("differ in their channels", Things([torch.zeros(3, 4, 4), torch.zeros(1, 4, 4)]))


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
    assert torch.equal(next(data.batches(1)).images, first.images)


def test_empty_folders_and_odd_files_give_one_line(tmp_path):
    refused("no images in this folder or its sub-folders", tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("x")
    refused("no images in this folder or its sub-folders", tmp_path)
    refused("neither a folder nor .npz nor an image", tmp_path / "a.txt")
    with pytest.raises(SymmeterError, match="batch size 0"):
        next(open_data(torch.zeros(1, 3, 2, 2), UNKNOWN).batches(0))


def test_sub_folders_beside_images_are_noted(tmp_path):
    write(tmp_path, "a.png")
    write(tmp_path, "more/b.png")
    data = open_data(tmp_path, UNKNOWN)
    assert data.total == 1
    assert data.summary()["notes"] == ["1 sub-folders left out, for images lie beside them"]


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
    refused(words, tmp_path / "a.npz")


def test_damaged_npz_give_one_line(tmp_path):
    np.savez(tmp_path / "a.npz", images=pixels())
    whole = (tmp_path / "a.npz").read_bytes()
    np.save(tmp_path / "plain.npy", pixels())
    single = (tmp_path / "plain.npy").read_bytes()
    for content in (whole[:300], whole[:-30], b"", b"nonsense", single):
        (tmp_path / "a.npz").write_bytes(content)
        refused("not a readable .npz", tmp_path / "a.npz")


def test_builtin_photographs():
    pytest.importorskip("skimage")
    data = open_data("builtin:photos", UNKNOWN.override(img_size=32))
    (batch,) = data.batches(100)
    assert len(batch.names) == data.total
    assert len(batch.names) >= 15
    assert "astronaut[1]" in batch.names
    assert len(set(batch.names)) == len(batch.names)
    assert data.skipped == []
    flat = batch.images.flatten(1)
    distances = torch.cdist(flat, flat) + 100 * torch.eye(len(flat))
    assert distances.min() > 1
    assert (batch.images[:, 0] - batch.images[:, 2]).abs().mean((1, 2)).min() > 0.01  # in colour


def test_builtin_photographs_are_large_enough_and_need_a_package(monkeypatch):
    pytest.importorskip("skimage")
    sizes = []
    keep = lambda image: sizes.append(image.size) or torch.zeros(3, 2, 2)
    data = open_data("builtin:photos", UNKNOWN)
    monkeypatch.setattr(Preprocessing, "__call__", lambda self, image: keep(image))
    list(data.batches(9))
    assert min(min(size) for size in sizes) >= 224
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    refused(r"pip install 'symmeter\[demo\]'", "builtin:photos")


def test_missing_pillow_names_the_extra(tmp_path, monkeypatch):
    write(tmp_path, "a.png")
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    refused(r"pip install 'symmeter\[vision\]'", tmp_path)
    assert images_of(pixels())[0].shape == (5, 3, 6, 8)


def test_subsets_and_shared_photographs(shared_data):
    photos = shared_data / "images" / "photos"
    data = open_data(photos, UNKNOWN.override(img_size=32), samples=6)
    (batch,) = data.batches(6)
    assert (data.total, data.summary()["labelled"], data.skipped) == (6, True, [])
    assert batch.images.shape == (6, 3, 32, 32)
    with np.load(shared_data / "images" / "cifar10" / "test.npz") as archive:
        rows = Subset(TensorDataset(torch.from_numpy(archive["images"][:50])), range(0, 50, 10))
        expected = archive["images"][:50:10]
    images, _, _ = images_of(rows)
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), expected / 255, atol=1e-6)


def test_reading_images_warns_of_nothing(tmp_path):
    broken_files(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(open_data(tmp_path, UNKNOWN).batches(3))
    assert caught == []
