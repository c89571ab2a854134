"""Unbiased estimates of symmetry errors from few passes: one random direction, or few random elements."""

from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from symmeter.autodiff.steps import along
from symmeter.errors import SymmeterError
from symmeter.measures.lee import LEE
from symmeter.measures.orbit import Chunk, View
from symmeter.measures.squared_error import SquaredError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.training.call import Made, TrainingCall
from symmeter.training.full_precision import full_precision
from symmeter.training.samples import Samples


@dataclass(frozen=True)
class Estimate:
    """`errors` (B,) of samples, whose mean estimates the error, and what the model `made` of them as they are."""

    errors: Tensor
    made: Made


def signs(generators: int, samples: int, random: torch.Generator) -> Tensor:
    """(T, B) independent random signs c, of which E c_i c_j = 1 for i = j, else 0."""
    return 2.0 * torch.randint(2, (generators, samples), generator=random) - 1


def along_directions(call: TrainingCall, samples: Samples, c: Tensor) -> Estimate:
    """||L_X f(x)||^2 / dim(V_out) with X = sum_i c_i X_i for every sample, c (T, B), added up over the outputs.

    The Lie derivative is linear in X. So with random signs the mean is sum_i ||L_i f(x)||^2 / dim(V_out): the sum of
    the LEE of all generators, at the cost of one.
    """
    generators = samples.plan.symmetry.generators
    x = samples.x
    errors = []
    with full_precision(x) as as_given:
        v = _combined(samples.rho_in(), generators, c, x)
        made, outputs, pushed = as_given(call.pushed)(x, v)
        for output, y, dy in zip(samples.outputs, outputs, pushed, strict=True):
            expected = _combined(samples.rho_out(output, y), generators, c, y)
            errors.append(LEE().statistic((dy - expected)[None])[0])
    return Estimate(reduce(torch.add, errors), made)


def _combined(rho: Representation, generators: tuple[Generator, ...], c: Tensor, x: Tensor) -> Tensor:
    """sum_i c_i X_i x, of the shape of x (B, ...)."""
    weights = c.to(x)
    moved = rho.differentiate_all(generators, x)
    terms = [along(weight, one) * one for weight, one in zip(weights, moved, strict=True)]
    return reduce(torch.add, terms)


def draw(group: Group, random: torch.Generator) -> Element:
    """A random element of a group; not the identity of a finite one, as in `symmeter.measure`."""
    if group.order == 1:
        raise SymmeterError(f"{group.name} has one element, which moves nothing: give a larger group")
    while (element := group.draw(random)).is_identity and group.order is not None:
        pass
    return element


def over_elements(
    call: TrainingCall, samples: Samples, rho_in: Representation, elements: list[Element], made: Made
) -> Estimate:
    """||g^-1 f(g x) - f(x)||^2 / dim(V_out) for every sample, added up over the outputs; f(x) is in what is `made`.

    Each element is for an equal part of the batch x (B, ...). One pass of the model, with the same chance as in f(x).
    """
    x = samples.x
    parts = [part for part in torch.arange(len(x)).tensor_split(len(elements)) if len(part)]
    pairs = list(zip(elements, [slice(int(part[0]), int(part[-1]) + 1) for part in parts], strict=False))
    errors = []
    with full_precision(x) as as_given:
        moved = torch.cat([rho_in.act(g, x[part])[0] for g, part in pairs])
        after = as_given(call)(moved)
        for output, y, z in zip(samples.outputs, call.read(made), call.read(after), strict=True):
            rho = samples.rho_out(output, y)
            views = [View(g, z[part], Chunk(y[part], rho, 1)) for g, part in pairs]
            errors.append(torch.cat(list(map(SquaredError().error, views))))
    return Estimate(reduce(torch.add, errors), made)
