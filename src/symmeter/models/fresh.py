"""The same network with fresh weights: what it was before it learned."""

import copy
from dataclasses import replace

import torch
from torch import nn

from symmeter.errors import SymmeterError, shortened
from symmeter.models.loaded import LoadedModel


def untrained(loaded: LoadedModel, seed: int = 0) -> LoadedModel:
    """A copy whose modules have drawn their parameters anew, each by its own `reset_parameters`, under `seed`.

    Running statistics are reset as well. Parameters of no such module (tokens, embeddings, scales) are drawn with the
    mean and spread that they have, and named in `info`. SymmeterError for what has no parameters.

    >>> from symmeter.models.load import describe
    >>> net = nn.Linear(2, 2)
    >>> bool((untrained(describe(net)).model.weight == net.weight).any())
    False
    """
    if not isinstance(loaded.model, nn.Module) or not list(loaded.model.parameters()):
        raise SymmeterError(f"{loaded.name} has no weights that could be drawn anew; choose another control")
    model = copy.deepcopy(loaded.model)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        drawn = _reset(model)
        rest = {name: p for name, p in model.named_parameters() if id(p) not in drawn}
        for parameter in rest.values():
            values = parameter.float()
            spread = float(values.std()) if values.numel() > 1 else 0.0
            parameter.normal_(float(values.mean()), spread)
    info = {**loaded.info, "weights": "untrained", "seed": seed}
    info.pop("weights_sha256", None)
    if rest:
        info["redrawn_by_spread"] = shortened(rest)
    return replace(loaded, model=model, info=info)


def _reset(model: nn.Module) -> set[int]:
    """Let every module that can draw its parameters anew; the ids of the parameters that were drawn."""
    drawn = set()
    for module in model.modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
            drawn.update(map(id, module.parameters()))
    return drawn
