"""Clouds and meshes from files and folders, drawn and centred as the options say."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.contracts.domain import inputs_of, names_of
from tests.domains.points.networks import DeepSet
from tests.helpers import check_refused

import symmeter
from symmeter.cli.app import main
from symmeter.domains.points.data import open_points
from symmeter.domains.points.domain import Points
from symmeter.domains.points.files import is_cloud
from symmeter.domains.points.options import PointOptions
from symmeter.draw import Draw
from symmeter.measuring.choice import domain_of

trimesh = pytest.importorskip("trimesh")
CLOUD = np.random.default_rng(0).normal(size=(40, 3))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cloud in every format, and a mesh, each in a folder of its own class."""
    for i, name in enumerate(("a.ply", "b.xyz", "c.off", "d.ply")):
        place = tmp_path / ("even" if i % 2 == 0 else "odd") / name
        place.parent.mkdir(exist_ok=True)
        write(place, CLOUD + i)
    return tmp_path


def write(place: Path, points: np.ndarray) -> None:
    if place.suffix == ".off":
        rows = "\n".join(" ".join(map(repr, map(float, row))) for row in points)
        place.write_text(f"OFF\n{len(points)} 0 0\n{rows}\n")
    else:
        trimesh.PointCloud(points).export(place)


def opened(data: object, draw: Draw | None = None, **options):
    return open_points(
        data if isinstance(data, torch.Tensor) else str(data), PointOptions(**options), draw or Draw()
    )


def test_every_format_gives_its_points(folder: Path):
    for i, place in enumerate(("even/a.ply", "odd/b.xyz", "even/c.off", "odd/d.ply")):
        (batch,) = opened(folder / place).batches(1)
        assert batch.inputs.shape == (1, 40, 3)
        np.testing.assert_allclose(batch.inputs[0].numpy(), CLOUD + i, atol=1e-6)


def test_sub_folders_are_classes(folder: Path):
    (batch,) = opened(folder).batches(8)
    assert batch.names == ("even/a.ply", "even/c.off", "odd/b.xyz", "odd/d.ply")
    assert batch.labels.tolist() == [0, 0, 1, 1]
    result = symmeter.measure(
        DeepSet(True), str(folder), "permutation", "relative_error", "logits", progress=False
    )
    assert result.header["data"]["labelled"] and result.rows[0].n == 4 and result.rows[0].value < 1e-12
    assert result.header["data"]["name"] == folder.name


def test_files_that_cannot_be_read_are_skipped_named_and_counted(folder: Path):
    (folder / "even" / "broken.off").write_text("OFF\nnonsense\n")
    (folder / "odd" / "empty.ply").write_text("")
    with pytest.warns(
        symmeter.SymmeterWarning,
        match=r"2 unreadable sets skipped: .*broken.off .*empty.ply \(an empty file\)",
    ):
        result = symmeter.measure(DeepSet(True), str(folder), "permutation", output="logits", progress=False)
    assert result.rows[0].n == 4 and result.header["data"]["skipped"] == 2 and result.status == "partial"


def test_meshes_give_points_of_their_surface_under_the_seed(tmp_path: Path):
    trimesh.creation.box((1, 2, 4)).export(tmp_path / "box.off")
    check_refused(
        "box.off is a mesh: say how many points .* points=1024", list, opened(tmp_path / "box.off").batches(1)
    )
    drawn = [
        inputs_of(opened(tmp_path / "box.off", Draw(seed=s), points=4000).batches(1))[0] for s in (0, 0, 1)
    ]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    half = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    assert drawn[0].shape == (4000, 3)
    torch.testing.assert_close((drawn[0].abs() / half).amax(1), torch.ones(4000, dtype=torch.float64))
    on_small_faces = ((drawn[0][:, 2].abs() - 2).abs() < 1e-9).double().mean()
    assert float(on_small_faces) == pytest.approx(4 / 28, abs=0.03)  # of the area


def test_fewer_points_are_drawn_under_the_seed_and_keep_their_order(folder: Path):
    whole = inputs_of(opened(folder).batches(1))
    drawn = [inputs_of(opened(folder, Draw(seed=s), points=10).batches(2)) for s in (0, 0, 1)]
    assert (
        drawn[0].shape == (4, 10, 3)
        and torch.equal(drawn[0], drawn[1])
        and not torch.equal(drawn[0], drawn[2])
    )
    for cloud, few in zip(whole, drawn[0], strict=True):
        places = [int((cloud == row).all(1).nonzero()) for row in few]
        assert places == sorted(set(places))
    assert torch.equal(inputs_of(opened(folder, points=40).batches(1)), whole)
    check_refused(
        "points=41: a set has 40 points; give points=40, or fewer", list, opened(folder, points=41).batches(1)
    )


