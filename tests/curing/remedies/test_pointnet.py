"""What remedies without training do for PointNet, trained on upright objects: `python -m tests.curing.remedies.test_pointnet`.

Run so, it prints the table of accuracy and error before and after, with 95 % intervals over clouds.
"""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from tests.curing.remedies.furniture import furniture
from tests.curing.remedies.whole_networks import errors, purpose
from torch import Tensor, nn

from symmeter.curing.listing import parse_remedies
from symmeter.domains.space.motion import rotation_about
from symmeter.domains.space.orthogonal import Orthogonal

pytestmark = pytest.mark.slow


def pointnet_of(data: Path) -> nn.Module:
    spec = importlib.util.spec_from_file_location("shared_models", data / "models.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = module.pointnet_modelnet40()
    net.load_state_dict(torch.load(data / "weights" / "pointnet_modelnet40.pth", weights_only=True))
    return net.eval()


@pytest.fixture(scope="module")
def pointnet(shared_data: Path) -> nn.Module:
    return pointnet_of(shared_data)


def turned(clouds: Tensor, upright: bool) -> Tensor:
    """Each cloud (n, N, 3) by a rotation of its own, about y where it stays upright."""
    random = torch.Generator().manual_seed(1)
    angle = lambda: 360 * float(torch.rand((), generator=random))
    drawn = lambda: rotation_about("y", angle()) if upright else Orthogonal().draw(random)
    return torch.stack([cloud @ drawn().rotation.to(cloud).mT for cloud in clouds])


def cured(word: str, net: nn.Module, symmetry: str = "SO3") -> nn.Module:
    return parse_remedies(word)[0].wrapped(net, purpose(symmetry, "points", inputs="points"))


@torch.no_grad()
def classes(net: nn.Module, clouds: Tensor) -> Tensor:
    return torch.cat([net(part).argmax(1) for part in clouds.split(16)])


def interval(values: Tensor) -> tuple[float, float, float]:
    """A mean (n,) with its 95 % interval."""
    mean, half = float(values.double().mean()), 1.96 * float(values.double().std()) / len(values) ** 0.5
    return mean, mean - half, mean + half


def test_upright_objects_are_known_and_turned_ones_are_not(pointnet: nn.Module):
    x, y = furniture(2)
    assert (classes(pointnet, x) == y).float().mean() > 0.5
    assert (classes(pointnet, turned(x, upright=False)) == y).float().mean() < 0.15


def test_about_the_upright_axis_one_pose_is_more_accurate_and_a_mean_no_less(pointnet: nn.Module):
    x, y = furniture(5)
    x = turned(x, upright=True)
    before = (classes(pointnet, x) == y).float()
    surest = (classes(cured("canonicalised(C8(y))", pointnet, "SO2(y)"), x) == y).float()
    mean = (classes(cured("averaged(SO2(y),8)", pointnet, "SO2(y)"), x) == y).float()
    assert interval(surest - before)[1] > 0
    assert interval(mean - before)[2] > 0 and mean.mean() > before.mean() - 0.02


def test_over_all_rotations_the_error_falls_and_accuracy_does_not_come_back(pointnet: nn.Module):
    """A mean over poses that the network was never shown is stable, and wrong: most of the poses are."""
    x, y = furniture(1)
    words = {"domain": "points", "inputs": "points", "output": "softmax", "elements": 3, "sampling": "haar"}
    (before,) = errors(pointnet, x, "SO3", **words)
    (mean,) = errors(cured("averaged(SO3,12)", pointnet), x, "SO3", **words)
    (frames,) = errors(cured("frames", pointnet), x, "SO3", **words)
    assert mean < before / 2 and frames < before / 1e4
    aligned = classes(cured("frames", pointnet), turned(x, upright=False))
    assert torch.equal(aligned, classes(cured("frames", pointnet), x))
    assert (aligned == y).float().mean() < (classes(pointnet, x) == y).float().mean() - 0.2


def _row(name: str, net: nn.Module, clouds: tuple[Tensor, Tensor, Tensor], y: Tensor, over: str) -> None:
    upright, moved, few = clouds
    hits = [interval((classes(net, x) == y).float()) for x in (upright, moved)]
    words = {"domain": "points", "inputs": "points", "output": "softmax", "elements": 4, "sampling": "haar"}
    (error,) = errors(net, few, over, **words)
    cells = [f"{100 * mean:.1f} [{100 * low:.1f} {100 * high:.1f}]" for mean, low, high in hits]
    print(f"| {name} | {' | '.join(cells)} | {error:.2g} |", flush=True)


def main(each: int = 4) -> None:
    """Print both tables; so many clouds of each kind."""
    net = pointnet_of(Path(__file__).parents[4] / "shared" / "data")
    x, y = furniture(each)
    few = x[::each]
    for upright, over, words in (
        (True, "SO2(y)", ("averaged(SO2(y),8)", "canonicalised(C8(y))")),
        (False, "SO3", ("averaged(SO3,60)", "canonicalised(icosahedral)", "canonicalised(SO3)", "frames")),
    ):
        print(f"\n| {over} | as given | turned | squared error |\n|---|---|---|---|")
        clouds = (x, turned(x, upright), few)
        _row("as it was", net, clouds, y, over)
        for word in words:
            _row(word, cured(word, net, over), clouds, y, over)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
