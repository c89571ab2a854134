"""`Averaged`: a network that is the mean of another over a group, and so has the symmetry whatever that has learned."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import parse_group
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.measure import named_options
from symmeter.measuring.passes import Passes, moved
from symmeter.models.behind import Behind, as_module
from symmeter.models.load import load_model
from symmeter.models.outputs import Reader
from symmeter.symmetry.groups.group import Element, Group, choose_elements
from symmeter.symmetry.groups.sampling import AUTO
from symmeter.symmetry.representations.representation import Representation
from symmeter.training.full_precision import full_precision
from symmeter.training.samples import Meant, Samples
from symmeter.trees import Tree
from symmeter.verbs.arguments import instance
from symmeter.verbs.verb import verb

_AT_ONCE = 256  # samples that go through the model in one call, where nothing is said
_PREFIX = "model."
Weighted = tuple[Sequence[Element], Sequence[float]]  # elements, and how much each counts, 1 on average


class Averaged(nn.Module):
    """The mean of rho_out(g)^-1 f(rho_in(g) x) over the elements g of a group.

    Over all elements of a finite group it is equivariant by construction, where the group acts exactly, as quarter
    turns and flips do on square images. Of infinite groups, and with `elements=k`, the same k elements serve every
    call, so it is a function: a subgroup of k, equal steps, or k that are drawn under the seed.

    Its state is that of the model, by the same names. It trains as the model does, and costs as many passes as it has
    elements. Where motions bring in what was outside the frame, only what is valid is averaged; an entry that no
    element has is 0.

    Args:
        model: an `nn.Module`, a callable, or a name as in `symmeter.measure`.
        group: such as `"C4"`, `"D4"`, `"shift(1)"` (small shifts), `"SO3"`, or a Group.
        elements: how many; None for all of up to 256, else 64, of SO3 120 and of O3 240.
        output: what is averaged, as in `symmeter.measure`: `"logits"`, `"softmax"`, `"logits:equivariant"`. Of several
            a dict by name is returned.
        sampling, seed: as in `symmeter.measure`.
        batch_size: samples that go through the model in one call; None for 256, and all of a batch at least.
        definition, domain, inputs, options: as in `symmeter.measure`.

    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    >>> averaged = Averaged(net, "C4")
    >>> x = torch.rand(3, 1, 4, 4)
    >>> torch.allclose(averaged(x), averaged(x.rot90(1, (-2, -1))), atol=1e-6)
    True
    >>> list(averaged.state_dict())
    ['1.weight', '1.bias']
    """

    @verb(ARGUMENTS, group=instance("one group, such as 'C4', or a Group", str, Group))
    def __init__(
        self,
        model: Any,
        group: str | Group,
        *,
        elements: int | None = None,
        sampling: str = AUTO,
        seed: int = 0,
        output: str = "logits",
        batch_size: int | None = None,
        definition: Any = "bandlimited",
        domain: Any = None,
        inputs: Any = None,
        **options: Any,
    ):
        super().__init__()
        if isinstance(group, str) and domain is None:
            parse_group(group)  # says at once what is wrong with it
        network = as_module(load_model(model).model if isinstance(model, str) else model)
        self.model = network if isinstance(network, nn.Module) else Behind(network, {})
        self.meant = Meant(group, output, domain, inputs, named_options(definition, None) | options)
        self.chosen = (elements, seed, sampling)
        self.batch_size = batch_size
        self._elements: dict[Group, Weighted] = {}
        self.register_load_state_dict_pre_hook(_prefixed)
        self.training = self.model.training

    def forward(self, x: Tree) -> Tree:
        """What the model makes of inputs (B, ...), averaged: one tensor (B, ...), or a dict of them by output."""
        samples = self.meant.of(self.model, x)
        group = self._one_group(samples)
        rho_in, bound = samples.rho_in(group), samples.bound(group)
        if bound not in self._elements:
            self._elements[bound] = elements_of(bound, *self.chosen)
        elements, weights = self._elements[bound]
        means: dict[str, _Mean] = {}
        with full_precision(samples.x) as as_given:
            read = as_given(_outputs_of(self.model, samples))
            passes = Passes(read, moved(rho_in, samples.x), elements, self.batch_size or _AT_ONCE)
            for i, outputs in passes():
                for output, y in zip(samples.outputs, outputs, strict=True):
                    mean = means.setdefault(output.label, _Mean(samples.rho_out(output, y)))
                    mean.add(elements[i], y, weights[i])
        found = {name: mean.value for name, mean in means.items()}
        return next(iter(found.values())) if len(found) == 1 else found

    @staticmethod
    def _one_group(samples: Samples) -> Group:
        symmetry = samples.plan.symmetry
        if symmetry.generators or len(symmetry.groups) != 1:
            raise SymmeterError(
                f"{symmetry.name} is not one group: give one such as C4, SO2 or a product, C4*shift(1)"
            )
        return symmetry.groups[0]

    def state_dict(self, *args: Any, **kwargs: Any) -> Tree:
        """That of the model."""
        return self.model.state_dict(*args, **kwargs)

    def extra_repr(self) -> str:
        return f"over={str(getattr(self.meant.symmetry, 'name', self.meant.symmetry))!r}"


def _outputs_of(model: nn.Module, samples: Samples) -> Callable[[Tensor], list[Tensor]]:
    """x (B, ...) -> the outputs (B, ...) that are asked for, as they are measured."""
    reader = Reader(model, samples.outputs, samples.packing)
    return lambda x: [output.read(y) for output, y in zip(reader.outputs, reader(x), strict=True)]


class _Mean:
    """The mean over elements of an output on which the group acts by `rho`, of what is valid."""

    def __init__(self, rho: Representation):
        self._rho = rho
        self._sums: list[Tensor] = []  # of values, and of their weights

    def add(self, element: Element, y: Tensor, weight: float) -> None:
        """What the model made of g x, (B, ...)."""
        z, mask = self._rho.act(element.inverse(), y)
        own = [weight * mask * z, weight * mask]
        self._sums = [a + b for a, b in zip(self._sums, own, strict=True)] if self._sums else own

    @property
    def value(self) -> Tensor:
        """(B, ...), 0 where nothing was valid."""
        total, weight = self._sums
        return total / torch.where(weight > 0, weight, 1)


def elements_of(group: Group, count: int | None = None, seed: int = 0, sampling: str = AUTO) -> Weighted:
    """The elements over which a mean is taken, where nothing is said of the sampling the best that there are.

    A subgroup of so many, or equal steps such as those of C_k in SO2; else those of a measurement.

    >>> from symmeter.domains.space.orthogonal import Orthogonal
    >>> elements, weights = elements_of(Orthogonal(), 12)
    >>> len(elements), elements[0].is_identity, set(weights)
    (12, True, {1.0})
    """
    subgroups = {subgroup.order: subgroup for subgroup in group.subgroups}
    if sampling == AUTO and count in subgroups:
        found: Sequence[Element] = subgroups[count].enumerate()
        return found, [1.0] * len(found)
    if sampling == AUTO and group.order is None and not group.designs:
        with suppress(SymmeterError):  # none is known
            return group.quadrature(count or group.usual), [1.0] * (count or group.usual)
    drawn = choose_elements(group, count, seed, sampling)
    return drawn.elements, drawn.weights or [1.0] * drawn.count


def _prefixed(module: nn.Module, state: dict[str, object], prefix: str, *_: object) -> None:
    """A state of the model as that of the module around it; `state` is changed in place."""
    for name in [name for name in state if name.startswith(prefix)]:
        state[prefix + _PREFIX + name.removeprefix(prefix)] = state.pop(name)
