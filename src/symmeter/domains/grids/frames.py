"""Whether the frame of a volume maps onto itself, and whether it is known how long its voxels are."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from symmeter.domains.grids.vectors import turns
from symmeter.domains.space.motion import Motion
from symmeter.domains.space.point_groups import PointGroup
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.groups.products import Composed

_CUBES = (1.0, 1.0, 1.0)
_SAME = 1e-3  # relative: lengths closer than this are the same
_FAR = 1.5  # of the shortest axis: a longer one makes cubes doubtful


def check_frame(
    group: Group, sizes: Sequence[int], spacing: Sequence[float] | None, item: str = "volume"
) -> None:
    """SymmeterError where a finite group exchanges axes of different lengths, for sizes (D, H, W).

    Of a group without end nothing is asked, for there corners leave the frame in any case.
    """
    lengths = np.array(sizes[::-1]) * (spacing or _CUBES)
    for each in _point_groups(group):
        mixed = sum(g.rotation.abs().numpy() for g in each.enumerate()) > _SAME
        unlike = ~np.isclose(lengths[:, None], lengths, rtol=_SAME)
        if (mixed & unlike).any():
            unit = "mm" if spacing else "positions"
            words = " x ".join(f"{length:.4g}" for length in lengths)
            raise SymmeterError(
                f"{each.name} exchanges axes of a {item} of {words} {unit} (x, y, z); make these equal, take a group "
                "that keeps them such as C2(z), or say what comes in with --padding reflect (zeros, circular)"
            )


def _point_groups(group: Group) -> Iterator[PointGroup]:
    """The finite groups of motions that a group is made of."""
    factors = group.factors if isinstance(group, Composed) else (group,)
    return (factor for factor in factors if isinstance(factor, PointGroup))


def taken_as_cubes(sizes: Sequence[int], moved_by: Iterable[Generator | Element]) -> list[str]:
    """A remark where something turns volumes whose axes are so unlike that their voxels may be no cubes.

    >>> from symmeter.domains.space.motion import rotation_about
    >>> taken_as_cubes((10, 40, 40), [rotation_about("z", 90)])[0]
    'no spacing is known, so that voxels of 40 x 40 x 10 are taken as cubes: say spacing= if they are not'
    >>> taken_as_cubes((40, 40, 40), [rotation_about("z", 90)])
    []
    """
    alike = max(sizes) <= _FAR * min(sizes)
    if alike or not any(map(turns_space, moved_by)):
        return []
    words = " x ".join(map(str, reversed(sizes)))
    return [
        f"no spacing is known, so that voxels of {words} are taken as cubes: say spacing= if they are not"
    ]


def turns_space(one: Generator | Element) -> bool:
    """Whether an element or a generator turns or mirrors space, so that vectors would show it."""
    return not one.translates if isinstance(one, Motion) else turns(one)
