"""Statistics of batch norm, estimated anew on samples without labels: what a changed network needs, and no training."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from queue import SimpleQueue

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from symmeter.curing.remedy import Purpose
from symmeter.errors import SymmeterError
from symmeter.measuring.interrupt import noticed_interrupts
from symmeter.measuring.plan import Given, Settings, make_plan
from symmeter.models.borrowed import borrowed
from symmeter.models.loaded import LoadedModel
from symmeter.progress import bar
from symmeter.training.call import TrainingCall


def recalibrated(
    loaded: LoadedModel,
    given: Given,
    purpose: Purpose,
    samples: int | None = None,
    batch_size: int = 128,
    seed: int = 0,
    progress: bool | None = None,
    beside: nn.Module | None = None,
) -> dict[str, float]:
    """Let every batch norm of `loaded.model` take means and variances of what reaches it now: of samples, or all.

    The layers before it may have been changed, as by a blur that takes away variance, and then its old statistics are
    those of another network. With the network as it was `beside` it, they move by as much as the change moves them,

        mean' = mean + (m - m0),    variance' = variance (v + eps) / (v0 + eps),

    m and v those of a batch here, m0 and v0 there, eps that of the batch norm. A network that was not changed stays
    what it is, also where samples are unlike those it was trained on, or where batch norm was folded into convolutions
    and does nothing. It costs one pass over the samples, or two: some hundred are enough. No parameter moves, and no
    label is read.

    Returns `layers`, `samples` and `seconds`.

    Raises:
        SymmeterError: where there is no batch norm with running statistics, or one gets values that are not finite;
            the network then is as it was.

    Source: Schneider et al. 2020; Li et al. 2017 (AdaBN), both without a network beside.
    """
    given = replace(given, domain=given.domain or purpose.domain)
    settings = Settings(samples, seed=seed, control=False)
    plan = make_plan(loaded, given, purpose.symmetry, None, purpose.output, settings)
    norms = _norms(plan.model)
    if not norms:
        raise SymmeterError(
            f"{loaded.name} has no batch norm with running statistics: nothing to recalibrate"
        )
    opened, seen, began = plan.open(), 0, time.perf_counter()
    shown = bar(progress, total=opened.total, title=f"recalibrating {loaded.name}", unit=opened.item)
    there = nullcontext() if beside is None else borrowed(beside, seed)
    with shown, _moving(norms) as moving, borrowed(plan.model, seed), there, noticed_interrupts() as check:
        for batch in opened.batches(batch_size):
            if len(batch.inputs) > 1:
                x = batch.inputs.to(plan.device, plan.dtype)
                call = lambda model, x=x: TrainingCall(model, (), opened.packing, seed)(x)
                moving.follow(call, plan.model, beside)
                seen += len(batch.inputs)
            shown.update(len(batch.inputs))
            check()
    return {"layers": len(norms), "samples": seen, "seconds": time.perf_counter() - began}


def has_statistics(model: object) -> bool:
    """Whether a network has batch norm with running statistics."""
    return bool(_norms(model))


def _norms(model: object) -> dict[str, _BatchNorm]:
    """Those with running statistics, by name."""
    modules = model.named_modules() if isinstance(model, nn.Module) else ()
    return {
        name: one for name, one in modules if isinstance(one, _BatchNorm) and one.running_mean is not None
    }


@dataclass(frozen=True)
class _Statistics:
    """Mean and variance (C,) of every channel."""

    mean: Tensor
    variance: Tensor

    @classmethod
    def of(cls, norm: _BatchNorm) -> "_Statistics":
        assert norm.running_mean is not None and norm.running_var is not None
        return cls(norm.running_mean.clone(), norm.running_var.clone())

    @classmethod
    def of_batch(cls, x: Tensor) -> "_Statistics":
        """Of values (b, C, ...)."""
        values = x.detach().transpose(0, 1).flatten(1)
        return cls(values.mean(1), values.var(1))

    def moved(self, there: "_Statistics", here: "_Statistics", eps: float) -> "_Statistics":
        """These, as far as those of a batch are here from what they are there."""
        ratio = (here.variance + eps) / (there.variance + eps)  # of a channel that is always the same, too
        return _Statistics(self.mean + (here.mean - there.mean), self.variance * ratio)

    def put_into(self, norm: _BatchNorm) -> None:
        """Let it use them from now on."""
        assert norm.running_mean is not None and norm.running_var is not None
        norm.running_mean.copy_(self.mean)
        norm.running_var.copy_(self.variance)


class _Moving:
    """Batch norms that take statistics batch by batch, each from what those before it pass on with theirs."""

    def __init__(self, norms: Mapping[str, _BatchNorm]):
        self._norms = norms
        self._old = {name: _Statistics.of(norm) for name, norm in norms.items()}
        self._batches: dict[str, list[_Statistics]] = {name: [] for name in norms}

    @torch.no_grad()
    def follow(self, call: Callable[[nn.Module], object], model: nn.Module, beside: nn.Module | None) -> None:
        """Take those of a batch, as `call` lets a network see it."""
        there = {} if beside is None else _seen(call, beside)

        def use(name: str, own: _Statistics) -> _Statistics:
            if name not in there:
                return own
            return self._old[name].moved(there[name], own, self._norms[name].eps)

        for name, own in _seen(call, model, use).items():
            self._batches[name].append(own)

    @torch.no_grad()
    def settle(self) -> None:
        """Statistics become their means over all batches."""
        if not all(self._batches.values()):
            raise SymmeterError("some batch norm saw no batch of two samples or more: give more samples")
        for name, norm in self._norms.items():
            batches = self._batches[name]
            means = torch.stack([one.mean for one in batches]).mean(0)
            _Statistics(means, torch.stack([one.variance for one in batches]).mean(0)).put_into(norm)
            if not all(bool(buffer.isfinite().all()) for buffer in norm.buffers()):
                raise SymmeterError(
                    "values that reach a batch norm are not finite: its statistics are as they were"
                )

    @torch.no_grad()
    def undo(self) -> None:
        """Statistics are the old ones."""
        for name, norm in self._norms.items():
            self._old[name].put_into(norm)


@contextmanager
def _moving(norms: Mapping[str, _BatchNorm]) -> Iterator[_Moving]:
    """Statistics are new at the end, and the old ones after an exception."""
    moving = _Moving(norms)
    try:
        yield moving
        moving.settle()
    except BaseException:
        moving.undo()
        raise


def _seen(
    call: Callable[[nn.Module], object],
    model: nn.Module,
    use: Callable[[str, _Statistics], _Statistics] | None = None,
) -> dict[str, _Statistics]:
    """Of one call, the statistics of what comes to each batch norm, by name; or those to `use`, which it then has."""
    found: SimpleQueue = SimpleQueue()  # a dictionary would be what it was before the call

    def hook(name: str, norm: _BatchNorm, given: tuple[Tensor, ...]) -> None:
        own = _Statistics.of_batch(given[0])
        if use is not None:
            own = use(name, own)
            own.put_into(norm)
        found.put((name, own))

    with ExitStack() as stack:
        for name, norm in _norms(model).items():
            stack.callback(norm.register_forward_pre_hook(partial(hook, name)).remove)
        call(model)
    return dict(found.get() for _ in range(found.qsize()))
