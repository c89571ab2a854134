"""`canonicalised`: the network sees one pose of every sample, which follows it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from symmeter.curing.as_before import AsBefore
from symmeter.curing.expectation import (
    NOTHING_LEFT,
    acts_exactly,
    asked_in_space,
    check_group,
    group_named,
    holds,
    in_space,
    is_known,
    turns_space,
)
from symmeter.curing.principal_axes import InPoses, PrincipalAxes
from symmeter.curing.remedy import Expected, NetworkRemedy, Purpose, Remedy
from symmeter.errors import SymmeterError
from symmeter.models.outputs import Output
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.representation import Acted
from symmeter.training.over_elements import Combined, Orbit, OverElements, one_group, orbit_of
from symmeter.training.samples import Samples
from symmeter.verbs.arguments import split_list

_BY_AXES = {"SO3": False, "O3": True}  # and whether mirror images are among them
_STEPS = 8  # of a turn about one axis
_SCORES = ("softmax", "logits")


@dataclass(frozen=True)
class Canonicalised(NetworkRemedy):
    """fbar(x) = rho_out(g) f(rho_in(g)^-1 x) with the one g, of a finite group, of which f is surest.

    That is the g with the least entropy of the probabilities of classes, the first of equals; so g of h x is h g, and
    fbar is exactly equivariant wherever one g is surer than all others. It costs a pass for each element of the group,
    which has to act exactly: C4, D4, hflip. What it returns is what the network itself returns for that pose.

    Points are turned by `canonicalised(SO3)` or `(O3)` with one pass, so that their principal axes lie along x, y, z,
    with the signs of their third moments. It jumps where such a moment is 0 and where two axes are equally long; no
    choice of one pose is without jumps (Puny et al. 2022), and near one of them a small change can be answered by a
    large one. `frames` does not jump at the first.

    Source: Kaba et al. 2023, canonicalisation by optimisation.
    """

    argument: str = ""
    name = "canonicalised"
    words = "the pose of which the network is surest; of points that of their principal axes"
    source = "Kaba et al. 2023"

    @classmethod
    def parse(cls, argument: str) -> Remedy:
        """`GROUP`; where nothing is said what is usual for the symmetry that is asked for."""
        if not argument:
            return cls()
        word = check_group(argument, f"canonicalised({argument})")
        return cls(word.upper() if word.upper() in _BY_AXES else word)

    @classmethod
    def usual(cls, purpose: Purpose) -> Sequence[Remedy]:
        """Small groups that are asked for; quarter turns of images; axes of points, and the surest of some turns.

        Where a network has seen but one axis upright, principal axes show it poses that it does not know.
        """
        scores = any(word.split(":")[0] in _SCORES for word in split_list(purpose.output))
        asked = [group.name for group in purpose.symmetry.groups if acts_exactly(group, purpose)]
        turning = [one.name[-1] for one in purpose.symmetry.generators if one.name.startswith("rotation")]
        if in_space(purpose):
            axes = asked_in_space(purpose)
            asked += [f"C{_STEPS}({turning[0]})"] if len(turning) == 1 else ["icosahedral"] * bool(axes)
        else:
            axes = []
            asked += ["C4"] * bool(turning)
        words = dict.fromkeys([*axes, *asked * scores])
        return [cls(word) for word in words if is_known(purpose, word)]

    def wrapped(self, model: nn.Module, purpose: Purpose) -> nn.Module:
        """The network in one pose; SymmeterError for a group that does not act exactly, or is none of the data's."""
        group = self._over(purpose)
        raw = [f"logits{word.strip().removeprefix('softmax')}" if word.strip().startswith("softmax") else word
               for word in split_list(purpose.output)]  # fmt: skip
        purpose = replace(purpose, output=",".join(raw))
        if _by_axes(group, purpose):
            axes = PrincipalAxes(_BY_AXES[group.name], signed=True)
            return AsBefore(InPoses(model, axes, purpose))
        if not acts_exactly(group, purpose):
            raise SymmeterError(
                f"remedy {self}: one pose is chosen from a finite group that acts exactly, such as C4, D4 or hflip on "
                f"images, and {group.name} is none; use averaged({group.name})"
            )
        return AsBefore(Surest(model, group.name, purpose))

    def expected(self, purpose: Purpose, symmetry: str) -> Expected:
        """Nothing is left of the group and its subgroups; of all else the error in one of k poses, at most k times.

        The errors in all k poses add up to k times their mean, and none is larger than all of them.
        """
        group = self._over(purpose)
        if _by_axes(group, purpose):
            covered = turns_space(symmetry, purpose, _BY_AXES[group.name])
            return NOTHING_LEFT if covered else Expected(1.0, 0.0, float("inf"))
        if holds(group, symmetry, purpose):
            return NOTHING_LEFT
        return Expected(1.0, 0.0, float(group.order or "inf"))

    def _over(self, purpose: Purpose) -> Group:
        usual = [one.argument for one in self.usual(purpose)]
        if not self.argument and not usual:
            raise SymmeterError(
                f"remedy canonicalised: for {purpose.symmetry.name} no group is usual that acts exactly: write one in "
                "brackets, as in canonicalised(C4)"
            )
        return group_named(purpose, self.argument or usual[0], str(self))


