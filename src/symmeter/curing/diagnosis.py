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

PASSING = "passing"  # the measure of columns; with a remedy in place it is "passing: blur"
FEW = 4  # samples that go at once
MOST = 32  # samples that predictions are made from

_Case = tuple[str, str]  # a layer, and the text of the remedy in its place; none for the layer as it is


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
            tuple[str, str], str
        ] = {}  # the layer behind which to look, by a remedy's text and place
        self._layers: dict[str, nn.Module] = {}
        self._others: dict[str, dict[str, nn.Module]] = {}  # by layer, and the text of the remedy
        self._looked = 0  # samples of the chunks before
        self._amounts: list[dict[_Case, Tensor]] = []  # of a chunk, (T, b) each
        self._here = 0  # samples of a chunk that were looked at
        self.failed: dict[str, str] = {}
        self.seen: dict[str, Tensor] = {}

    def known(self, run: DerivativeRun, profile: Profile) -> Known:
        """What is known of the samples that were looked at, of layers and remedies that are known of all of these."""
        lee = np.stack([profile.contributions(name)[0] for name in profile.symmetries])
        keys = {case: self._keys(run, *case) for case in self._cases()}
        found = {case: np.stack([run.columns[key] for key in own]) for case, own in keys.items()}
        nowhere = np.zeros(lee.shape[1], dtype=bool)
        looked = np.any([nowhere, *(np.isfinite(amounts).all(0) for amounts in found.values())], axis=0)
        sure = {
            case: amounts[:, looked]
            for case, amounts in found.items()
            if np.isfinite(amounts[:, looked]).all()
        }
        passing, kept = {}, {str(remedy): {} for remedy in self._remedies if isinstance(remedy, LayerRemedy)}
        for (text, place), layer in self._watched.items():
            if (layer, "") in sure and (layer, text) in sure:
                passing[place] = sure[layer, ""]
                kept.setdefault(text, {})[place] = sure[layer, text]
        return Known(profile.symmetries, lee[:, looked], passing, kept)

    def _cases(self) -> list[_Case]:
        return [(layer, text) for layer in self.seen for text in ("", *self._others.get(layer, {}))]

    def _keys(self, run: DerivativeRun, layer: str, text: str) -> list[Key]:
        """The columns of one case, one per generator."""
        measure = f"{PASSING}: {text}" if text else PASSING
        return [Key(measure, generator.name, layer) for generator in run.generators]

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """Contributions, one column (B,) per part and generator; and what passes, nan where it was not looked at."""
        if not self._layers and isinstance(run.model, nn.Module):
            self._watch(run.model)
        self._run = run if run.batching.at_once is None else None
        self._amounts, self._here = [], 0
        columns = super().take(run, x, y, derivative)
        self._run = None
        unknown = torch.full((len(derivative), len(x) - self._here), torch.nan, dtype=torch.float64)
        for case in self._cases():
            of_case = torch.cat([*(part[case] for part in self._amounts), unknown], 1)
            columns |= dict(zip(self._keys(run, *case), of_case, strict=True))
        self._looked += self._here
        return columns

    def _attribute(self, x: Tensor, derivative: Tensor, probes: int, seed: int) -> Contributions:
        """Images x (B, ...) with derivatives (T, B, ...), with what passes through layers."""
        looking = self._run is not None and self._layers and not self.failed.get("")
        first = min(MOST - self._looked - self._here, len(x)) if looking else 0
        found, amounts, here = [], [], 0
        for start in range(0, first, FEW):
            own = slice(start, min(start + FEW, first))
            part, known = x[own], derivative[:, own]
            passages = self._passages(part)
            found.append(self._known(part)(part, known, probes, seed, passages and passages.watch))
            if passages is not None:
                amounts.append(self._of(passages, len(known), len(part)))
                here += len(part)
        if first < len(x):
            found.append(super()._attribute(x[first:], derivative[:, first:], probes, seed))
        self._amounts, self._here = self._amounts + amounts, self._here + here
        return Contributions.joined(found)

    def _of(self, passages: Passages, generators: int, samples: int) -> dict[_Case, Tensor]:
        """What passes in every case, (generators, samples); nan where that is not known."""
        found = {(layer, ""): amounts for layer, amounts in passages.amounts.items()} | passages.kept
        unknown = torch.full((generators, samples), torch.nan, dtype=torch.float64)
        return {case: found.get(case, unknown) for case in self._cases()}

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
                    self._watched[str(remedy), place] = layer
                    self._layers[layer] = model.get_submodule(layer)

    def _exchange(self, model: nn.Module) -> None:
        """Have what stands in for each remedy ready."""
        by_text = {str(remedy): remedy for remedy in self._remedies}
        for (text, place), layer in self._watched.items():
            if layer not in self.seen:
                continue
            try:
                other = by_text[text].stands_in(model, place, self.seen[layer])
            except Exception as error:  # a layer of the user's own
                self.failed[f"{text} at {place}"] = first_line(error)
                continue
            if other is not None:
                self._others.setdefault(layer, {})[text] = other.eval()