def test_clouds_of_different_sizes_are_refused_and_can_be_drawn(folder: Path):
    write(folder / "odd" / "e.xyz", CLOUD[:20])
    check_refused("sets differ in shape .* draw points=20", list, opened(folder).batches(8))
    assert inputs_of(opened(folder, points=20).batches(8)).shape == (5, 20, 3)


def test_clouds_are_centred_after_they_are_drawn():
    clouds = torch.randn(3, 30, 6, dtype=torch.float64) + 5
    plain, middle, sphere = (
        inputs_of(opened(clouds, points=20, centred=how).batches(3)) for how in (False, True, "unit_sphere")
    )
    assert not torch.allclose(plain.mean(1), torch.zeros(3, 6, dtype=torch.float64))
    for moved in (middle, sphere):
        torch.testing.assert_close(moved[..., :3].mean(1), torch.zeros(3, 3, dtype=torch.float64))
        assert torch.equal(moved[..., 3:], plain[..., 3:])  # normals and colours stay
    torch.testing.assert_close(sphere[..., :3].norm(dim=2).amax(1), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(middle[..., :3] - middle[:, :1, :3], plain[..., :3] - plain[:, :1, :3])
    blank = inputs_of(opened(torch.ones(1, 4, 3), centred="unit_sphere").batches(1))
    assert not blank.any()


def test_paths_say_what_they_are(folder: Path, tmp_path: Path):
    (tmp_path / "none").mkdir()
    water = tmp_path / "none" / "water.xyz"
    water.write_text("3\nwater\nO 0 0 0\nH 1 0 0\nH 0 1 0\n")
    assert not is_cloud(water) and not is_cloud(water.parent)
    water.unlink()
    assert is_cloud(folder / "odd" / "b.xyz") and is_cloud(folder)
    assert is_cloud("gone.ply") and not is_cloud("gone.png") and not is_cloud("builtin:photos")
    assert not is_cloud(tmp_path / "none")
    for symmetry in ("rotation", "SO3", "permutation"):
        assert domain_of(str(folder), symmetry) is Points
    check_refused("gone.ply: no such file or folder", opened, "gone.ply")
    check_refused("no such file", symmeter.measure, DeepSet(True), "gone.ply", "SO3", output="logits")
    check_refused("no sets in this folder", opened, tmp_path / "none")
    (tmp_path / "chair.stl").write_text("")
    check_refused(
        "points are read from ply, off, xyz, a folder of these, or an .npz", opened, tmp_path / "chair.stl"
    )


def test_the_command_line_reads_clouds(folder: Path, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    Path("net.py").write_text(
        "from tests.domains.points.networks import DeepSet\n\ndef build():\n    return DeepSet(True)\n"
    )
    command = [
        "measure",
        "net.py:build",
        "even",
        "--symmetry",
        "permutation",
        "--output",
        "logits",
        "--quiet",
    ]
    assert main(command) == 0 and "2 sets" in capsys.readouterr().out
    options = ["--domain", "points", "--points", "8", "--centred", "unit_sphere"]
    assert main([*command, *options]) == 0 and "2 sets" in capsys.readouterr().out
    assert main([*command, "--domain", "points", "--points", "800"]) == 2
    assert "points=800: a set has 40 points" in capsys.readouterr().err


def test_an_archive_of_several_arrays_is_asked_about(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    clouds = np.random.default_rng(0).normal(size=(4, 8, 3))
    np.savez("one.npz", pos=clouds, labels=np.arange(4), weight=np.ones(4))
    assert inputs_of(opened("one.npz").batches(4)).shape == (4, 8, 3)
    np.savez("two.npz", pos=clouds, normals=clouds)
    check_refused(r"inputs are pos \(4, 8, 3\), normals \(4, 8, 3\): say how", opened, "two.npz")
    Path("net.py").write_text(
        "from torch import nn\n\nclass Facing(nn.Module):\n    def forward(self, pos, normals):\n"
        "        return (pos * normals).sum((1, 2))[:, None]\n"
    )
    command = ["measure", "net.py:Facing", "two.npz", "--symmetry", "SO3", "--output", "logits", "--quiet"]
    for words, verdict in (("pos=points,normals=node vectors", True), ("pos=points", False)):
        assert main([*command, "--inputs", words, "--json", "-"]) == 0
        (row,) = json.loads(capsys.readouterr().out)["rows"]
        assert (row["verdict"] == "not resolved") == verdict


def test_the_package_that_is_missing_is_named(folder: Path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "trimesh", None)
    check_refused(
        r"trimesh is not installed: pip install 'symmeter\[points\]'", Points().check, str(folder), "net"
    )


def test_names_are_those_of_the_draw(folder: Path):
    every = names_of(opened(folder).batches(2))
    assert names_of(opened(folder, Draw(2, 3)).batches(2)) == [
        name for name in every if name in names_of(opened(folder, Draw(2, 3)).batches(1))
    ]
