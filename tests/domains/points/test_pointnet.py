"""PointNet, trained on ModelNet40, on clouds of simple solids: what it has by construction, and what it has not learned."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import symmeter

pytestmark = pytest.mark.slow
UPRIGHT = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # the solids stand along z, ModelNet's along y


@pytest.fixture(scope="module")
def pointnet(shared_data: Path) -> nn.Module:
    spec = importlib.util.spec_from_file_location("shared_models", shared_data / "models.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = module.pointnet_modelnet40()
    net.load_state_dict(torch.load(shared_data / "weights" / "pointnet_modelnet40.pth", weights_only=True))
    return net.eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four solids as meshes, y up."""
    solids = pytest.importorskip("trimesh.creation")
    place = tmp_path_factory.mktemp("solids")
    for i in range(4):
        long = 0.5 + 0.5 * i
        made = {
            "box": solids.box((1, 2 - 0.3 * i, long)),
            "cylinder": solids.cylinder(0.5, long),
            "cone": solids.cone(0.5, long),
            "sphere": solids.icosphere(subdivisions=3 if i % 2 else 2, radius=long),
            "torus": solids.torus(1.0, 0.15 + 0.1 * i),
            "capsule": solids.capsule(long, 0.4),
        }
        for name, mesh in made.items():
            mesh.vertices = mesh.vertices @ UPRIGHT.numpy().T
            (place / name).mkdir(exist_ok=True)
            mesh.export(place / name / f"{i}.off")
    return place


@pytest.fixture(scope="module")
def clouds(folder: Path) -> Tensor:
    """The same solids, 256 points of each, (24, 256, 3)."""
    from symmeter.domains.points.data import open_points
    from symmeter.domains.points.options import PointOptions
    from symmeter.draw import Draw

    (batch,) = open_points(str(folder), PointOptions(256, "unit_sphere"), Draw()).batches(24)
    return batch.inputs.float()


def measured(net: nn.Module, data: object, symmetry: str, kind: str = "relative_error", **options):
    options = {"elements": 12, "sampling": "haar", "progress": False, "output": "logits"} | options
    return symmeter.measure(net, data, symmetry, kind, **options)


def test_permutations_are_not_resolved_and_rotations_are(pointnet: nn.Module, folder: Path):
    with pytest.warns(symmeter.SymmeterWarning, match="no accuracy: the data has 6 classes"):
        result = measured(
            pointnet, str(folder), "permutation,SO2(y),SO3", points=256, centred="unit_sphere", elements=24
        )
    permutation, about_y, every = result.rows
    assert permutation.verdict == "not resolved" and permutation.value < 1e-5
    for row in (about_y, every):
        assert row.n == 24 and row.verdict != "not resolved"
        assert 0 < row.interval_low < row.value < row.interval_high
        assert row.value > 1e3 * row.floor and row.control > 0
    assert about_y.value < every.value  # ModelNet's objects stand upright


def test_generators_have_a_stability(pointnet: nn.Module, clouds: Tensor):
    rows = measured(pointnet, clouds, "rotation", "lee").rows
    assert [row.symmetry for row in rows] == ["rotation_x", "rotation_y", "rotation_z"]
    for row in rows:
        assert row.verdict != "not resolved" and row.value > 1e3 * row.floor
        assert row.control is not None and row.control > 0


def test_the_order_of_a_batch_changes_no_number(pointnet: nn.Module, clouds: Tensor):
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    plain = measured(pointnet, clouds, "SO3", control=False, elements=6)
    shuffled = measured(pointnet, clouds[order], "SO3", control=False, elements=6)
    before, after = (torch.from_numpy(one.samples["relative_error:SO3"]) for one in (plain, shuffled))
    torch.testing.assert_close(after, before[order], rtol=1e-4, atol=1e-6)
    assert before.std() > 0.01


def test_a_token_of_the_first_point_is_caught(pointnet: nn.Module, clouds: Tensor):
    class WithToken(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.token = pointnet, nn.Linear(3, 40)

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x) + self.token(x[:, 0])

    (row,) = measured(WithToken().eval(), clouds, "permutation").rows
    assert row.verdict != "not resolved" and row.value > 1e3 * row.floor
