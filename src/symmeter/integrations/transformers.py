"""`SymmetryCallback`, a callback of transformers' Trainer: symmetries as values of a training."""

import math
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from symmeter.errors import SymmeterError
from symmeter.integrations.monitor import ARGUMENTS_OF_CALLBACKS, WARN, Monitor
from symmeter.measuring.plan import SymmetryArgument
from symmeter.optional import require
from symmeter.results.result import Result
from symmeter.verbs.arguments import anything
from symmeter.verbs.verb import verb
from symmeter.verbs.warned import warn

if TYPE_CHECKING:
    from torch import nn
    from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments

transformers = require("transformers", "hf")
_OF_EVALUATION = "eval_"  # begins the names among which the best model is looked for


class SymmetryCallback(transformers.TrainerCallback):
    """Measures symmetries at the end of an epoch, and logs them by the trainer to whatever it reports to.

    Logged are `symmetry/rotation`, the ends `_low` and `_high` of its 95 % interval, and `_stability` (see
    `symmeter.results.verdict.MEANINGS`), those that are finite. They are in `state.log_history`, and as
    `eval_symmetry/rotation` among the metrics of the evaluation that follows: so early stopping and
    `metric_for_best_model="symmetry/rotation"` find them (lower is more symmetric: `greater_is_better=False`). The same
    images are measured every time, by every process, and the network is given back as it was. `results` holds all
    results by epoch, verdicts included.

    The trainer tells a callback nothing of itself, and only it can log: give it with `trainer=`, or set the attribute
    `trainer` once it is made. Without it the values are in `state.log_history` and among the metrics alone.

    Args:
        symmetry, data, samples, output: as in `symmeter.measure`.
        every_n_epochs: 1 for every epoch.
        trainer: what logs.
        on_error: `warn` goes on with the training where a measurement fails, `raise` does not.
        settings: other arguments of `symmeter.measure`, such as `measure`, `definition`, `seed` or `domain`.

    Raises:
        SymmeterError: for a mistake in the arguments.

    >>> import torch
    >>> SymmetryCallback("rotation", torch.rand(16, 3, 32, 32), every_n_epochs=5).results
    {}
    """

    @verb(ARGUMENTS_OF_CALLBACKS, trainer=anything, settings=ARGUMENTS_OF_CALLBACKS["options"])
    def __init__(
        self,
        symmetry: SymmetryArgument = "translation",
        data: object = None,
        *,
        every_n_epochs: int = 1,
        samples: int | None = 32,
        output: str = "softmax",
        trainer: "Trainer | None" = None,
        on_error: str = WARN,
        **settings: Any,
    ):
        if data is None:
            raise SymmeterError("SymmetryCallback has no images: give data=, such as the evaluation's")
        settings |= {"symmetry": symmetry, "samples": samples, "output": output}
        self._monitor = Monitor(data, settings, every_n_epochs, on_error)
        self._latest: dict[str, float] = {}
        self.trainer = trainer

    @property
    def results(self) -> dict[int, Result]:
        """What was found, by epoch from 1 on."""
        return self._monitor.results

    def on_train_begin(
        self, args: "TrainingArguments", state: "TrainerState", control: "TrainerControl", **kwargs: object
    ) -> None:
        """Begin anew, and say where the values will not go."""
        self._latest = {}
        if self.trainer is None and args.report_to:
            others = ", ".join(args.report_to)
            warn(
                f"SymmetryCallback has no trainer, so its values do not go to {others}: set its attribute trainer"
            )

    def on_epoch_end(
        self,
        args: "TrainingArguments",
        state: "TrainerState",
        control: "TrainerControl",
        model: "nn.Module | None" = None,
        **kwargs: object,
    ) -> None:
        """Measure and log."""
        epoch = round(state.epoch)
        if not self._monitor.due(epoch):
            return
        found = self._monitor.values(epoch, model)
        self._latest = {
            name: value for name, value in found.items() if math.isfinite(value)
        }  # it is saved as JSON
        if not self._latest:
            return
        if self.trainer is None:
            state.log_history.append({**self._latest, "epoch": state.epoch, "step": state.global_step})
            return
        wanted = control.should_log  # to log is to have logged, and the loss of this epoch still waits
        self.trainer.log(dict(self._latest))
        control.should_log = wanted

    def on_evaluate(
        self,
        args: Any,
        state: Any,
        control: Any,
        metrics: MutableMapping[str, float] | None = None,
        **kwargs: object,
    ) -> None:
        """Put the latest values beside those of the evaluation."""
        if metrics is not None:
            metrics.update({_OF_EVALUATION + name: value for name, value in self._latest.items()})