def _by_axes(group: Group, purpose: Purpose) -> bool:
    """Whether the pose is that of principal axes."""
    return group.name in _BY_AXES and in_space(purpose)


class Surest(OverElements):
    """g^-1 f(g x) for the element g of a finite group of which f is surest, sample by sample."""

    def __init__(self, model: nn.Module, group: str, purpose: Purpose):
        super().__init__(model, purpose.meant(group))

    def orbit(self, samples: Samples) -> Orbit:
        """All elements; SymmeterError where they bring in what was outside the frame."""
        group = one_group(samples)
        rho_in, bound = samples.rho_in(group), samples.bound(group)
        elements = bound.enumerate()
        masks = [rho_in.act(g, samples.x[:1].detach())[1] for g in elements]
        if min(float(mask.min()) for mask in masks) < 1:
            raise SymmeterError(
                f"{bound.name} does not take samples of shape {tuple(samples.x.shape[1:])} onto themselves: give "
                "square images, or average"
            )
        return orbit_of(elements, [1.0] * len(elements), rho_in, samples.x)

    def combined(self, samples: Samples) -> Combined:
        """The element that is chosen."""
        return _First(samples.outputs)

    def extra_repr(self) -> str:
        return f"over={self.meant.symmetry!r}"


class _First(Combined):
    """Of the ways that come one after the other, that of the least entropy, sample by sample."""

    def __init__(self, outputs: Sequence[Output]):
        found = [i for i, output in enumerate(outputs) if output.name in _SCORES]
        if not found:
            named = ",".join(map(str, outputs))
            raise SymmeterError(
                f"outputs {named!r} are no scores of classes, by which the surest pose is chosen; use averaged"
            )
        self._scores, self._output = found[0], outputs[found[0]]
        self._least: Tensor | None = None
        self._values: list[Tensor] = []

    def add(self, outputs: Sequence[Tensor], turned: Sequence[Acted], weight: float) -> None:
        entropy = _entropy(outputs[self._scores], self._output.class_axis)
        own = [z for z, _ in turned]
        if self._least is None:
            self._least, self._values = entropy, own
            return
        less = entropy < self._least
        self._least = torch.where(less, entropy, self._least)
        pairs = zip(own, self._values, strict=True)
        self._values = [torch.where(less.view(-1, *[1] * (z.ndim - 1)), z, value) for z, value in pairs]

    @property
    def values(self) -> list[Tensor]:
        return self._values


def _entropy(scores: Tensor, class_axis: int) -> Tensor:
    """(B,) of the probabilities of classes, from scores (B, K) or (B, K, ...): the mean over places where there are."""
    axis = class_axis if scores.ndim == 3 else 1
    if scores.ndim < 2 or scores.shape[axis] < 2:
        raise SymmeterError(
            f"an output of shape {tuple(scores.shape)} is no scores of classes, by which the surest pose is chosen; "
            "use averaged"
        )
    log = scores.detach().log_softmax(axis)
    return -(log.exp() * log).sum(axis).reshape(len(scores), -1).mean(1)
