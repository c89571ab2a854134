"""A kind of data in one file: this one is a package of its own, found by its entry point, with all that it can do."""

import math
import shutil
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import symmeter
from symmeter.domain import Domain
from symmeter.kinds_of_data import domains
from symmeter.report.store.page import report
from symmeter.samples import Preparation, Samples
from symmeter.source import from_tensors
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.permutations import Symmetric
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.symmetry.tracker import Tracker

BEADS = torch.rand(12, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
NET = nn.Sequential(nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 3)).double().eval()
VOLUME = Generator("volume", "log-unit")


class Bead(Representation):
    """Readings (B, 5): permutations move them, `volume` scales them."""

    def acting(self, x):
        def act(g):
            moved = math.exp(g.t) * x if isinstance(g, Flow) else x[:, list(g.inverse().images)]
            return moved, torch.ones_like(x[0])

        return act

    def differentiate_all(self, generators, x):
        return [x.clone() for _ in generators]

    def describe(self):
        return "beads"


class Follows(Tracker):
    def representation(self, tensor):
        return Bead() if tensor.shape[1:] == (5,) else None


class Beads(Domain):
    name, item, actions = "beads", "string", ("invariant", "beads")
    symmetries = {"S5": "all orders of the beads", "volume": "all readings times a factor"}  # noqa: RUF012

    @classmethod
    def symmetry(cls, word):
        return {"S5": (Symmetric(5, "beads"),), "volume": (VOLUME,)}.get(word, ())

    @classmethod
    def takes(cls, data):
        return str(data).endswith(".beads")

    def open(self, data, model, draw, group=None):
        return Samples(from_tensors(torch.load(data), None, "beads", "string"), Preparation(), draw)

    def rho_in(self, model, group=None):
        return Bead()

    def act_by(self, action, y):
        return Bead() if action == "beads" else Trivial()

    def tracker(self, x):
        return Follows()


@pytest.mark.filterwarnings("error")
def test_it_is_measured_attributed_swept_and_reported(tmp_path, monkeypatch):
    shutil.copy(__file__, tmp_path / "toy_beads.py")
    (tmp_path / "toy-1.dist-info").mkdir()
    (tmp_path / "toy-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1\n")
    (tmp_path / "toy-1.dist-info" / "entry_points.txt").write_text(
        "[symmeter.domains]\nx = toy_beads:Beads\n"
    )
    torch.save(BEADS, tmp_path / "data.beads")
    (tmp_path / "nets.py").write_text("from toy_beads import NET\n\n\ndef build():\n    return NET\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    domains.cache_clear()
    try:
        row, group = symmeter.measure(NET, "data.beads", "volume,S5", output="logits").rows
        _, slope = torch.func.jvp(NET, (BEADS,), (BEADS,))  # d/dt f(exp(t) x) = df(x) x
        assert row.value == pytest.approx(slope.square().mean().item(), rel=1e-12) and group.elements == 120
        profile = symmeter.attribute(NET, "data.beads", "volume", output="logits")
        assert [part.layer for part in profile.rows] == ["", "0", "1", "2"]
        parts = sum(part.value for part in profile.rows if part.terminal)
        assert parts == pytest.approx(row.value, rel=1e-10)
        options = {"output": "logits", "layers": True, "untrained": True, "jobs": 1, "progress": False}
        assert symmeter.sweep("nets.py:build", "data.beads", "store", "S5,volume", **options).complete
        page = Path(report("store", "report.html")).read_text()
        assert "S5" in page and "volume" in page
    finally:
        domains.cache_clear()
        sys.modules.pop("toy_beads", None)
