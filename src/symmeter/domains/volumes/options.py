"""The options of volumes, as a person gives them. Nothing here imports torch: the command line shows them at once."""

from dataclasses import dataclass

from symmeter.domains.grids.options import DEFINITION, PADDING
from symmeter.options import option
from symmeter.verbs.arguments import Given, Kind, above, several

Spacing = tuple[float, float, float]  # of voxels along x, y, z, in millimetres
_WORDS = "a number above 0, or three: the steps along x, y and z in millimetres"


def _spacing(value: Given) -> Spacing:
    """Three steps; one number says that voxels are cubes."""
    steps = list(value) if hasattr(value, "__len__") else [value]
    cubes = len(steps) == 1
    x, y, z = several("steps", above(0.0)).read(steps * 3 if cubes else steps)
    return x, y, z


SPACING = Kind(_WORDS, _spacing).or_none("for that in the files")


@dataclass(frozen=True)
class VolumeOptions:
    """How volumes are moved, and how far apart their voxels are (None: as their files say, else cubes)."""

    definition: Given = option("bandlimited", DEFINITION, "of the derivative (default: bandlimited)", "D")
    padding: Given = option(
        None, PADDING, "what motions bring in: reflect, zeros or circular", "P", needs="motions"
    )
    spacing: Spacing | None = option(
        None,
        SPACING,
        "of voxels along x, y, z in millimetres, or one number (default: as the files say, else cubes)",
        "MM",
        type="number",
        many=True,
    )
