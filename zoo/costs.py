"""How long a forward pass of each network takes here, to say what a measurement costs in such passes."""

import json
import time
from collections.abc import Sequence

import torch

from symmeter.files import write_whole
from symmeter.models.load import load_model
from zoo.cells import entries_of
from zoo.entries import Network
from zoo.places import Places

BATCH, TIMES = 8, 3


def forward_seconds(networks: Sequence[Network], places: Places) -> dict[str, float]:
    """Seconds an item of each network that has a shape: the least of three passes of eight; kept from run to run."""
    file = places.work / "forward.json"
    known = json.loads(file.read_text()) if file.is_file() else {}
    for network in networks:
        if network.shape is not None and network.name not in known:
            known[network.name] = _timed(network, places)
            write_whole(file, json.dumps(known, indent=1))
    return known


def _timed(network: Network, places: Places) -> float:
    entry = next(entries_of(network, places))
    loaded = load_model(entry.model, weights=entry.weights, model_kwargs=dict(entry.model_kwargs))
    model = loaded.model.eval() if isinstance(loaded.model, torch.nn.Module) else loaded.model
    items = torch.randn(BATCH, *(network.shape or ()), generator=torch.Generator().manual_seed(0))
    threads, times = torch.get_num_threads(), []
    torch.set_num_threads(1)  # as in the cells
    try:
        with torch.no_grad():
            for _ in range(TIMES):
                began = time.perf_counter()
                model(items)
                times.append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
    return min(times) / BATCH
