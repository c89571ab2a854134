"""`attribute`: from a model and some images to the profile of its layers."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from symmeter.autodiff.memory import out_of_memory
from symmeter.autodiff.strategies import CentralDifference
from symmeter.domain import Domain
from symmeter.errors import SymmeterError, shortened
from symmeter.layers.contributions import Attribution, Contributions
from symmeter.layers.floors import LayerFloors
from symmeter.layers.layouts import Layouts, Words
from symmeter.layers.profile import LayerRow, Profile
from symmeter.layers.tree import Part
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.derivative import DerivativeRun, Observer
from symmeter.measuring.execution import Execution, announced, run_along
from symmeter.measuring.measure import named_options
from symmeter.measuring.plan import Given, Settings, plan_along
from symmeter.measuring.rows import derivative_rows
from symmeter.results.columns import Key
from symmeter.results.estimate import columns_of_interval, estimate
from symmeter.results.intervals import of_ratio_of_means
from symmeter.results.row import Row
from symmeter.results.standard_errors import ratio_error, standard_error
from symmeter.results.verdict import on_contribution
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.verbs.arguments import truth
from symmeter.verbs.verb import verb

_WORST_RESIDUE = 1e-3  # contributions that miss LEE by more than this get a warning
_ROUND_OFF_FLOORS = 10.0  # LEE is a square: that of an exactly symmetric network reaches 8 floors


@verb(ARGUMENTS, control=truth)
def attribute(
    model: Any,
    data: Any,
    symmetry: Any = "translation",
    output: str = "softmax",
    definition: Any = "bandlimited",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    probes: int = 16,
    layouts: Words | None = None,
    control: bool = True,
    preprocessing: dict[str, Any] | None = None,
    domain: str | type[Domain] | None = None,
    inputs: Any = None,
    labels: Any = None,
    **options: Any,
) -> Profile:
    """Attribute the equivariance error of a network to its modules, at every depth.

    With g_h the gradient of <z, f(x)> at activation h, z = L_X f(x) / dim, a module contributes

        c_m = sum over inputs <g_in through m, X h_in> - sum over outputs <g_out, X h_out>,

    in the unit of LEE. Parents are their children plus the functional remainder (glue), and the terminal parts add up
    to LEE, image by image.

    Args:
        model: an `nn.Module`, or a name such as `"timm:resnet50"`; other arguments as in `symmeter.measure`.
        probes: backward passes for `norm`, E_z c_m(z)^2 = ||df_after L_X m||^2; 0 for no norms.
        layouts: how the symmetry acts on tensors in and out of modules, where it is not to be followed from the
            image: {name, glob, class name or class: action}, such as `{"blocks.*": "tokens(1+14x14)"}`.

    Raises:
        SymmeterError: for a mistake in the arguments, a layout that contradicts a tensor (naming the module), or a
            model that has no backward pass.
        Interrupted: on Ctrl-C; its `result` holds what was done.

    Source: Gruver et al. 2023, Section 4 (layerwise decomposition), with one cotangent that makes the parts add up.

    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    >>> profile = attribute(net, torch.rand(8, 3, 6, 6), symmetry="rotation", output="logits")
    >>> [row.layer for row in profile.rows], profile.rows[0].share
    (['', '0', '1', '2', '3'], 1.0)
    """
    observer = Attributor(probes, layouts, seed)
    given = Given(data, domain, inputs, labels, named_options(definition, preprocessing) | options)
    settings = Settings(samples, batch_size, device, seed, progress, control)
    done = run_along(plan_along(model, given, symmetry, output, settings, "attribution"), observer)
    done.spec.update(probes=probes)
    return profiled(done, observer)


def profiled(done: Execution, observer: "Attributor") -> Profile:
    """The profile of an attribution that has come to its end; its warnings are said."""
    done.notes.extend(observer.notes(done.run))
    done.spec.update(folded=dict(observer.folded), residue=observer.residue(done.run))
    result = done.result(observer.rows(done), Profile)
    return announced(result, done.run.interrupted)  # type: ignore[return-value]


class Attributor(Observer):
    """Attributes every chunk of a run, and turns the columns into rows."""

    def __init__(self, probes: int, layouts: Words | None, seed: int):
        self._probes, self._given, self._seed = probes, layouts, seed
        self._attribution: Attribution | None = None
        self._floors = LayerFloors()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The tree, known after the first chunk."""
        return self._attribution.tree.parts if self._attribution else ()

    @property
    def folded(self) -> Mapping[str, str]:
        """Modules without a row of their own, with the reason."""
        return self._attribution.tree.folded if self._attribution else {}

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """Contributions, norms and the variances of norms by name, one column (B,) per part and generator."""
        assert run.pushforward is not None
        if not isinstance(run.model, nn.Module):
            raise SymmeterError("attribution to layers needs an nn.Module; this model is another callable")
        if self._attribution is None:
            self._attribution = self._prepare(run, x)
        found = self._in_batches(run, x, derivative, self._probes)
        self._floors.gather(x, found.values, derivative)
        columns = {}
        kinds = {"contribution": found.values, "norm": found.norms, "norm_variance": found.variances}
        for kind, values in kinds.items():
            if values is not None:
                columns.update(self._columns(kind, values, run))
        return columns

    def _columns(self, kind: str, values: Tensor, run: DerivativeRun) -> dict[Key, Tensor]:
        """(T, parts, B) as one column (B,) per generator and part."""
        columns = {}
        for generator, of_parts in zip(run.generators, values, strict=True):
            for part, column in zip(self.parts, of_parts, strict=True):
                columns[Key(kind, generator.name, part.layer)] = column
        return columns

    def _in_batches(self, run: DerivativeRun, x: Tensor, derivative: Tensor, probes: int) -> Contributions:
        """All images x (B, ...) with derivatives (T, B, ...), in batches of the size that the model takes."""
        batching, seed = run.batching, self._seed + len(run.names)
        if batching.at_once is None:
            return self._in_memory(x, derivative, probes, seed)
        parts = []
        for start in range(0, len(x), batching.at_once):
            own = slice(start, start + batching.at_once)
            images = batching.filled(x[own])
            missing = derivative.new_zeros(len(derivative), len(images) - len(x[own]), *derivative.shape[2:])
            whole = self._attribute(images, torch.cat([derivative[:, own], missing], 1), probes, seed + start)
            parts.append(whole.first(len(x[own])))
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
        assert self._attribution is not None
        return self._attribution(x, derivative, probes, seed)

    def _prepare(self, run: DerivativeRun, x: Tensor) -> Attribution:
        """The tree and the layouts, found on the first of the images x (B, ...)."""
        assert run.pushforward is not None
        assert run.seen is not None
        # layouts are those of any batch
        together = replace(run.batching, size=run.batching.size or 2, alone=False)
        whole = replace(run.seen.function, batching=together)
        pair = together.filled(x[: together.size])
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
            return self._in_batches(run, x, derivative, 0).values

        def in_chunks(x: Tensor) -> Tensor:
            return torch.cat([contributions(part) for part in x.split(pushforward.chunk)], -1)

        run.optional(
            "the floors of layers", lambda: self._floors.find(in_chunks, run.unit_of_nudges, len(run.names))
        )

    def residue(self, run: DerivativeRun) -> dict[str, float]:
        """sum of terminal contributions / LEE - 1, by generator: how far forward and backward mode disagree."""
        terminal = [part.layer for part in self.parts if part.terminal]
        found = {}
        for generator in run.generators:
            name = generator.name
            lee = float(run.columns[Key("lee", name)].mean())
            columns = [run.columns[Key("contribution", name, layer)] for layer in terminal]
            total = sum(float(column.mean()) for column in columns)
            if lee:
                found[name] = total / lee - 1
            else:
                found[name] = float("inf") if total else 0.0
        return found

    def notes(self, run: DerivativeRun) -> list[str]:
        """What the reader must know of the attribution, a line each."""
        notes = []
        if self.folded:
            count, plural = len(self.folded), "" if len(self.folded) == 1 else "s"
            notes.append(
                f"{count} call{plural} of modules folded into the module around, the layout is not known: "
                f"{shortened(self.folded)}"
            )
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
        """The root's row is that of LEE; parts follow in call order, generator by generator."""
        columns = done.run.columns
        for t, root in enumerate(derivative_rows(done.run)):
            keys = [Key("contribution", root.symmetry, part.layer) for part in self.parts]
            means = np.array([root.value, *[columns[key].mean() for key in keys[1:]]])
            floors = self._floors.of(t, means, root.floor)
            for p, part in enumerate(self.parts):
                yield self._row(done.run, root, part, None if floors is None else float(floors[p]))

    def _row(self, run: DerivativeRun, root: Row, part: Part, floor: float | None) -> LayerRow:
        lee = run.columns[Key("lee", root.symmetry)]
        values = lee if part.parent is None else run.columns[Key("contribution", root.symmetry, part.layer)]
        mean = float(lee.mean())
        own = {f.name: getattr(part, f.name) for f in fields(Part) if f.name != "layer"}
        own |= self._norm(run, Key("norm", root.symmetry, part.layer))
        own["share"] = float(values.mean()) / mean if mean else None
        own["share_standard_error"] = ratio_error(values, lee)
        own |= columns_of_interval("share", of_ratio_of_means(values, lee, seed=run.seed))
        if part.parent is None:
            return LayerRow(**{**asdict(root), "layer": ""}, contribution=root.value, **own)
        e = estimate(values, floor=floor, seed=run.seed)
        columns = e.columns() | {"verdict": on_contribution(e.value, e.interval, floor, e.n)}
        columns |= {"top_share": None, "typical": None}  # of values of both signs they say nothing
        return LayerRow(
            measure="lee",
            symmetry=root.symmetry,
            output=root.output,
            layer=part.layer,
            unit=root.unit,
            direction="sign: + adds to LEE, - takes from it",
            definition=root.definition,
            contribution=e.value,
            column=str(Key("contribution", root.symmetry, part.layer)),
            **columns,
            **own,
        )

    def _norm(self, run: DerivativeRun, key: Key) -> dict[str, float | None]:
        norms = run.columns.get(key)
        variances = run.columns.get(replace(key, measure="norm_variance"))
        if norms is None or variances is None:
            return {}
        return {
            "norm": float(norms.mean()),
            "norm_standard_error": standard_error(norms),
            "norm_probe_error": float(np.sqrt(variances.sum()) / len(variances)),
        }
