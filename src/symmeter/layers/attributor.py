"""Attribution along generators: what a run of Lie derivatives adds up to, part by part."""

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from symmeter.autodiff.memory import out_of_memory
from symmeter.autodiff.strategies import CentralDifference
from symmeter.errors import SymmeterError
from symmeter.layers.contributions import Attribution, Contributions
from symmeter.layers.layouts import Layouts, Words
from symmeter.layers.observer import LayerObserver
from symmeter.layers.profile import LayerRow
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.execution import Execution
from symmeter.measuring.kinds import Recent
from symmeter.measuring.observers import Observer
from symmeter.measuring.rows import derivative_rows
from symmeter.measuring.run import Run
from symmeter.results.columns import Key
from symmeter.symmetry.conjugate import lie_derivative

_WORST_RESIDUE = 1e-3  # contributions that miss LEE by more than this get a warning
PARTS = 4  # that a chunk of a run is attributed in, unless its samples are small
_SMALL = 2**16  # entries of small samples, which go through together whatever the chunk of a run
_ROUND_OFF_FLOORS = 10.0  # LEE is a square: that of an exactly symmetric network reaches 8 floors


class Attributor(LayerObserver, Observer):
    """Attributes every chunk of a run along generators."""

    measure = "lee"

    def __init__(self, probes: int, layouts: Words | None, seed: int):
        super().__init__()
        self._probes, self._given, self._seed = probes, layouts, seed
        self._kinds: Recent[Attribution] = Recent()
        self._shape: tuple[int, ...] = ()

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """Contributions, norms and the variances of norms by name, one column (B,) per part and generator."""
        assert run.pushforward is not None
        if not isinstance(run.model, nn.Module):
            raise SymmeterError("attribution to layers needs an nn.Module; this model is another callable")
        self._of_kind(run, x)
        found = self._in_batches(run, x, derivative, self._probes)
        self._shape = self._shape or tuple(x.shape[1:])
        if tuple(x.shape[1:]) == self._shape:  # floors are found on samples of one shape
            self._floors.gather(x, found.values, derivative)
        return self._columns(found, [generator.name for generator in run.generators])

    def _in_batches(self, run: DerivativeRun, x: Tensor, derivative: Tensor, probes: int) -> Contributions:
        """All images x (B, ...) with derivatives (T, B, ...), in batches of the size that the model takes."""
        batching, seed = run.batching, self._seed + len(run.names)
        if self.alone(run):
            batching = replace(batching, alone=True)
        if batching.at_once is None:
            return self._in_parts(x, derivative, probes, seed)
        parts = []
        for start in range(0, len(x), batching.at_once):
            own = slice(start, start + batching.at_once)
            images = batching.filled(x[own])
            missing = derivative.new_zeros(len(derivative), len(images) - len(x[own]), *derivative.shape[2:])
            whole = self._attribute(images, torch.cat([derivative[:, own], missing], 1), probes, seed + start)
            parts.append(whole.first(len(x[own])))
        return Contributions.joined(parts)

    def _in_parts(self, x: Tensor, derivative: Tensor, probes: int, seed: int) -> Contributions:
        """All images x (B, ...), in parts: with what pairings keep, one takes about three times its forward pass."""
        size = max(math.ceil(len(x) / PARTS), _SMALL // x[0].numel())
        parts, start = [], 0
        for own, known in zip(x.split(size), derivative.split(size, 1), strict=True):
            parts.append(self._in_memory(own, known, probes, seed + start))
            start += len(own)
        return Contributions.joined(parts)

    def _in_memory(self, x: Tensor, derivative: Tensor, probes: int, seed: int) -> Contributions:
        """All images x (B, ...) at once, or halves where memory runs out."""
        try:
            return self._attribute(x, derivative, probes, seed)
        except Exception as error:
            if len(x) == 1 or not out_of_memory(error):
                raise
        half = len(x) // 2
        first = self._in_memory(x[:half], derivative[:, :half], probes, seed)
        second = self._in_memory(x[half:], derivative[:, half:], probes, seed + half)
        return Contributions.joined([first, second])

    def _attribute(self, x: Tensor, derivative: Tensor, probes: int, seed: int) -> Contributions:
        """Images x (B, ...) with derivatives (T, B, ...) that fit into memory."""
        return self._known(x)(x, derivative, probes, seed)

    def _of_kind(self, run: DerivativeRun, x: Tensor) -> None:
        """Have the attribution of samples like x (B, ...) ready."""
        kind = tuple(x.shape[1:])
        if self._kinds.get(kind) is None:
            made = self._prepare(run, x)
            self._grown(made.tree)
            self._kinds.keep(kind, made)

    def _known(self, x: Tensor) -> Attribution:
        """That of samples like x (B, ...)."""
        found = self._kinds.get(tuple(x.shape[1:]))
        assert found is not None
        return found

    def _prepare(self, run: DerivativeRun, x: Tensor) -> Attribution:
        """The tree and the layouts, found on the first of the images x (B, ...)."""
        assert run.pushforward is not None
        assert run.seen is not None
        # layouts are those of any batch
        together = replace(run.batching, size=run.batching.size or 2, alone=False)
        whole = replace(run.seen.function, batching=together)
        pair = x[:1] if self.alone(run) else together.filled(x[: together.size])
        symmetry = replace(run.plan.symmetry, rho_in=run.rho_in, rho_out=run.rho_out)
        layouts = Layouts(self._given, run.model, run.domain)
        attribution = Attribution(
            run.model, run.pushforward.f, pair, symmetry, run.domain, layouts, lambda z: whole(z)[0]
        )
        if not attribution.closed:
            raise SymmeterError(
                "the model has no backward pass: its output does not depend on its input by torch"
            )
        return attribution

    def finish(self, run: DerivativeRun) -> None:
        """Find the floors, from the images that carry LEE; what fails here costs the floors and nothing else."""
        pushforward = run.pushforward
        assert pushforward is not None
        strategy = pushforward.strategy

        def contributions(x: Tensor) -> Tensor:
            how = strategy.coarser(x) if isinstance(strategy, CentralDifference) else strategy
            _, derivative = lie_derivative(
                pushforward.f, x, run.generators, run.rho_in, run.rho_out, strategy=how
            )
            self._of_kind(run, x)
            return self._in_batches(run, x, derivative, 0).values

        def in_chunks(x: Tensor) -> Tensor:
            chunk = max(pushforward.chunk, _SMALL // x[0].numel())
            return torch.cat([contributions(part) for part in x.split(chunk)], -1)

        run.optional(
            "the floors of layers", lambda: self._floors.find(in_chunks, run.unit_of_nudges, len(run.names))
        )

    def residue(self, run: Run) -> dict[str, float]:
        """How far forward and backward mode disagree."""
        return self._residue(run, [generator.name for generator in run.generators])

    def broken_in(self, run: Run) -> list[str]:
        """The terminal parts with most of LEE."""
        assert isinstance(run, DerivativeRun)
        terminal, amounts = [part.layer for part in self.parts if part.terminal], {}
        for generator in run.generators:
            name = generator.name
            amounts[name] = {layer: run.columns[Key("contribution", name, layer)] for layer in terminal}
        return self._sentences(run, derivative_rows(run), amounts)

    def notes(self, run: Run) -> list[str]:
        notes = super().notes(run)
        assert isinstance(run, DerivativeRun)
        for name, residue in self.residue(run).items():
            lee = float(run.columns[Key("lee", name)].mean())
            of_round_off = _ROUND_OFF_FLOORS * (run.floor(Key("lee", name), lee) or 0.0)
            if abs(residue) <= _WORST_RESIDUE or abs(residue) * lee <= of_round_off:
                continue
            notes.append(
                f"contributions along {name} miss LEE by {residue:.1%}: forward and backward derivatives of "
                "the model disagree (does it detach or round?)"
            )
        return notes

    def rows(self, done: Execution) -> Iterator[LayerRow]:
        return self._rows(done.run, derivative_rows(done.run))
