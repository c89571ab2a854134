"""Verdicts: from intervals to one or two words, and which numbers stand clear of the floor."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line shows MEANINGS without waiting for NumPy
    from symmeter.results.intervals import Interval, Ratio

RESOLVED_FLOORS = 3.0  # an amplitude below this many floors is not resolved
RESOLVED_SQUARES = 10.0  # and a square below this many: three in amplitude
FEWEST_IMAGES = 8  # below which there is no verdict

# On a response to a symmetry, beside its controls.
SPECIFIC, STABLE, NOT_STABLE, LEARNED = "specific", "stable", "not stable", "learned"
NO_CONTROL, NO_TEST, NO_VALUE, RANDOM = "no control", "no test", "no value", "random"
# On the contribution of a layer.
ADDS, TAKES_AWAY, NONE = "adds", "takes away", "none"
# On both.
NOT_RESOLVED, UNCLEAR, TOO_FEW = "not resolved", "unclear", "too few"
SAYS_NOTHING = (NOT_RESOLVED, NO_VALUE)


def meanings(item: str, towards: str = "") -> dict[str, str]:
    """The one explanation of the words, which `--help`, reports and the docs print.

    `item` is the noun of one sample, `towards` where the control of stability moves it; usually to other samples.
    """
    return {
        NOT_RESOLVED: "too small to tell from what the measurement itself adds (its floor)",
        SPECIFIC: f"stable, and reacts less to this symmetry than to deformations of the same {item} as fast",
        STABLE: f"reacts less to this symmetry than to changes {towards or towards_others(item)} of the same size",
        NOT_STABLE: "does not: the interval of stability reaches 1, and not down to 0.5",
        UNCLEAR: f"the interval of stability reaches from below 0.5 to 1: more {item}s would tell",
        LEARNED: "with --control untrained: stable or specific, and more so than a copy with fresh weights",
        TOO_FEW: f"fewer than {FEWEST_IMAGES} {item}s, so no verdict",
        NO_CONTROL: "there was nothing to compare with",
        NO_VALUE: "there was nothing to measure, such as no pair of boxes",
    }


def towards_others(item: str) -> str:
    """Where most controls of stability move samples that are called so."""
    return f"towards other {item}s"


MEANINGS = meanings("image")

_HALF = 0.5  # an interval that reaches from below it to 1 says nothing


def resolved(value: float, floor: float | None, power: int = 1) -> bool:
    """Whether a value of either sign stands clear of the floor: 3 floors for amplitudes, 10 for squares.

    A floor of None hides nothing.

    >>> resolved(-4.0, 1.0), resolved(4.0, 1.0, power=2)
    (True, False)
    """
    floors = RESOLVED_FLOORS if power == 1 else RESOLVED_SQUARES
    return floor is None or abs(value) >= floors * floor


def verdict(
    is_resolved: bool,
    n: int,
    stability: "Ratio | None",
    specificity: "Ratio | None" = None,
) -> str:
    """The verdict on a response of n images, from the intervals of its ratios to the controls; see MEANINGS.

    >>> from symmeter.results.intervals import Interval, Ratio
    >>> half = Ratio(0.5, Interval(0.4, 0.6), 16)
    >>> verdict(True, 16, half), verdict(True, 16, half, half), against_untrained("stable", half)
    ('stable', 'specific', 'learned')
    >>> verdict(True, 16, Ratio(0.9, Interval(0.7, 1.1), 16)), verdict(True, 16, Ratio(0.9, Interval(0.3, 2.0), 16))
    ('not stable', 'unclear')
    """
    if not is_resolved:
        return NOT_RESOLVED
    if n < FEWEST_IMAGES:
        return TOO_FEW
    if stability is None and specificity is None:
        return NO_CONTROL
    specific = specificity is not None and specificity.below_one
    if stability is None:
        return SPECIFIC if specific else UNCLEAR
    if stability.below_one:
        return SPECIFIC if specific else STABLE
    return UNCLEAR if stability.interval.ends[0] < _HALF else NOT_STABLE


def against_untrained(word: str, untrained: "Ratio") -> str:
    """The verdict of a network beside its copy with fresh weights: `learned` where it is the more stable, or specific.

    `untrained` is the ratio of their stabilities, of their specificities where the network is specific.
    """
    return LEARNED if word in (SPECIFIC, STABLE) and untrained.below_one else word


def on_contribution(value: float, interval: "Interval", floor: float | None, n: int) -> str:
    """The verdict on what a layer adds to LEE, from n images.

    `adds`, `takes away`; `none` for an exact zero, `not resolved` below 3 floors, `unclear` where the interval holds 0.

    >>> from symmeter.results.intervals import Interval
    >>> on_contribution(1.0, Interval(0.8, 1.2), None, 16), on_contribution(-1.0, Interval(-1.2, -0.8), 0.5, 16)
    ('adds', 'not resolved')
    >>> on_contribution(1.0, Interval(-0.2, 2.2), None, 16)
    'unclear'
    """
    if value == 0:
        return NONE
    if not resolved(value, floor):
        return NOT_RESOLVED
    if n < FEWEST_IMAGES:
        return TOO_FEW
    low, high = interval.ends
    if low > 0:
        return ADDS
    if high < 0:
        return TAKES_AWAY
    return UNCLEAR
