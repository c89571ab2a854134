"""`attribute`: from a model and some samples to the profile of its layers."""

from dataclasses import replace
from typing import Any

import torch

from symmeter.domain import Domain
from symmeter.layers.attributor import Attributor
from symmeter.layers.group_attributor import GroupAttributor
from symmeter.layers.layouts import Words
from symmeter.layers.observer import LayerObserver
from symmeter.layers.profile import Profile, joined
from symmeter.measures.squared_error import SquaredError
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.execution import Execution, announced, run_along, run_over
from symmeter.measuring.measure import named_options
from symmeter.measuring.plan import Given, Settings, make_plan, one_output, plan_along, read_words
from symmeter.symmetry.hypothesis import Symmetry, generators_only
from symmeter.verbs.arguments import truth
from symmeter.verbs.verb import verb

PURPOSE = "attribution"
FEW_ELEMENTS = 8  # of a group: each costs a pass for every layer that breaks the symmetry


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
    elements: int | None = None,
    control: bool = True,
    preprocessing: object = None,
    domain: str | type[Domain] | None = None,
    inputs: Any = None,
    labels: Any = None,
    **options: Any,
) -> Profile:
    """Attribute the equivariance error of a network to its modules, at every depth.

    With g_h the gradient of <z, f(x)> at activation h, z = L_X f(x) / dim, a module contributes

        c_m = sum over inputs <g_in through m, X h_in> - sum over outputs <g_out, X h_out>,

    in the unit of LEE. Over a group (of points and atoms) contributions are to the mean square of g^-1 f(g x) - f(x):
    what exchanging the output of a module for that of g x, moved back, changes (see `symmeter.layers.finite`). Parents
    are their children plus the functional remainder (glue), and the terminal parts add up to the whole, sample by
    sample. `broken_in` of the profile says in a sentence where most of the error comes in.

    Args:
        model: an `nn.Module`, or a name such as `"timm:resnet50"`; other arguments as in `symmeter.measure`.
        elements: of a group, how many are drawn; None for 8, or all where there are no more.
        probes: backward passes for `norm`, E_z c_m(z)^2 = ||df_after L_X m||^2; 0 for no norms.
        layouts: how the symmetry acts on tensors in and out of modules, where it is not to be followed from the
            image: {name, glob, class name or class: action}, such as `{"blocks.*": "tokens(1+14x14)"}`.

    Raises:
        SymmeterError: for a mistake in the arguments, a layout that contradicts a tensor (naming the module), or a
            model that has no backward pass.
        Interrupted: on Ctrl-C; its `result` holds what was done.

    Source: Gruver et al. 2023, Section 4 (layerwise decomposition), with one cotangent that makes the parts add up.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    >>> profile = attribute(net, torch.rand(8, 3, 6, 6), symmetry="rotation", output="logits")
    >>> [row.layer for row in profile.rows], profile.rows[0].share
    (['', '0', '1', '2', '3'], 1.0)
    """
    given = Given(data, domain, inputs, labels, named_options(definition, preprocessing) | options)
    settings = Settings(samples, batch_size, device, seed, progress, control, elements or FEW_ELEMENTS)
    kind, meant = read_words(given, symmetry)
    given = replace(given, domain=type(kind))
    if kind.inside is None:
        generators_only(meant, PURPOSE, kind.generators())
    parts = []
    if meant.generators:
        names = ",".join(generator.name for generator in meant.generators)
        alone = replace(meant, name=names if meant.groups else meant.name, groups=())
        parts.append(_along(model, given, alone, output, settings, probes, layouts))
    for group in meant.groups:
        alone = replace(meant, name=group.name, generators=(), groups=(group,))
        parts.append(_over(model, given, alone, output, settings, layouts))
    return joined(parts)


def _along(
    model: Any,
    given: Given,
    symmetry: Symmetry,
    output: str,
    settings: Settings,
    probes: int,
    layouts: Words | None,
) -> Profile:
    """Attribution along generators."""
    observer = Attributor(probes, layouts, settings.seed)
    done = run_along(plan_along(model, given, symmetry, output, settings, PURPOSE), observer)
    done.spec.update(probes=probes)
    return profiled(done, observer)


def _over(
    model: Any, given: Given, symmetry: Symmetry, output: str, settings: Settings, layouts: Words | None
) -> Profile:
    """Attribution over a group."""
    observer = GroupAttributor(layouts)
    plan = make_plan(model, given, symmetry, SquaredError(), output, settings)
    one_output(plan, PURPOSE)
    done = run_over(plan, symmetry.groups[0], observer)
    return profiled(done, observer)


def profiled(done: Execution, observer: LayerObserver) -> Profile:
    """The profile of an attribution that has come to its end; its warnings are said."""
    done.notes.extend(observer.notes(done.run))
    done.spec.update(broken_in=observer.broken_in(done.run))
    done.spec.update(folded=dict(observer.folded), residue=observer.residue(done.run))
    result = done.result(observer.rows(done), Profile)
    return announced(result, done.run.interrupted)  # type: ignore[return-value]
