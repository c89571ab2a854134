"""Where the error comes in, how much of it passes through each layer, and how much would with each remedy there."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from symmeter.autodiff.memory import out_of_memory
from symmeter.curing.candidates import Known
from symmeter.curing.passing import Passages
from symmeter.curing.remedy import LayerRemedy, Remedy
from symmeter.errors import first_line
from symmeter.layers.attributor import Attributor
from symmeter.layers.contributions import Contributions
from symmeter.layers.layouts import Words
from symmeter.layers.profile import Profile
from symmeter.measuring.derivative import DerivativeRun
from symmeter.results.columns import Key

PASSING = (
    "passing"  # the measure of columns; with a remedy the text of it stands behind, as in "passing: blur"
)
FEW = 4  # samples that go at once
MOST = 32  # samples that predictions are made from

_Place = tuple[str, str]  # a layer, and the text of a remedy; none for the layer as it is


class Diagnosis(Attributor):
    """An attribution along generators that also looks at what passes through the layers that remedies are for.

    `seen` has inputs (b, ...) of layers; `failed` why nothing is known of a remedy or of a layer.
    """

    def __init__(
        self, remedies: Sequence[Remedy], layouts: Words | None, seed: int, recalibrate: bool = True
    ):
        super().__init__(0, layouts, seed)
        self._remedies = remedies
        self._recalibrate = recalibrate
        self._run: DerivativeRun | None = None  # while its chunks are taken
        self._watched: dict[
            _Place, str
        ] = {}  # the layer behind which to look, by place and the text of the remedy
        self._layers: dict[str, nn.Module] = {}
        self._others: dict[str, dict[str, nn.Module]] = {}  # by layer, and the text of the remedy
        self._looked = 0  # samples of the chunks before
        self._amounts: list[dict[_Place, Tensor]] = []  # of a chunk, (T, b) each
        self.failed: dict[str, str] = {}
        self.seen: dict[str, Tensor] = {}

    def known(self, run: DerivativeRun, profile: Profile) -> Known:
        """What is known of the samples that were looked at, of layers and remedies that are known of all of these."""
        lee = np.stack([profile.contributions(name)[0] for name in profile.symmetries])
        found = {
            place: np.stack([run.columns[key] for key in self._keys(run, *place)]) for place in self._places()
        }
        nowhere = np.zeros(lee.shape[1], dtype=bool)
        looked = np.any([nowhere, *(np.isfinite(amounts).all(0) for amounts in found.values())], axis=0)
        found = {place: amounts[:, looked] for place, amounts in found.items()}
        sure = {place for place, amounts in found.items() if np.isfinite(amounts).all()}
        passing, kept = {}, {str(remedy): {} for remedy in self._remedies if isinstance(remedy, LayerRemedy)}
        for (place, text), layer in self._watched.items():
            if {(layer, ""), (layer, text)} <= sure:
                passing[place] = found[layer, ""]
                kept.setdefault(text, {})[place] = found[layer, text]
        return Known(profile.symmetries, lee[:, looked], passing, kept)

    def _places(self) -> list[_Place]:
        return [(layer, text) for layer in self.seen for text in ("", *self._others.get(layer, {}))]

    def _keys(self, run: DerivativeRun, layer: str, text: str) -> list[Key]:
        """The columns of one place, one per generator."""
        measure = f"{PASSING}: {text}" if text else PASSING
        return [Key(measure, generator.name, layer) for generator in run.generators]

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """Contributions, one column (B,) per part and generator; and what passes, nan where it was not looked at."""
        if not self._layers and isinstance(run.model, nn.Module):
            self._watch(run.model)
        self._run = run if run.batching.at_once is None else None
        self._amounts = []
        columns = super().take(run, x, y, derivative)
        self._run = None
        looked = self._count()
        unknown = torch.full((len(derivative), len(x) - looked), torch.nan, dtype=torch.float64)
        for place in self._places():
            of_place = torch.cat([*(part[place] for part in self._amounts), unknown], 1)
            columns |= dict(zip(self._keys(run, *place), of_place, strict=True))
        self._looked += looked
        return columns

    def _count(self) -> int:
        """How many samples of the chunk were looked at, so far."""
        return sum(amounts.shape[1] for part in self._amounts for amounts in list(part.values())[:1])

    def _attribute(self, x: Tensor, derivative: Tensor, probes: int, seed: int) -> Contributions:
        """Images x (B, ...) with derivatives (T, B, ...), with what passes through layers."""
        looking = self._run is not None and self._layers and not self.failed.get("")
        first = min(max(MOST - self._looked - self._count(), 0), len(x)) if looking else 0
        found, amounts = [], []
        for start in range(0, first, FEW):
            own = slice(start, min(start + FEW, first))
            part, known = x[own], derivative[:, own]
            passages = self._passages(part)
            found.append(self._known(part)(part, known, probes, seed, passages and passages.watch))
            amounts += [self._of(passages, len(known), len(part))] if passages else []
        if first < len(x):
            found.append(super()._attribute(x[first:], derivative[:, first:], probes, seed))
        self._amounts += amounts
        return Contributions.joined(found)

    def _of(self, passages: Passages, generators: int, samples: int) -> dict[_Place, Tensor]:
        """What passes at every place, (generators, samples); nan where that is not known."""
        found = {(layer, ""): amounts for layer, amounts in passages.amounts.items()} | passages.kept
        unknown = torch.full((generators, samples), torch.nan, dtype=torch.float64)
        return {place: found.get(place, unknown) for place in self._places()}

    def _passages(self, x: Tensor) -> Passages | None:
        """What passes through layers, of samples x (b, ...); None where the model has no forward mode."""
        run = self._run
        assert run is not None
        assert run.pushforward is not None
        try:
            found = Passages.of(
                run.model, run.pushforward.f, x, self._layers, run.generators, self._known(x), run.rho_in,
                self._recalibrate,
            )  # fmt: skip
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            self.failed[""] = first_line(error)
            return None
        if not self.seen:
            self.seen = {name: passage.x for name, passage in found.by_layer.items()}
            self._exchange(run.model)
        found.others, found.failed = self._others, self.failed
        return found

    def _watch(self, model: nn.Module) -> None:
        """Find the layers that remedies look at."""
        for remedy in self._remedies:
            for place in remedy.places(model):
                layer = remedy.looks_at(model, place)
                if layer is not None:
                    self._watched[place, str(remedy)] = layer
                    self._layers[layer] = model.get_submodule(layer)

    def _exchange(self, model: nn.Module) -> None:
        """Have what stands in for each remedy ready."""
        by_text = {str(remedy): remedy for remedy in self._remedies}
        for (place, text), layer in self._watched.items():
            if layer not in self.seen:
                continue
            try:
                other = by_text[text].stands_in(model, place, self.seen[layer])
            except Exception as error:  # a layer of the user's own
                self.failed[f"{text} at {place}"] = first_line(error)
                continue
            if other is not None:
                self._others.setdefault(layer, {})[text] = other.eval()
