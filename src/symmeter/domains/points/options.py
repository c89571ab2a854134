"""The options of points, as a person gives them."""

from dataclasses import dataclass

from symmeter.options import option
from symmeter.verbs.arguments import Given, Kind, whole

UNIT_SPHERE = "unit_sphere"
_WORDS = {"true": True, "yes": True, "false": False, "no": False, UNIT_SPHERE: UNIT_SPHERE}


def _centred(value: Given) -> bool | str:
    """True, False or `unit_sphere`, as it is written on a command line too."""
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise ValueError(value)
    return _WORDS[word]


@dataclass(frozen=True)
class PointOptions:
    """How clouds become inputs: how many points each gives, and whether their mean goes to the origin."""

    points: int | None = option(
        None,
        whole(1).or_none("for all"),
        "points of each set, drawn at random (default: all)",
        "N",
        type="positive",
    )
    centred: bool | str = option(
        False,
        Kind(f"True, False or {UNIT_SPHERE!r}", _centred),
        f"true: the mean goes to the origin; {UNIT_SPHERE}: and the farthest point to distance 1",
        "C",
    )
