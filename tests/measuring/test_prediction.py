"""How far LEE predicts, against closed forms and against what was found on a trained network by other code."""

import importlib.util
import json
import math

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.errors import SymmeterWarning

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")
T = (2.0, 1.0, 0.5, 0.1)


class Functional(nn.Module):
    """x (B, 1, H, W) -> <w, x> (B, 1), squared if asked for."""

    def __init__(self, w, squared=False):
        super().__init__()
        self.register_buffer("w", w)
        self.squared = squared

    def forward(self, x):
        y = (x * self.w).flatten(1).sum(1, keepdim=True)
        return y.square() if self.squared else y


def waves(n=16, k=3, images=8):
    """(w, x): sines (n, n), and images (B, 1, n, n) of cosines of the same wavelength and of any size."""
    phase = 2 * math.pi * k * torch.arange(n, dtype=torch.float64) / n
    sizes = torch.rand(images, 1, 1, 1, dtype=torch.float64) + 0.5
    return torch.sin(phase).expand(n, n), sizes * torch.cos(phase).expand(1, 1, n, n)


def test_a_linear_functional_of_a_wave():
    """f(g_t x) = -c sin(omega t): the ratio is sinc(omega t)^2, t in pixels."""
    w, x = waves()
    found = symmeter.prediction_range(
        Functional(w).double(), x, "translation_x", "logits", "periodic", t=T, progress=False
    )
    omega = 2 * math.pi * 3 / 16
    expected = [(math.sin(omega * t) / (omega * t)) ** 2 for t in T]
    assert [row.ratio for row in found.rows] == pytest.approx(expected, rel=1e-9)
    assert {row.t_unit for row in found.rows} == {"pixel"} and {row.n for row in found.rows} == {8}
    assert {row.interval_remark for row in found.rows} == {"the ratio is the same for every value"}
    assert found.reach == {"translation_x": 0.1}  # sinc^2 is .60 at half a pixel
    assert "translation_x: LEE holds within 10% up to 0.1 pixel" in str(found)


def test_a_quadratic_network_under_gain_has_t_in_the_generators_own_unit():
    """f(e^t x) = e^2t f(x) and L f = 2 f: the ratio is ((e^2t - 1) / 2t)^2."""
    w, x = waves()
    x = x + w
    found = symmeter.prediction_range(
        Functional(w, squared=True).double(), x, "gain", "logits", t=(0.5, -0.5, 1e-2), progress=False
    )
    expected = [((math.exp(2 * t) - 1) / (2 * t)) ** 2 for t in (0.5, -0.5, 1e-2)]
    assert [row.ratio for row in found.rows] == pytest.approx(expected, rel=1e-3)
    assert {row.t_unit for row in found.rows} == {"log-unit"}


def test_outputs_on_a_grid_are_moved_back():
    """A circular convolution commutes with every shift; weighed position by position it does not."""
    torch.manual_seed(0)
    x = torch.randn(6, 1, 12, 12, dtype=torch.float64)
    circular = nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular", bias=False).double()
    still = symmeter.prediction_range(
        circular, x, "translation_x", "logits", "periodic", t=(1.0,), progress=False
    )
    assert still.rows[0].interval_remark == "not resolved" and still.reach == {"translation_x": None}
    assert still.to_dict()["rows"][0]["ratio"] is None
    assert "not resolved" in str(still)


def test_a_turn_is_measured_in_pixels_of_the_corners():
    w, x = torch.randn(9, 9, dtype=torch.float64), torch.rand(4, 1, 9, 9, dtype=torch.float64)
    net = Functional(w).double()
    found = symmeter.prediction_range(net, x, "rotation", "logits", t=(1e-3,), progress=False)
    assert found.rows[0].ratio == pytest.approx(1, abs=1e-2)
    rho = Grid(Bandlimited())
    assert rho.reach(symmeter.GENERATORS["rotation"], x) == pytest.approx(math.hypot(4, 4))
    assert rho.reach(symmeter.GENERATORS["translation_x"], x) == pytest.approx(4.5)
    assert rho.reach(symmeter.GENERATORS["hue"], x) is None


def test_the_model_is_given_back_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten(), nn.Linear(72, 2))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = symmeter.prediction_range(net, torch.rand(4, 1, 8, 8), t=(0.5,), batch_size=2, progress=False)
    assert net.training and net[1].training and any("train mode" in note for note in found.warnings)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert len(found.rows) == 2


def test_an_image_with_an_infinite_change_is_left_out():
    w, x = waves()

    class Breaks(Functional):
        def forward(self, x):
            y = super().forward(x)
            return torch.where(y.abs() > 118, torch.inf, y)  # 128 c sin(omega t), c from 0.5 to 1.5

    found = symmeter.prediction_range(
        Breaks(w).double(), x, "translation_x", "logits", "periodic", t=(1.0, 0.01), progress=False
    )
    assert found.rows[0].n < found.rows[1].n == 8


def test_mistakes():
    net, x = nn.Flatten(), torch.rand(4, 1, 8, 8)
    check_refused("t has a 0", symmeter.prediction_range, net, x, t=(1, 0))
    check_refused("t is", symmeter.prediction_range, net, x, t="far")
    check_refused("the range needs one of", symmeter.prediction_range, net, x, "C4")
    check_refused(
        "the range needs all of them", symmeter.prediction_range, net, x, definition="bandlimited(0.5)"
    )
    check_refused("one output at a time", symmeter.prediction_range, net, x, output="logits,softmax")


def test_the_picture_shows_the_rows():
    pytest.importorskip("matplotlib", exc_type=ImportError)
    from symmeter.report.prediction import plot_prediction

    w, x = waves()
    found = symmeter.prediction_range(
        Functional(w).double(), x + w, "translation_x,gain", "logits", t=(1.0, 0.1), progress=False
    )
    ax = plot_prediction(found)
    shown = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert shown[0].get_ydata().tolist() == pytest.approx([row.ratio for row in found.rows[1::-1]])
    assert ax.get_legend_handles_labels()[1] == ["translation x (pixel)", "gain (log-unit)"]
    frame = found.to_pandas()
    assert list(frame["symmetry"]) == ["translation_x"] * 2 + ["gain"] * 2


def resnet20(shared_data):
    """The trained network, and how its images are prepared."""
    spec = importlib.util.spec_from_file_location("shared_models", shared_data / "models.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.cifar10_resnet20()
    model.load_state_dict(torch.load(shared_data / "weights" / "cifar10_resnet20.pth", weights_only=True))
    return model.eval()


def cifar10(shared_data, count):
    pictures = np.load(shared_data / "images" / "cifar10" / "test.npz")["images"][:count]
    x = torch.tensor(pictures).movedim(-1, 1).float() / 255
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


def test_a_trained_network(shared_data):
    """Found by other code: .056, .35, .68, .92, 1.00; the intervals of 48 images hold them."""
    expected = {1: 0.056, 0.5: 0.35, 0.25: 0.68, 0.1: 0.92, 0.03: 1.00}
    found = symmeter.prediction_range(
        resnet20(shared_data), cifar10(shared_data, 48), "translation_x", "logits", progress=False
    )
    for row in found.rows:
        assert row.interval_low * 0.95 < expected[row.t] < row.interval_high * 1.05
    assert found.reach["translation_x"] in (None, 0.03, 0.1)
    json.dumps(found.to_dict())
