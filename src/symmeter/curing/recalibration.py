"""Statistics of batch norm, estimated anew on samples without labels: what a changed network needs, and no training."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn
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
) -> dict[str, float]:
    """Let every batch norm of `loaded.model` take means and variances of what reaches it now: of samples, or all.

    The layers before it may have been changed, as by a blur that takes away variance, and then its old statistics are
    those of another network. It helps where a remedy makes a network with batch norm worse than it should, and where
    samples are not like those that it was trained on; it cannot help where batch norm was folded into convolutions.
    It costs one pass over the samples: some hundred are enough. No parameter moves, and no label is read. Dropout and
    all else stay in the mode of inference; what was in train mode still is.

    Returns `layers`, `samples` and `seconds`.

    Raises:
        SymmeterError: where there is no batch norm with running statistics, or one gets values that are not finite;
            the network then is as it was.

    Source: Schneider et al. 2020; Li et al. 2017 (AdaBN).
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
    with shown, _new_statistics(norms), borrowed(plan.model, seed), noticed_interrupts() as check:
        for norm in norms:
            norm.training = True
        for batch in opened.batches(batch_size):
            if len(batch.inputs) > 1:
                call = TrainingCall(plan.model, (), opened.packing, seed)
                call.keep(call(batch.inputs.to(plan.device, plan.dtype)))
                seen += len(batch.inputs)
            shown.update(len(batch.inputs))
            check()
    return {"layers": len(norms), "samples": seen, "seconds": time.perf_counter() - began}


def has_statistics(model: object) -> bool:
    """Whether a network has batch norm with running statistics."""
    return bool(_norms(model))


def _norms(model: object) -> list[_BatchNorm]:
    modules = model.modules() if isinstance(model, nn.Module) else ()
    return [one for one in modules if isinstance(one, _BatchNorm) and one.running_mean is not None]


@contextmanager
def _new_statistics(norms: list[_BatchNorm]) -> Iterator[None]:
    """Statistics begin anew, and are means over all batches; they are the old ones after an exception."""
    before = [(norm, norm.momentum, [buffer.clone() for buffer in norm.buffers()]) for norm in norms]
    try:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # type: ignore[assignment]  # torch's word for the mean of all
        yield
        if not all(bool(buffer.isfinite().all()) for norm in norms for buffer in norm.buffers()):
            raise SymmeterError(
                "values that reach a batch norm are not finite: its statistics are as they were"
            )
        if not all(norm.num_batches_tracked for norm in norms):
            raise SymmeterError("some batch norm saw no batch of two samples or more: give more samples")
    except BaseException:
        with torch.no_grad():
            for norm, _, buffers in before:
                for buffer, value in zip(norm.buffers(), buffers, strict=True):
                    buffer.copy_(value)
        raise
    finally:
        for norm, momentum, _ in before:
            norm.momentum = momentum
