"""`averaged`: the mean of the network over a group, or over small shifts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from torch import nn

from symmeter.curing.as_before import AsBefore
from symmeter.curing.expectation import (
    NOTHING_LEFT,
    check_group,
    count_of,
    group_named,
    holds,
    in_space,
    is_known,
    of_mean,
)
from symmeter.curing.remedy import Expected, NetworkRemedy, Purpose, Remedy
from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain
from symmeter.symmetry.groups.group import MOST_ENUMERATED, Group
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.training.averaged import Averaged
from symmeter.verbs.arguments import split_list

_ARGUMENT = attrgetter("argument")
_MOST = 10_000  # elements of a mean
_SAMPLED = 8  # elements of groups of which no better number is known
_SPACE = {"SO3": (60, 120), "O3": (120,)}  # cosets of the icosahedral group, and of that with inversion


@dataclass(frozen=True)
class AveragedOver(NetworkRemedy):
    """fbar(x) = mean over g of rho_out(g)^-1 f(rho_in(g) x): `averaged(C4)`, and `averaged(SO3,60)` of 60 elements.

    Without brackets it is over what is usual for the symmetry that is asked for: a group itself, quarter turns of
    images and rotations of space, shifts by a pixel. It is `symmeter.Averaged`, with the outputs that are asked for. Of
    `softmax` the probabilities are averaged, and log of their mean takes the place of the scores, so what was measured
    is what is averaged. Where scores themselves are asked for (`logits`), these are averaged, whose softmax is the
    geometric mean of probabilities, normalised: another network.

    Source: equi-tuning, Basu et al. 2023; the mean over a group is Reynolds's operator.
    """

    argument: str = ""
    name = "averaged"
    words = "the mean over a group, or over small shifts"
    source = "Basu et al. 2023"

    @classmethod
    def parse(cls, argument: str) -> Remedy:
        """`GROUP`, or `GROUP,K` for K of its elements."""
        if not argument:
            return cls()
        word, *count = split_list(argument)
        if not word or len(count) > 1 or not all(k.isdecimal() for k in count):
            raise SymmeterError(
                f"remedy averaged({argument}): write the group in the brackets, and how many of its elements if not "
                "all: averaged(C4) or averaged(SO3,60)"
            )
        if not all(2 <= int(k) <= _MOST for k in count):
            raise SymmeterError(
                f"remedy averaged({argument}): a mean is over 2 to {_MOST} elements, as in averaged({word},8)"
            )
        check_group(word, f"averaged({argument})")
        return cls(",".join([word, *count]))

    @classmethod
    def usual(cls, purpose: Purpose) -> Sequence[Remedy]:
        """Over groups that are finite where one is natural, else over some elements: 8, and cosets of rotations."""
        words = dict.fromkeys(_usual_words(purpose))
        return [cls(word) for word in words if is_known(purpose, split_list(word)[0])]

    def _over(self, purpose: Purpose) -> tuple[Group, int | None]:
        """The group, and how many of its elements, None for all that are usual."""
        word, *count = split_list(self.argument or next(map(_ARGUMENT, self.usual(purpose)), ""))
        if not word:
            raise SymmeterError(
                f"remedy averaged: over which group is not clear for {purpose.symmetry.name}: write it in brackets, as "
                "in averaged(C4)"
            )
        return group_named(purpose, word, str(self)), int(count[0]) if count else None

    def wrapped(self, model: nn.Module, purpose: Purpose) -> nn.Module:
        """The mean of the model, called as that is; SymmeterError for a group that the data does not have."""
        group, count = self._over(purpose)
        options: dict[str, Any] = dict(purpose.options)
        return AsBefore(
            Averaged(
                model,
                group.name,
                elements=count,
                output=purpose.output,
                domain=purpose.domain,
                inputs=purpose.inputs,
                **options,
            )
        )

    def expected(self, purpose: Purpose, symmetry: str) -> Expected:
        """Nothing is left of the group and its subgroups, where it acts exactly and all elements are in the mean.

        Of all else see `symmeter.curing.expectation`: 1 / k for k elements whose errors are independent, at most 1.
        """
        group, count = self._over(purpose)
        if count in (None, group.order) and holds(group, symmetry, purpose):
            return NOTHING_LEFT
        return of_mean(count or count_of(group, purpose))


def _usual_words(purpose: Purpose) -> Iterator[str]:
    """What stands in the brackets, for every generator and group that is asked for."""
    for group in purpose.symmetry.groups:
        yield from _of_group(group)
    moving, turning = (_of_family(purpose.symmetry, family) for family in ("translation", "rotation"))
    space, known = in_space(purpose), find_domain(purpose.domain)
    if moving and not space:
        every = len(moving) == len(known.symmetry("translation"))
        yield from ["shift(1)"] if every else [f"shift(1,{name[-1]})" for name in moving]
    if len(turning) == 1 and space:
        yield f"SO2({turning[0][-1]}),{_SAMPLED}"
    elif turning and space:
        yield from _of_group_of_space("SO3")
    elif turning:
        yield from ("octahedral",) if "rotation_z" in turning else ("C4", f"SO2,{_SAMPLED}")


def _of_family(symmetry: Symmetry, family: str) -> list[str]:
    """The names of generators of one family, such as translations."""
    return [one.name for one in symmetry.generators if one.name.split("_")[0] == family]


def _of_group(group: Group) -> Iterator[str]:
    """The group itself where it is small, else a few of its elements; nothing of windows that no mean can move."""
    far = group.acts_on == "space" and not group.closed
    if "crop" in group.name or far:
        return
    if group.name in _SPACE:
        yield from _of_group_of_space(group.name)
    elif group.order is not None and group.order <= MOST_ENUMERATED:
        yield group.name
    else:
        yield f"{group.name},{_SAMPLED}"


def _of_group_of_space(name: str) -> Iterator[str]:
    yield from (f"{name},{count}" for count in _SPACE[name])
