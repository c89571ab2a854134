"""Lightning: what is logged is what `symmeter.measure` says of the network as it then is."""

import csv
import math
from types import SimpleNamespace

import lightning.pytorch as lightning
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.strategies import FSDPStrategy
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

import symmeter
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.integrations.lightning import SymmetryMonitor, _in_whole

pytestmark = [
    pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*is smaller than the logging interval"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated"),
]


def bars(n=64, seed=0):
    """Bars that lie or stand, with labels: what tells them apart is their rotation."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (n,), generator=generator)
    images = torch.rand(n, 1, 12, 12, generator=generator) * 0.3
    for image, label, place in zip(
        images, labels, torch.randint(2, 9, (n,), generator=generator), strict=True
    ):
        image[0].movedim(int(label), 0)[place : place + 2] += 1
    return TensorDataset(images, labels)


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        layers = [
            nn.Conv2d(1, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, 2),
            nn.Dropout(0.1),
        ]
        self.net = nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), nn.Linear(200, 2))

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, _):
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def validation_step(self, batch, _):
        self.log("val_loss", self.training_step(batch, _))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 1e-2)


def trained(folder, *callbacks, module=None, validated=True, epochs=2, **options):
    lightning.seed_everything(0, verbose=False)
    module = module or Classifier()
    trainer = lightning.Trainer(
        max_epochs=epochs, callbacks=list(callbacks), logger=CSVLogger(folder), default_root_dir=folder,
        accelerator="cpu", enable_progress_bar=False, enable_model_summary=False, **options,
    )  # fmt: skip
    loaders = (DataLoader(bars(), 16, shuffle=True), DataLoader(bars(40, seed=1), 16) if validated else None)
    trainer.fit(module, *loaders)
    return trainer, module


def logged(trainer):
    """The rows of the CSV that have a symmetry."""
    with open(f"{trainer.logger.log_dir}/metrics.csv") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if any(value for name, value in row.items() if name.startswith("symmetry/"))]


def test_what_is_logged_is_what_measure_says(tmp_path):
    monitor = SymmetryMonitor("rotation,C4", samples=24)
    checkpoint = ModelCheckpoint(tmp_path / "best", monitor="symmetry/rotation", mode="min")
    stopping = EarlyStopping("symmetry/rotation_stability", patience=9)
    trainer, module = trained(tmp_path, monitor, checkpoint, stopping)
    first, last = logged(trainer)
    for row in symmeter.measure(module.eval(), bars(40, seed=1), "rotation,C4", samples=24).rows:
        name = f"symmetry/{row.symmetry}"
        assert float(last[name]) == pytest.approx(row.value, rel=1e-5)
        assert float(last[f"{name}_low"]) == pytest.approx(row.interval_low, rel=1e-5)
        high = math.inf if row.interval_high is None else row.interval_high
        assert float(last[f"{name}_high"]) == pytest.approx(high, rel=1e-5)
        assert float(last[f"{name}_stability"]) == pytest.approx(row.stability, rel=1e-5)
        assert last[name] != first[name]
    assert sorted(monitor.results) == [1, 2]
    best = min(float(row["symmetry/rotation"]) for row in (first, last))
    assert checkpoint.best_model_score.item() == pytest.approx(best, rel=1e-5)
    assert not any("verdict" in name for name in last)


def test_a_training_goes_the_same_way_with_and_without_it(tmp_path):
    _, alone = trained(tmp_path / "a")
    _, watched = trained(tmp_path / "b", SymmetryMonitor("translation", samples=8))
    for one, other in zip(alone.state_dict().values(), watched.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert all(module.training for module in watched.modules())


def test_every_second_epoch_of_a_part_of_the_network_on_images_of_its_own(tmp_path):
    images = bars(12, seed=5).tensors[0]
    monitor = SymmetryMonitor(
        "hflip", images, every_n_epochs=2, network="net", output="logits", measure="geed"
    )
    trainer, _ = trained(tmp_path, monitor, validated=False, epochs=3)
    (row,) = logged(trainer)
    assert list(monitor.results) == [2] and row["epoch"] == "1"
    assert float(row["symmetry/hflip"]) == pytest.approx(monitor.results[2].rows[0].value, rel=1e-5)
    assert monitor.results[2].header["model"]["name"] == "Sequential"


def test_validation_alone_is_measured_too(tmp_path):
    monitor = SymmetryMonitor("rotation", samples=8)
    trainer = lightning.Trainer(
        logger=False, default_root_dir=tmp_path, accelerator="cpu", enable_progress_bar=False
    )
    (found,) = trainer.validate(Classifier(), [DataLoader(bars(), 16)], verbose=False)
    assert list(found) == ["val_loss"]
    trainer.callbacks.append(monitor)
    (found,) = trainer.validate(Classifier(), [DataLoader(bars(), 16)], verbose=False)
    assert found["symmetry/rotation"] == pytest.approx(monitor.results[0].rows[0].value, rel=1e-5)


def test_an_error_is_a_warning_and_the_training_goes_on(tmp_path):
    images = torch.rand(7, 1, 5, 5)  # too small for the network
    with pytest.warns(
        SymmeterWarning, match=r"epoch \d: no symmetry was measured: the model .*cannot"
    ) as said:
        trainer, module = trained(tmp_path, SymmetryMonitor("rotation", images))
    assert trainer.current_epoch == 2 and logged(trainer) == []
    assert len([one for one in said if "no symmetry" in str(one.message)]) == 2
    assert all(part.training for part in module.modules())
    with pytest.raises(SymmeterError, match="cannot"):
        trained(tmp_path, SymmetryMonitor("rotation", images, on_error="raise"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"symmetry": "rotaton"}, "did you mean 'rotation'"),
        ({"every_n_epochs": 0}, "every_n_epochs is 0"),
        ({"on_error": "stop"}, "choose from warn, raise"),
        ({"paddin": "zeros"}, "paddin"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"measure": "geed"}, "needs a group"),
    ],
)
def test_a_mistake_is_said_before_the_training(words, message):
    with pytest.raises(SymmeterError, match=message):
        SymmetryMonitor(**words)


def test_what_cannot_be_measured_is_said_when_the_training_begins(tmp_path):
    with pytest.raises(SymmeterError, match="give data="):
        trained(tmp_path, SymmetryMonitor(), validated=False)
    with pytest.raises(SymmeterError, match="Classifier has no such module; it has net"):
        trained(tmp_path, SymmetryMonitor(network="nets"))


def test_weights_that_are_divided_among_processes_are_refused():
    trainer = SimpleNamespace(strategy=FSDPStrategy())
    with pytest.raises(
        SymmeterError, match="needs the whole network on one process, and FSDPStrategy divides it"
    ):
        SymmetryMonitor("rotation").setup(trainer, Classifier(), "fit")


def test_of_a_loader_that_reads_a_part_of_the_images_all_are_taken():
    data = bars(10)
    part = DataLoader(data, 4, sampler=DistributedSampler(data, num_replicas=2, rank=0))
    assert sum(len(images) for images, _ in part) == 5
    for loaders in (part, [part], {"a": part, "b": None}):
        assert sum(len(images) for images, _ in _in_whole(loaders)) == 10
    whole = DataLoader(data, 4)
    assert _in_whole([whole]) is whole


@pytest.mark.slow
def test_a_longer_training_shows_that_the_network_learns_to_tell_turned_bars(tmp_path):
    monitor = SymmetryMonitor("rotation,hflip", samples=32, output="logits")
    trainer, module = trained(tmp_path, monitor, epochs=25)
    rows = logged(trainer)
    values = [float(row["symmetry/rotation"]) for row in rows]
    assert len(values) == 25 and values[-1] > 4 * values[0]
    last = symmeter.measure(module.eval(), bars(40, seed=1), "rotation,hflip", samples=32, output="logits")
    for row in last.rows:
        assert float(rows[-1][f"symmetry/{row.symmetry}"]) == pytest.approx(row.value, rel=1e-5)
