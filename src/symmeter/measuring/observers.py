"""What looks on during a run and makes something more of each chunk, as the attribution to layers does."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from symmeter.measuring.run import Run
from symmeter.results.columns import Key

AnyRun = TypeVar("AnyRun", bound=Run)


class Observer(ABC, Generic[AnyRun]):
    """Of a run along generators."""

    def finish(self, run: AnyRun) -> None:
        """After the last chunk, with the model still borrowed; also where the run was stopped or interrupted."""

    @abstractmethod
    def take(self, run: AnyRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """Columns (b,) of samples x (b, ...), outputs y (b, ...) and Lie derivatives (T, b, ...), but no controls."""


class OrbitObserver(ABC, Generic[AnyRun]):
    """Of a run over a group."""

    def finish(self, run: AnyRun) -> None:
        """After the last chunk, with the model still borrowed."""

    def add(self, run: AnyRun, x: Tensor, keep: np.ndarray) -> None:
        """Columns of those samples x (b, ...) of a chunk that are kept, (b,)."""
        if not keep.any():
            return
        for key, values in self.take(run, x[torch.from_numpy(keep).to(x.device)]).items():
            run.columns.add(key, values.double().cpu().numpy())

    @abstractmethod
    def take(self, run: AnyRun, x: Tensor) -> dict[Key, Tensor]:
        """Columns (b,) of samples x (b, ...)."""
