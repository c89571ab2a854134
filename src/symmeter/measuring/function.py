"""What a run measures: outputs of a model as a function of samples, each sample by itself."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, counted
from symmeter.models.outputs import Output, Reader
from symmeter.models.pure_function import PureFunction
from symmeter.trees import Packings


@dataclass(frozen=True)
class Batching:
    """How samples may be given to a model.

    `size` is the only number that it takes at once, None for any. `alone`: outputs depend on the other samples of a
    batch, so each sample is given by itself.
    """

    size: int | None = None
    alone: bool = False

    @property
    def at_once(self) -> int | None:
        """Different samples that one call can serve; None for any number."""
        return 1 if self.alone else self.size

    def filled(self, x: Tensor) -> Tensor:
        """Samples (n, ...) as a batch of the size that the model takes, filled up with the last of them."""
        missing = (self.size or len(x)) - len(x)
        if not missing:
            return x
        return torch.cat([x, x[-1:].expand(missing, *x.shape[1:])])


@dataclass(frozen=True)
class Function:
    """x (B, ...) -> [y (B, ...), ...], one tensor per output, the first axis always that of the samples.

    A model that wants a certain batch is called as often as needed. `shapes`, those of the outputs of one sample, tell
    which axis a model squeezed away in a batch of one; one number per sample is (B, 1).
    """

    call: PureFunction
    outputs: tuple[Output, ...]
    batching: Batching = Batching()
    shapes: tuple[tuple[int, ...], ...] | None = None

    @staticmethod
    def of(
        model: Callable,
        outputs: Sequence[Output],
        device: torch.device,
        dtype: torch.dtype,
        packing: Packings | None = None,
    ) -> "Function":
        """The function of a model and its outputs, not yet looked at."""
        reader = Reader(model, outputs, packing)
        return Function(PureFunction(reader, device, dtype), reader.outputs)

    def twin(self, dtype: torch.dtype) -> "Function":
        """The same in another precision."""
        return replace(self, call=self.call.twin(dtype))

    def __call__(self, x: Tensor) -> list[Tensor]:
        return self.read(self.raw(x))

    def read(self, raw: Sequence[Tensor]) -> list[Tensor]:
        """Outputs as they are measured, after softmax where it is one, from what the model returned."""
        return [output.read(y) for output, y in zip(self.outputs, raw, strict=True)]

    def raw(self, x: Tensor) -> list[Tensor]:
        """The same before any softmax."""
        count = self.batching.at_once
        if count is None or (len(x) == count and self.batching.size in (None, count)):
            return self._batch(x)
        parts = [self._batch(self.batching.filled(part), len(part)) for part in x.split(count)]
        return [torch.cat(pieces) for pieces in zip(*parts, strict=True)]

    def _batch(self, x: Tensor, count: int | None = None) -> list[Tensor]:
        """One call; of its samples the first `count`."""
        found = self.arranged(self.call(x), len(x))
        return found if count is None else [y[:count] for y in found]

    def arranged(self, returned: Sequence[Tensor], count: int) -> list[Tensor]:
        """What a call on `count` samples returned, with the axis of the samples first and another behind it."""
        shapes = self.shapes or (None,) * len(self.outputs)
        return [by_sample(y, count, shape) for y, shape in zip(returned, shapes, strict=True)]


def by_sample(y: Tensor, count: int, shape: tuple[int, ...] | None = None) -> Tensor:
    """An output (B, ...) with the axis of the samples first, and another behind it; SymmeterError where it has none.

    `shape` is that of one sample's, where it is known.
    """
    if count == 1 and shape is not None:
        y = _unsqueezed(y, shape)
    if y.shape[:1] != (count,):
        samples = counted(count, "sample")
        raise SymmeterError(
            f"the model returned shape {tuple(y.shape)} for {samples}; it must keep the batch axis first"
        )
    return y[:, None] if y.ndim == 1 else y


def _unsqueezed(y: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The output (1, ...) for one sample, with the axis of the samples where a model squeezed that away."""
    has_axis = y.shape[:1] == (1,)
    if has_axis or y.numel() != math.prod(shape):
        return y
    return y.reshape(1, *shape)
