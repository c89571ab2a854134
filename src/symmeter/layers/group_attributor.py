"""Attribution over a group: what a run over its elements adds up to, part by part."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from symmeter.errors import SymmeterError
from symmeter.layers.blame import Blame
from symmeter.layers.contributions import Contributions
from symmeter.layers.finite import FiniteAttribution
from symmeter.layers.fitted import Setting
from symmeter.layers.layouts import Layouts, Words
from symmeter.layers.observer import LayerObserver
from symmeter.layers.profile import LayerRow
from symmeter.measures.squared_error import SquaredError
from symmeter.measuring.execution import Execution
from symmeter.measuring.kinds import Recent
from symmeter.measuring.observers import OrbitObserver
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.rows import orbit_rows
from symmeter.measuring.run import Run
from symmeter.results.columns import Key
from symmeter.symmetry.groups.group import Element


class GroupAttributor(LayerObserver, OrbitObserver):
    """Attributes every chunk of a run over a group."""

    measure = SquaredError.name

    def __init__(self, layouts: Words | None):
        super().__init__()
        self._given = layouts
        self._kinds: Recent[FiniteAttribution] = Recent()
        self._first: FiniteAttribution | None = None
        self._blame = Blame()

    def take(self, run: OrbitRun, x: Tensor) -> dict[Key, Tensor]:
        """Contributions and norms by name, one column (b,) per part, of samples x (b, ...)."""
        kind = (tuple(x.shape[1:]), tuple(self._moving(run)))
        attribution = self._kinds.get(kind)
        if attribution is None:
            attribution = self._prepare(run, x)
            self._grown(attribution.tree)
            self._kinds.keep(kind, attribution)
            self._first = self._first or attribution
        found, errors = self._attributed(run, attribution, x)
        self._blame.add(attribution.blame())
        if attribution is self._first:
            self._floors.gather(x, found.values, errors.movedim(1, 0).flatten(1)[None])
        return self._columns(found, [run.group.name])

    def _attributed(
        self, run: OrbitRun, attribution: FiniteAttribution, x: Tensor
    ) -> tuple[Contributions, Tensor]:
        """Contributions of samples x (b, ...), and the errors (E, b, ...)."""
        at_once = 1 if self.alone(run) else max(1, run.orbit.at_once if run.orbit else len(x))
        found = [attribution(part) for part in x.split(at_once)]
        return Contributions.joined([one for one, _ in found]), torch.cat([errors for _, errors in found], 1)

    @staticmethod
    def _moving(run: OrbitRun) -> Sequence[Element]:
        """The elements that the error is a mean over."""
        assert run.orbit is not None
        found = run.orbit.elements
        return [g for g in found.elements if not (found.finite and g.is_identity)]

    def _prepare(self, run: OrbitRun, x: Tensor) -> FiniteAttribution:
        """The tree and how the group acts inside, found on the first of the samples x (B, ...)."""
        model, orbit = run.model, run.orbit
        if not isinstance(model, nn.Module):
            raise SymmeterError("attribution to layers needs an nn.Module; this model is another callable")
        assert orbit is not None
        setting = Setting(
            model,
            lambda z: orbit.function(z)[0],
            run.rho_in,
            run.targets[0].rho,
            run.domain,
            Layouts(self._given, model, run.domain),
        )
        return FiniteAttribution(setting, x[: 1 if self.alone(run) else 2], self._moving(run))

    def finish(self, run: OrbitRun) -> None:
        """Find the floors, from the samples that carry the error; what fails here costs the floors and nothing else."""
        first = self._first
        if first is None:
            return
        contributions = lambda x: self._attributed(run, first, x)[0].values
        run.optional(
            "the floors of layers",
            lambda: self._floors.find(contributions, run.unit_of_nudges, len(run.names)),
        )

    def residue(self, run: Run) -> dict[str, float]:
        """How far the sum is from the error that was measured without exchanges."""
        assert isinstance(run, OrbitRun)
        return self._residue(run, [run.group.name])

    def broken_in(self, run: Run) -> list[str]:
        """The parts with most of the error, each with the place in it."""
        assert isinstance(run, OrbitRun)
        return self._sentences(run, orbit_rows(run), {run.group.name: self._blame.amounts})

    def rows(self, done: Execution) -> Iterator[LayerRow]:
        return self._rows(done.run, orbit_rows(done.run))
