"""By how much an output lies beside where it should: what the errors under flips and turns are often made of."""

from dataclasses import dataclass

_MOST = 0.8  # of the squared error, that an offset must explain to be named
_LEAST = 0.02  # positions: a smaller one is no mistake in the numbering of positions


@dataclass(frozen=True)
class AlongAxis:
    """An offset along one axis, and its 95 % interval, in positions of the output's grid."""

    axis: str
    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether it is surely not 0, and large enough to matter."""
        return abs(self.value) > _LEAST and (self.low > 0 or self.high < 0)

    def __str__(self) -> str:
        return f"{self.axis} {self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


@dataclass(frozen=True)
class Offset:
    """Where an output lies, compared with where it should: x to the right, y down, along the axes that can be known.

    `explained` is the share of its squared error under elements that turn or mirror the grid, about its centre, that is
    gone when these act about the point that the offset makes the centre.

    >>> half = AlongAxis("x", 0.5, 0.49, 0.51)
    >>> Offset((half,), 0.999).remark("heat", "pixel")
    "output 'heat' lies beside where it should, by x +0.500 [+0.490, +0.510] pixels: without that its squared error under flips and turns is 99.9% smaller"
    >>> Offset((half,), 0.3).remark("heat", "pixel") is None
    True
    """  # noqa: E501

    along: tuple[AlongAxis, ...]
    explained: float

    @property
    def named(self) -> bool:
        """Whether it is what the error is made of."""
        return self.explained >= _MOST and any(one.clear for one in self.along)

    def remark(self, name: str, position: str) -> str | None:
        """What the reader should know of output `name`, whose grid is of such positions; None where it is not that."""
        if not self.named:
            return None
        share = f"{100 * min(self.explained, 0.9999):.4g}%"
        by = " and ".join(str(one) for one in self.along if one.clear)
        return (
            f"output {name!r} lies beside where it should, by {by} {position}s: "
            f"without that its squared error under flips and turns is {share} smaller"
        )
