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

PASSING = "passing"  # the measure of columns
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
        self._amounts: list[dict[str, Tensor]] = []  # of a chunk
        self.left: dict[str, dict[str, list[float]]] = {str(remedy): {} for remedy in self._remedies}
        self.failed: dict[str, str] = {}
        self.seen: dict[str, Tensor] = {}

    def passing(self, run: DerivativeRun) -> Mapping[str, np.ndarray]:
        """By layer, how much of LEE passes through it, (generators, samples); without those not known of a sample."""
        found = {}
        for layer in self.seen:
            keys = [Key(PASSING, generator.name, layer) for generator in run.generators]
            amounts = np.array([run.columns[key] for key in keys])
            if np.isfinite(amounts).all():
                found[layer] = amounts
        return found

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """Contributions, one column (B,) per part and generator."""
        if not self._layers and isinstance(run.model, nn.Module):
            places = [place for remedy in self._remedies for place in remedy.places(run.model)]
            self._layers = {place: run.model.get_submodule(place) for place in dict.fromkeys(places)}
        self._run = run if run.batching.at_once is None else None
        self._amounts = []
        columns = super().take(run, x, y, derivative)
        self._run = None
        for layer in self.seen:
            of_layer = torch.cat([part[layer] for part in self._amounts], 1)
            for generator, amounts in zip(run.generators, of_layer, strict=True):
                columns[Key(PASSING, generator.name, layer)] = amounts
        return columns

    def _attribute(self, x: Tensor, derivative: Tensor, probes: int, seed: int) -> Contributions:
        """Images x (B, ...) with derivatives (T, B, ...), with what passes through layers."""
        run, attribution = self._run, self._known(x)
        if run is None or not self._layers:
            return super()._attribute(x, derivative, probes, seed)
        found, amounts = [], []
        for part, known in zip(x.split(FEW), derivative.split(FEW, 1), strict=True):
            passages = None if self.failed.get("") else self._passages(run, part)
            found.append(attribution(part, known, probes, seed, passages and passages.watch))
            if passages is not None and not self.seen:
                self._try(run, passages)
            unknown = torch.full((len(known), len(part)), torch.nan, dtype=torch.float64)
            of_layers = passages.amounts if passages else {}
            amounts.append({layer: of_layers.get(layer, unknown) for layer in self.seen})
        self._amounts += amounts
        return Contributions.joined(found)

    def _passages(self, run: DerivativeRun, x: Tensor) -> Passages | None:
        """What passes through layers, of samples x (b, ...); None where the model has no forward mode."""
        assert run.pushforward is not None
        try:
            return Passages(
                run.model, run.pushforward.f, x, self._layers, run.generators, self._known(x), run.rho_in
            )
        except RuntimeError as error:
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
