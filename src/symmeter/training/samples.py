"""Samples as a model is called with them, and how a symmetry acts on them and on what the model makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.measures.squared_error import SquaredError
from symmeter.measuring.inputs import Words
from symmeter.measuring.plan import Given, Plan, Settings, SymmetryArgument, make_plan
from symmeter.measuring.targets import check_kind
from symmeter.models.from_onnx import OnnxModel
from symmeter.models.load import describe
from symmeter.models.loaded import LoadedModel
from symmeter.models.outputs import Output
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.trees import Packings, Tree, is_dense, tensors
from symmeter.verbs.arguments import shown

# By model and words. How inputs are made is found by a look into the network, too slow for every step of training.
_LOOKED: WeakKeyDictionary[nn.Module, dict[str, object]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Meant:
    """What is said of a symmetry, of outputs and of inputs: arguments as in `symmeter.measure`."""

    symmetry: SymmetryArgument
    output: str
    domain: str | type[Domain] | None = None
    inputs: Words = None
    options: Mapping[str, object] | None = None

    def of(self, model: object, x: object) -> "Samples":
        """Samples x, as the model is called with them; SymmeterError for what is none, and words that do not fit."""
        _check(x)
        key = repr((self.symmetry, self.domain, self.inputs))
        looked = _LOOKED.setdefault(model, {}) if isinstance(model, nn.Module) else {}
        known = replace(_described(model), preprocessing=looked.get(key))
        given = Given(x, self.domain, self.inputs, None, self.options or {})
        plan = make_plan(known, given, self.symmetry, None, self.output, Settings(control=False))
        looked[key] = plan.loaded.preprocessing
        if self.domain is None and not plan.inputs.words and not plan.domain.takes(x):
            raise SymmeterError(
                f"x is {shown(x)}, which is no batch of {plan.domain.name}: say what it is with domain= or inputs="
            )
        return Samples(x, plan)


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples `given` as a tensor or a tree of tensors (B, ...), with the plan of what is asked of them."""

    given: Tree
    plan: Plan

    @cached_property
    def x(self) -> Tensor:
        """One tensor (B, ...): what was given, or several tensors packed into one. Its gradients reach these."""
        if self.packing is None:
            return self.given
        (form,) = self.plan.inputs.forms
        types = [leaf.dtype for leaf in form.packing.leaves if leaf.dtype.is_floating_point]
        return form.packing.pack(self.given, reduce(torch.promote_types, types, torch.float32))

    @property
    def packing(self) -> Packings | None:
        """How several tensors were packed; None where they are one."""
        return self.plan.inputs.packing

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Those that are asked for."""
        return self.plan.outputs

    def rho_in(self, group: Group | None = None) -> Representation:
        """How the symmetry acts on `x`; SymmeterError for one that moves a window of larger samples."""
        rho = self.plan.rho_in(group).fitted(self.x)
        shape = tuple(self.x.shape[1:])
        if rho.shape_for(shape) != shape:
            name = "" if group is None else group.name
            raise SymmeterError(
                f"{name} moves a window of samples that are larger than what the model takes, and these are what it "
                "takes: leave the word crop out"
            )
        return rho

    def bound(self, group: Group) -> Group:
        """The group as it acts on these samples."""
        return self.plan.domain.bound(group, self.rho_in(group), self.x)

    def rho_out(self, output: Output, y: Tensor) -> Representation:
        """How the symmetry acts on an output y (B, ...), which is compared entry by entry."""
        rho = self.plan.rho_out(output, y)
        check_kind(SquaredError(), output, rho)
        return rho


def _described(model: object) -> LoadedModel:
    """The network as it is. SymmeterError for what has no parameters that torch could train."""
    loaded = describe(model)
    if isinstance(loaded.model, OnnxModel):
        raise SymmeterError(
            f"{loaded.name} is an ONNX file, which has no gradients: give the network in torch"
        )
    return loaded


def _check(x: object) -> None:
    """SymmeterError for samples that are not what a model in torch is called with."""
    found = tensors(x)
    if not found or not all(map(is_dense, found.values())):
        raise SymmeterError(
            f"x is {shown(x)}; give what the model is called with: a tensor (B, ...), or several"
        )
    if isinstance(x, Tensor) and not x.is_floating_point():
        kind = str(x.dtype).removeprefix("torch.")
        raise SymmeterError(
            f"x has numbers of type {kind}; give what the model is called with, such as x.float() / 255"
        )
    if any(tensor.ndim == 0 or not len(tensor) for tensor in found.values()):
        raise SymmeterError(f"x is {shown(x)}; give at least one sample, on the first axis")
    if any(tensor.is_inference() for tensor in found.values()) and not torch.is_inference_mode_enabled():
        raise SymmeterError("x was made in inference mode, where nothing has gradients: give x.clone()")
