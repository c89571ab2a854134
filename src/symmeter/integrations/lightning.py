"""`SymmetryMonitor`, a callback of Lightning: symmetries as values of a training."""

import sys
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler

from symmeter.errors import SymmeterError
from symmeter.integrations.monitor import ARGUMENTS_OF_CALLBACKS, WARN, Monitor
from symmeter.measuring.plan import SymmetryArgument
from symmeter.optional import require
from symmeter.results.result import Result
from symmeter.verbs.verb import verb

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer

# Two names of one library. Its trainers call whatever has the methods, but each has a base class of its own.
_OLDER = "pytorch_lightning" in sys.modules and "lightning" not in sys.modules
lightning = require("pytorch_lightning" if _OLDER else "lightning.pytorch", "lightning")
_SHARDED = ("FSDPStrategy", "DeepSpeedStrategy", "ModelParallelStrategy")


class SymmetryMonitor(lightning.Callback):
    """Measures symmetries at the end of validation, and logs them to whatever logger the trainer has.

    Logged are `symmetry/rotation`, the ends `_low` and `_high` of its 95 % interval, and `_stability` (see
    `symmeter.results.verdict.MEANINGS`), with these names for EarlyStopping and ModelCheckpoint as well: lower is more
    symmetric. The same images are measured every time, so what changes is the network. It is given back as it was. Of
    several processes the first measures, for all of them. `results` holds all results by epoch, verdicts included.

    Args:
        symmetry, samples, output: as in `symmeter.measure`.
        data: what to measure on; None for the first validation loader.
        every_n_epochs: 1 for every validation.
        network: the name of the module to measure, such as `"net"` or `"net.encoder"`; None for `forward` of the
            LightningModule.
        on_error: `warn` goes on with the training where a measurement fails, `raise` does not.
        settings: other arguments of `symmeter.measure`, such as `measure`, `definition`, `seed` or `domain`.

    Raises:
        SymmeterError: for a mistake in the arguments; when the training begins, where there is no data, or where no
            process has the whole network.

    >>> SymmetryMonitor("rotation,C4", every_n_epochs=5).results
    {}
    """

    @verb(ARGUMENTS_OF_CALLBACKS, settings=ARGUMENTS_OF_CALLBACKS["options"])
    def __init__(
        self,
        symmetry: SymmetryArgument = "translation",
        data: object = None,
        *,
        every_n_epochs: int = 1,
        samples: int | None = 32,
        output: str = "softmax",
        network: str | None = None,
        on_error: str = WARN,
        **settings: Any,
    ):
        super().__init__()
        settings |= {"symmetry": symmetry, "samples": samples, "output": output}
        self._monitor = Monitor(data, settings, every_n_epochs, on_error)
        self._network = network

    @property
    def results(self) -> dict[int, Result]:
        """What was found, by epoch from 1 on."""
        return self._monitor.results

    def setup(self, trainer: "Trainer", pl_module: "LightningModule", stage: str) -> None:
        """SymmeterError for what could not be measured once the training runs."""
        strategy = type(trainer.strategy).__name__
        if strategy in _SHARDED:
            raise SymmeterError(
                f"SymmetryMonitor needs the whole network on one process, and {strategy} divides it"
            )
        self._part(pl_module)

    def on_fit_start(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """SymmeterError where there is nothing to measure on."""
        if self._monitor.data is None and not trainer.enable_validation:
            raise SymmeterError(
                "SymmetryMonitor has no images: give data=, or the trainer a validation loader"
            )

    def on_validation_epoch_end(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Measure and log; nothing in the trial validation before a training."""
        if trainer.sanity_checking:
            return
        fitting = trainer.state.fn == "fit"
        epoch = trainer.current_epoch + fitting
        if self._monitor.due(epoch) or not fitting:
            self._log(trainer, pl_module, epoch)

    def on_train_epoch_end(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """The same for a training without validation."""
        epoch = trainer.current_epoch + 1
        if not trainer.enable_validation and self._monitor.due(epoch):
            self._log(trainer, pl_module, epoch)

    def _log(self, trainer: "Trainer", pl_module: "LightningModule", epoch: int) -> None:
        found: dict[str, float] = {}
        if trainer.is_global_zero:
            data = _in_whole(trainer.val_dataloaders) if self._monitor.data is None else None
            found = self._monitor.values(epoch, self._part(pl_module), data)
        found = trainer.strategy.broadcast(found, src=0)
        pl_module.log_dict(found, on_step=False, on_epoch=True, batch_size=1, sync_dist=True)

    def _part(self, pl_module: "LightningModule") -> nn.Module:
        """What is measured of a LightningModule; SymmeterError where it has no such module."""
        if self._network is None:
            return pl_module
        try:
            return pl_module.get_submodule(self._network)
        except AttributeError as error:
            known = ", ".join(name for name, _ in pl_module.named_children())
            raise SymmeterError(
                f"network={self._network!r}: {type(pl_module).__name__} has no such module; it has {known}"
            ) from error


def _in_whole(loaders: object) -> object:
    """The first of the validation loaders, with all of its images where this process reads a part of them."""
    while isinstance(loaders, list | tuple | dict):
        loaders = next(iter(loaders.values() if isinstance(loaders, dict) else loaders))
    if isinstance(loaders, DataLoader) and isinstance(loaders.sampler, DistributedSampler):
        return DataLoader(loaders.dataset, batch_size=loaders.batch_size, collate_fn=loaders.collate_fn)
    return loaders
