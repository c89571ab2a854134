"""`penalty`: a term for the loss that makes a network more symmetric while it trains."""

from typing import Any

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, counted
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.measure import named_options
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.training.call import TrainingCall
from symmeter.training.estimates import Estimate, along_directions, draw, over_elements, signs
from symmeter.training.samples import Meant, Samples
from symmeter.trees import Tree
from symmeter.verbs.arguments import anything, choice, instance, truth, whole
from symmeter.verbs.verb import verb

LEE, ORBIT = KINDS = ("lee", "orbit")
_SEEDS = 2**63 - 1


@verb(
    ARGUMENTS,
    x=anything,
    kind=choice("kind", KINDS).or_none("for lee along generators, orbit over groups"),
    generator=instance("a torch.Generator", torch.Generator).or_none("for torch's own random numbers"),
    return_output=truth,
    elements=whole(1, 17),
)
def penalty(
    model: Any,
    x: Tree,
    symmetry: Any = "translation",
    kind: str | None = None,
    output: str = "softmax",
    *,
    generator: torch.Generator | None = None,
    return_output: bool = False,
    elements: int = 4,
    definition: Any = "bandlimited",
    domain: Any = None,
    inputs: Any = None,
    **options: Any,
) -> Tree:
    """How far a model is from a symmetry on one batch: an unbiased estimate to add to the loss, () in shape.

    `lee`: with random signs c_i for every sample, X = sum_i c_i X_i, the mean over samples of ||L_X f(x)||^2 / m for
    outputs of m numbers. Its mean is the sum of the LEE that `symmeter.measure` reports for the generators X_i. One
    pass of forward mode, however many they are. `orbit`: the mean of ||g^-1 f(g x) - f(x)||^2 / m for random g, whose
    mean is the `squared_error` of `symmeter.measure`, added up over the groups. Two passes.

    The model is in the mode that it is in: in train mode batch norm takes the statistics of the batch, which change
    with it. Its parameters get gradients when the loss goes backward, and nothing else of it changes: neither running
    statistics, nor random numbers, nor attributes. The same dropout is in both parts of a comparison.

    Args:
        model: an `nn.Module`, or a callable that hides one.
        x: what the model is called with: a tensor (B, ...), or, with `inputs`, a dict or tuple of them. A tensor may
            have gradients of its own; what is given with `inputs` is taken as data.
        symmetry: as in `symmeter.measure`: `"rotation,translation"`, `"C4"`, generators, groups.
        kind: `lee` for generators, `orbit` for groups; None for whichever there are, added up.
        output: as in `symmeter.measure`; the errors of several are added up.
        generator: of the random numbers, also of dropout inside of the model. None: one number is drawn from torch's.
        return_output: also return f(x), the tensor (B, ...) that the model returned, and keep the running statistics of
            that pass: it then takes the place of the call that the loss would have made.
        elements: of a group, that are drawn; each is for a part of the batch.
        definition, domain, inputs, options: as in `symmeter.measure`.

    Returns:
        The estimate, in float32 or wider; with `return_output`, (estimate, f(x)).

    Raises:
        SymmeterError: for a mistake in the arguments, a model without derivatives, and values that are not finite.

    Source: the measure of Gruver et al. 2023; random directions as in Hutchinson 1990.

    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2))
    >>> term = penalty(net, torch.rand(4, 3, 4, 4), "rotation")
    >>> term.backward()
    >>> term.shape, net[1].weight.grad.shape
    (torch.Size([]), torch.Size([2, 48]))
    """
    meant = Meant(symmetry, output, domain, inputs, named_options(definition, None) | options)
    samples = meant.of(model, x)
    check_kind(kind, samples.plan.symmetry)
    device = "cpu" if generator is None else generator.device
    seed = int(torch.randint(_SEEDS, (), generator=generator, device=device))
    call = TrainingCall(samples.plan.model, samples.outputs, samples.packing, seed)
    estimates = _estimates(call, samples, elements, torch.Generator().manual_seed(seed))
    value = torch.stack([_mean(one.errors, samples) for one in estimates]).sum()
    main = estimates[0].made.main
    value = value.to(torch.promote_types(main.dtype, torch.float32))
    if not return_output:
        return value
    call.keep(estimates[0].made)
    return value, main


def check_kind(kind: str | None, symmetry: Symmetry) -> None:
    """SymmeterError where a kind of penalty does not fit every part of a symmetry."""
    if kind == LEE and symmetry.groups:
        name = symmetry.groups[0].name
        raise SymmeterError(
            f"kind 'lee' needs generators such as rotation, and {name} is a group: kind='orbit'"
        )
    if kind == ORBIT and symmetry.generators:
        name = symmetry.generators[0].name
        raise SymmeterError(
            f"kind 'orbit' needs a group such as C4, shift(8) or SO2, and {name} is a generator: kind='lee'"
        )


def _estimates(
    call: TrainingCall, samples: Samples, elements: int, random: torch.Generator
) -> list[Estimate]:
    """One along all generators, and one over every group."""
    symmetry = samples.plan.symmetry
    found = []
    if symmetry.generators:
        c = signs(len(symmetry.generators), len(samples.x), random)
        found.append(along_directions(call, samples, c))
    for group in symmetry.groups:
        bound, rho_in = samples.bound(group), samples.rho_in(group)
        made = found[0].made if found else call(samples.x)
        drawn = [draw(bound, random) for _ in range(elements)]
        found.append(over_elements(call, samples, rho_in, drawn, made))
    return found


def _mean(errors: Tensor, samples: Samples) -> Tensor:
    """The mean of errors (B,); SymmeterError where one is not finite."""
    wrong = (~errors.isfinite()).nonzero().flatten().tolist()
    if wrong:
        item = samples.plan.domain.item
        raise SymmeterError(
            f"the penalty is not finite for {counted(len(wrong), item)} of {len(errors)}, the first is number "
            f"{wrong[0]}: look for NaN or infinite numbers in x, in the parameters or in the outputs"
        )
    return errors.mean()
