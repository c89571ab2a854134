"""One rule an operation: the axes of its outputs from those of its inputs.

A rule is called as rule(axes_of, outputs, *arguments of the operation) and returns a list with the axes of each output,
None for those that it cannot tell. `axes_of` gives None for a tensor that does not depend on the image.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils import _pytree as pytree

from symmeter.domains.grids.axes.axes import Axes, unify

AxesOf = Callable[[Tensor], Axes | None]
Found = list[Axes | None]
Rule = TypeVar("Rule", bound=Callable[..., Found])
RULES: dict[str, Callable[..., Found]] = {}


def rule(names: str) -> Callable[[Rule], Rule]:
    """Decorates the rule of the operations with these names, which spaces separate."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names.split(), function))
        return function

    return register


def rule_of_one(names: str) -> Callable[[Rule], Rule]:
    """Decorates the rule of operations on one tensor x, called as rule(axes of x, outputs, x, *other arguments)."""

    def register(function: Rule) -> Rule:
        @rule(names)
        def follow(
            axes_of: AxesOf, outputs: list[Tensor], x: Tensor, *args: object, **kwargs: object
        ) -> Found:
            axes = axes_of(x)
            return [None] * len(outputs) if axes is None else function(axes, outputs, x, *args, **kwargs)

        return function

    return register


def tensors_in(tree: object) -> list[Tensor]:
    """The tensors of any shape in nested lists, tuples and dictionaries."""
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]


def rule_of(operation: OpOverload) -> Callable[..., Found] | None:
    """The rule of an operation, that of its form which is not in place included; None for one that nobody knows.

    >>> rule_of(torch.ops.aten.relu_.default) is elementwise, rule_of(torch.ops.aten.trace.default) is None
    (True, True)
    """
    if operation.namespace not in ("aten", "torchvision"):
        return None  # another's operation of the same name may do anything
    name = operation.overloadpacket.__name__
    plain = name.rstrip("_")
    known = RULES.get(name) or RULES.get(plain)
    if known is None and _is_pointwise(operation, plain):
        return elementwise
    return known


def _is_pointwise(operation: OpOverload, plain: str) -> bool:
    """Whether torch tells so, of the operation or of its form that is not in place."""
    if torch.Tag.pointwise in operation.tags:
        return True
    packet = getattr(torch.ops.aten, plain, None)
    if packet is None:
        return False
    forms = (getattr(packet, overload) for overload in packet.overloads())
    return any(torch.Tag.pointwise in form.tags for form in forms)


@rule(
    "_to_copy to alias detach lift lift_fresh lift_fresh_copy copy fill zero _conj _neg_view real imag complex polar "
    "hardswish _prelu_kernel log_sigmoid_forward rrelu_with_noise "
    "bernoulli dropout alpha_dropout _fused_dropout _masked_scale floor_divide"
)
def elementwise(axes_of: AxesOf, outputs: list[Tensor], *args: object, **kwargs: object) -> Found:
    """What works entry by entry on tensors of any shape, which torch tells of most operations.

    Outputs of the inputs' broadcast shape have their axes.
    """
    shape = outputs[0].shape
    tensors = tensors_in((args, kwargs))
    if torch.broadcast_shapes(*(t.shape for t in tensors)) != shape:
        return [None] * len(outputs)
    found: Axes | None = None
    for own in map(axes_of, tensors):
        if own is not None:
            found = unify(found or (), own, shape)
    return [found if output.shape == shape else None for output in outputs]
