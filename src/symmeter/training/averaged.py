"""`Averaged`: a network that is the mean of another over a group, and so has the symmetry whatever that has learned."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import parse_group
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.measure import named_options
from symmeter.symmetry.groups.group import Element, Group, choose_elements
from symmeter.symmetry.groups.sampling import AUTO
from symmeter.training.over_elements import Orbit, OverElements, one_group, orbit_of
from symmeter.training.samples import Meant, Samples
from symmeter.verbs.arguments import instance
from symmeter.verbs.verb import verb

Weighted = tuple[Sequence[Element], Sequence[float]]  # elements, and how much each counts, 1 on average


class Averaged(OverElements):
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

    >>> import torch
    >>> from torch import nn
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
        if isinstance(group, str) and domain is None:
            parse_group(group)  # says at once what is wrong with it
        whole = named_options(definition, None) | options
        super().__init__(model, Meant(group, output, domain, inputs, whole), batch_size)
        self.chosen = (elements, seed, sampling)
        self._elements: dict[Group, Weighted] = {}

    def orbit(self, samples: Samples) -> Orbit:
        """The elements of the group as it acts on these samples."""
        group = one_group(samples)
        rho_in, bound = samples.rho_in(group), samples.bound(group)
        if bound not in self._elements:
            self._elements[bound] = elements_of(bound, *self.chosen)
        return orbit_of(*self._elements[bound], rho_in, samples.x)

    def extra_repr(self) -> str:
        return f"over={str(getattr(self.meant.symmetry, 'name', self.meant.symmetry))!r}"


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
