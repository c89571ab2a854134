"""Where the error comes in, how much of it passes through each layer, and what each remedy would leave of that."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from symmeter.autodiff.memory import out_of_memory
from symmeter.curing.passing import Passages
from symmeter.curing.remedy import LayerRemedy, Remedy
from symmeter.errors import first_line
from symmeter.layers.attributor import Attributor
from symmeter.layers.contributions import Contributions
from symmeter.layers.layouts import Words
from symmeter.measuring.derivative import DerivativeRun
from symmeter.results.columns import Key

FEW = 4  # samples that go at once, and that layers are tried on


class Diagnosis(Attributor):
    """An attribution along generators that also looks at what passes through the layers that remedies are for.

    `left` has, by the texts of remedies and by layer, what remains of the deviation that leaves a layer, for every
    generator; `seen` the inputs (b, ...) of layers; `failed` why nothing is known of a remedy or of a layer.
    """

    def __init__(self, remedies: Sequence[Remedy], layouts: Words | None, seed: int):
        super().__init__(0, layouts, seed)
        self._remedies = [remedy for remedy in remedies if isinstance(remedy, LayerRemedy)]
        self._run: DerivativeRun | None = None  # while its chunks are taken
        self._layers: dict[str, nn.Module] = {}
        self._amounts: list[dict[str, Tensor]] = []
        self.left: dict[str, dict[str, list[float]]] = {str(remedy): {} for remedy in self._remedies}
        self.failed: dict[str, str] = {}
        self.seen: dict[str, Tensor] = {}

    @property
    def passing(self) -> Mapping[str, np.ndarray]:
        """By layer, how much of LEE passes through it, (generators, samples)."""
        names = self._amounts[0] if self._amounts else {}
        return {name: torch.cat([part[name] for part in self._amounts], 1).numpy() for name in names}

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """Contributions, one column (B,) per part and generator."""
        if not self._layers and isinstance(run.model, nn.Module):
            places = [place for remedy in self._remedies for place in remedy.places(run.model)]
            self._layers = {place: run.model.get_submodule(place) for place in dict.fromkeys(places)}
        self._run = run if run.batching.at_once is None else None
        columns = super().take(run, x, y, derivative)
        self._run = None
        return columns

    def _attribute(self, x: Tensor, derivative: Tensor, probes: int, seed: int) -> Contributions:
        """Images x (B, ...) with derivatives (T, B, ...), with what passes through layers."""
        run, attribution = self._run, self._known(x)
        if run is None or not self._layers or self.failed.get(""):
            return super()._attribute(x, derivative, probes, seed)
        found, amounts = [], []
        for part, known in zip(x.split(FEW), derivative.split(FEW, 1), strict=True):
            passages = self._passages(run, part)
            if passages is None:
                return super()._attribute(x, derivative, probes, seed)
            found.append(attribution(part, known, probes, seed, passages.watch))
            amounts.append(passages.amounts)
            if not self.seen:
                self._try(run, passages)
        self._amounts += amounts
        return Contributions.joined(found)

    def _passages(self, run: DerivativeRun, x: Tensor) -> Passages | None:
        """What passes through layers, of samples x (b, ...); None where the model has no forward mode."""
        assert run.pushforward is not None
        try:
            return Passages(
                run.model, run.pushforward.f, x, self._layers, run.generators, self._known(x), run.rho_in
            )
        except (RuntimeError, NotImplementedError) as error:
            if out_of_memory(error):
                raise
            self.failed[""] = first_line(error)
            return None

    def _try(self, run: DerivativeRun, passages: Passages) -> None:
        """Try all remedies on the first samples, one layer at a time."""
        self.seen = {name: passage.x for name, passage in passages.by_layer.items()}
        for remedy in self._remedies:
            for place in remedy.places(run.model):
                passage = passages.by_layer.get(place)
                if passage is None:
                    continue
                try:
                    other = remedy.exchange(passage.layer, passage.x)
                    if other is not None:
                        left = passage.left(other.eval(), run.generators)
                        self.left[str(remedy)][place] = left.tolist()
                except Exception as error:  # a layer of the user's own
                    self.failed[f"{remedy} at {place}"] = first_line(error)
