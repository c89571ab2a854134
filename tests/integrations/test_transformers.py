"""transformers: what the trainer logs is what `symmeter.measure` says of the network as it then is."""

import pytest
import torch
import transformers
from torch.utils.data import Dataset

import symmeter
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.integrations.transformers import SymmetryCallback

pytestmark = pytest.mark.filterwarnings("ignore:'pin_memory' argument is set as true:UserWarning")


class Bars(Dataset):
    """Bars that lie or stand."""

    def __init__(self, n=48, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(2, (n,), generator=generator)
        self.images = torch.rand(n, 3, 16, 16, generator=generator) * 0.3
        for image, label in zip(self.images, self.labels, strict=True):
            image.movedim(int(label) + 1, 1)[:, 6:9] += 1

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return {"pixel_values": self.images[i], "labels": self.labels[i]}


def network():
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=16, patch_size=4,
        num_labels=2, hidden_dropout_prob=0.1,
    )  # fmt: skip
    return transformers.ViTForImageClassification(config)


class Listener(transformers.TrainerCallback):
    """Stands for wandb, TensorBoard or mlflow: hears what is logged."""

    def __init__(self):
        self.heard = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.heard.append(dict(logs))


def trained(folder, *callbacks, bound=True, epochs=2, **options):
    options = {"eval_strategy": "epoch", "logging_strategy": "epoch", "save_strategy": "no"} | options
    arguments = transformers.TrainingArguments(
        str(folder), num_train_epochs=epochs, per_device_train_batch_size=16, learning_rate=1e-2,
        disable_tqdm=True, seed=0, **({"report_to": "none"} | options), use_cpu=True,
    )  # fmt: skip
    trainer = transformers.Trainer(
        network(), arguments, train_dataset=Bars(), eval_dataset=Bars(16, 1), callbacks=list(callbacks)
    )
    for callback in callbacks:
        if bound and isinstance(callback, SymmetryCallback):
            callback.trainer = trainer
    trainer.train()
    return trainer


def logged(trainer):
    return [entry for entry in trainer.state.log_history if "symmetry/rotation" in entry]


def test_what_is_logged_is_what_measure_says(tmp_path):
    images = Bars(16, 1).images
    listener, callback = Listener(), SymmetryCallback("rotation,hflip", images, samples=12)
    trainer = trained(tmp_path, listener, callback)
    first, last = logged(trainer)
    for row in symmeter.measure(trainer.model.eval(), images, "rotation,hflip", samples=12).rows:
        name = f"symmetry/{row.symmetry}"
        assert last[name] == pytest.approx(row.value, rel=1e-6)
        assert last[f"{name}_low"] == pytest.approx(row.interval_low, rel=1e-6)
        assert last[f"{name}_stability"] == pytest.approx(row.stability, rel=1e-6)
    assert (first["epoch"], last["epoch"]) == (1.0, 2.0) and sorted(callback.results) == [1, 2]
    heard = [logs["symmetry/rotation"] for logs in listener.heard if "symmetry/rotation" in logs]
    assert heard == [first["symmetry/rotation"], last["symmetry/rotation"]]
    losses = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == 2  # what is logged beside it is not lost


def test_a_training_goes_the_same_way_with_and_without_it(tmp_path):
    alone = trained(tmp_path / "a").model.state_dict()
    watched = trained(tmp_path / "b", SymmetryCallback("translation", Bars(8).images)).model.state_dict()
    assert all(torch.equal(value, watched[name]) for name, value in alone.items())


def test_the_best_model_and_early_stopping_go_by_it(tmp_path):
    callback = SymmetryCallback("rotation", Bars(8).images)
    stopping = transformers.EarlyStoppingCallback(early_stopping_patience=9)
    trainer = trained(
        tmp_path, callback, stopping, save_strategy="epoch", load_best_model_at_end=True,
        metric_for_best_model="symmetry/rotation", greater_is_better=False,
    )  # fmt: skip
    assert trainer.state.best_metric == min(entry["symmetry/rotation"] for entry in logged(trainer))


def test_without_a_trainer_the_history_has_it(tmp_path):
    callback = SymmetryCallback("rotation", Bars(8).images, every_n_epochs=2)
    trainer = trained(tmp_path, callback, bound=False, epochs=3)
    (entry,) = logged(trainer)
    assert entry["epoch"] == 2.0 and entry["step"] == 6 and list(callback.results) == [2]
    state, arguments = trainer.state, trainer.args
    arguments.report_to = ["wandb"]
    with pytest.warns(SymmeterWarning, match="do not go to wandb: set its attribute trainer"):
        callback.on_train_begin(arguments, state, trainer.control)


def test_an_error_is_a_warning_and_the_training_goes_on(tmp_path):
    images = torch.rand(8, 3, 9, 9)  # the network takes 16 x 16
    with pytest.warns(SymmeterWarning, match=r"epoch \d: no symmetry was measured: the model cannot"):
        trainer = trained(tmp_path / "a", SymmetryCallback("rotation", images))
    assert trainer.state.epoch == 2 and logged(trainer) == []
    with pytest.raises(SymmeterError, match="the model cannot"):
        trained(tmp_path / "b", SymmetryCallback("rotation", images, on_error="raise"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"data": None}, "give data="),
        ({"symmetry": "rotaton"}, "did you mean 'rotation'"),
        ({"samples": 0}, "samples is 0"),
        ({"on_error": "stop"}, "choose from warn, raise"),
        ({"paddin": "zeros"}, "paddin"),
    ],
)
def test_a_mistake_is_said_before_the_training(words, message):
    with pytest.raises(SymmeterError, match=message):
        SymmetryCallback(**{"data": torch.rand(8, 3, 16, 16)} | words)


@pytest.mark.slow
def test_a_longer_training(tmp_path):
    callback = SymmetryCallback("rotation", Bars(16, 1).images, output="logits", every_n_epochs=5)
    trainer = trained(tmp_path, callback, epochs=40)
    values = [entry["symmetry/rotation"] for entry in logged(trainer)]
    assert len(values) == 8
    row = symmeter.measure(trainer.model.eval(), Bars(16, 1).images, "rotation", output="logits").rows[0]
    assert values[-1] == pytest.approx(row.value, rel=1e-6)
    assert [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry][-1] < 0.3
