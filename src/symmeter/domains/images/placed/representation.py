"""How affine maps move boxes and keypoints: centres as points, extents as those of the moved corners."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.heat_maps import HeatMaps
from symmeter.domains.grids.swap import Pairs, mirrors, swapped
from symmeter.domains.images.placed.rows import CENTRE, HALF
from symmeter.errors import SymmeterError
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class Placed(Representation):
    """Rows (B, 1 + N, 7) as in `symmeter.domains.images.placed.rows`, under maps p -> A p + b.

    A centre c goes to A c + b, and the half extent h of a box to |A| h, that of the box around its moved corners: exact
    for flips, quarter turns, shifts and scales, and a superset for all else. Under maps that mirror the plane the
    rows of `swap` change places, as left and right do. `kind` names what can be compared, `least_overlap` is the IoU
    that two boxes must have to be a pair.

    >>> from symmeter.domains.images.placed.rows import with_frame
    >>> box = torch.tensor([[[3.0, 1.0, 2.0, 1.0, 0.9, 7.0, 1.0]]])
    >>> moved, _ = Placed("boxes").act(AffineMap(((0.0, 1.0), (-1.0, 0.0))), with_frame(box, (16, 20)))
    >>> moved[0, :, :4].tolist()  # the frame, and the box
    [[0.0, 0.0, 8.0, 10.0], [1.0, -3.0, 1.0, 2.0]]
    """

    kind: str = "boxes"  # type: ignore[misc]
    swap: Pairs = ()
    least_overlap: float = 0.5

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved rows, of the shape of x, and a mask of ones: what leaves the frame is left out when compared."""
        whole = torch.ones((), dtype=x.dtype, device=x.device)

        def act(element: Element) -> Acted:
            return (self._moved(element, x) if isinstance(element, AffineMap) else x), whole

        return act

    def _moved(self, g: AffineMap, x: Tensor) -> Tensor:
        linear = g.matrix.to(x)
        centre = x[..., CENTRE] @ linear.mT + x.new_tensor(g.shift)
        if g.wrap and g.frame:
            size = x.new_tensor(g.frame[::-1])
            centre = torch.remainder(centre + size / 2, size) - size / 2
        moved = torch.cat([centre, x[..., HALF] @ linear.abs().mT, x[..., HALF.stop :]], -1)
        rows = tuple((a + 1, b + 1) for a, b in self.swap)  # behind that of the frame
        return swapped(moved, rows, 1) if mirrors(g) else moved

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        raise SymmeterError(
            f"{self.kind} are compared over groups, and {generators[0].name} is a generator: take hflip, D4 or "
            "shift(8,crop)"
        )

    def describe(self) -> str:
        return self.kind


def re_boxed(rho: Representation, moved_by: Iterable[Generator | Element]) -> str | None:
    """A remark where boxes are turned by what makes them larger: A with more than one entry a row."""
    if rho.kind != "boxes":
        return None
    skewed = [g for g in moved_by if isinstance(g, AffineMap) and bool((g.matrix != 0).sum(1).gt(1).any())]
    if not skewed:
        return None
    return (
        f"boxes under {skewed[0].name} are those around their moved corners, larger than what they hold: "
        "1 - IoU includes that"
    )


def unswapped(rho: Representation) -> list[Alternative]:
    """Keypoints and heat maps whose left and right may not change places after all."""
    if not isinstance(rho, Placed | HeatMaps) or not rho.swap:
        return []
    return [Alternative(replace(rho, swap=()), "does not exchange left and right, so needs no swap")]
