"""The port from outside: a domain of another package is found by its entry point, and works everywhere."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from tests.contracts.domain import DomainContract
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.kinds_of_data import domains
from symmeter.measuring.measure import measure
from symmeter.report.store.page import report

RINGS = torch.rand(12, 5, generator=torch.Generator().manual_seed(1))


def network(bias: bool = False) -> nn.Module:
    """Linear layers on rings of five."""
    torch.manual_seed(0)
    layers = nn.Linear(5, 5, bias), nn.ReLU(), nn.Linear(5, 3, bias)
    return nn.Sequential(*layers).double().eval()


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package `rings` is installed, as pip would leave it: a module, and a note of its entry point."""
    shutil.copy(Path(__file__).with_name("rings.py"), tmp_path / "rings.py")
    note = tmp_path / "rings-1.0.dist-info"
    note.mkdir()
    (note / "METADATA").write_text("Metadata-Version: 2.1\nName: rings\nVersion: 1.0\n")
    (note / "entry_points.txt").write_text("[symmeter.domains]\nrings = rings:Rings\n")
    (tmp_path / "data.ring").write_text("\n".join(" ".join(map(str, ring.tolist())) for ring in RINGS))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    domains.cache_clear()
    TestRings.domain = domains()["rings"]
    yield
    domains.cache_clear()
    del sys.modules["rings"]


class TestRings(DomainContract):
    data = RINGS
    group = "turn"
    equivariant = (network()[:2].eval(), "volume", "logits:ring")
    broken = (network(), "turn,volume", "logits:invariant")
    outputs: ClassVar = {"invariant": torch.rand(2, 3), "ring": torch.rand(2, 5)}
    good: ClassVar = {"gauge": 2.0}
    bad: ClassVar = {"gauge": 0.0}


def test_it_is_seen_from_the_data_or_said():
    result = measure(network(), RINGS.double(), "turn", output="logits")
    assert result.header["spec"]["domain"] == "rings" and result.rows[0].verdict != "not resolved"
    said = measure(network(), RINGS.double(), "turn", output="logits", domain="rings", gauge=1.0)
    assert said.rows[0].value == result.rows[0].value
    check_refused("have no option 'gouge'; did you mean", measure, network(), RINGS, "turn", gouge=1.0)


def test_along_a_generator_the_value_is_that_of_calculus():
    """d/dt f(exp(t) x) = df(x) x, which is f(x) itself for a network without a bias."""
    net, x = network(), RINGS.double()
    lee = measure(net, x, "volume", output="logits", gauge=2.0).rows[0]
    assert lee.value == pytest.approx(net(x / 2).square().mean().item(), rel=1e-12)
    covariant = measure(net[:2].eval(), x, "volume", output="logits:ring").rows[0]
    assert covariant.verdict == "not resolved"


def test_layers_add_up():
    profile = symmeter.attribute(network(bias=True), RINGS.double(), "volume", output="logits")
    assert [row.layer for row in profile.rows] == ["", "0", "1", "2"]
    parts = sum(row.value for row in profile.rows if row.terminal)
    assert parts == pytest.approx(profile.rows[0].value, rel=1e-10)


@pytest.mark.slow
def test_it_is_swept_and_reported(tmp_path: Path):
    """The worker is another process, which finds the package by itself."""
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n\n\ndef build():\n    return nn.Linear(5, 3).double()\n"
    )
    summary = symmeter.sweep(
        "nets.py:build", "data.ring", "store", "turn,volume", output="logits", jobs=1, layers=True,
        untrained=True, progress=False, gauge=2.0,
    )  # fmt: skip
    assert summary.complete, str(summary)
    page = report("store", "report.html").read_text()
    assert "turn" in page and "volume" in page
