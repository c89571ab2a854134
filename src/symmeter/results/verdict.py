"""Verdicts: from numbers to one or two words, and which numbers stand clear of the floor."""

RESOLVED_FLOORS = 3.0  # an amplitude below this many floors is not resolved
RESOLVED_SQUARES = 10.0  # and a square below this many: three in amplitude

# Selectivities: 0 is symmetric, 1 is that of a network that has learned nothing of the symmetry.
LEARNED, PARTLY, NOT_LEARNED = "learned", "partly", "not learned"
NO_CONTROL, NO_TEST, RANDOM = "no control", "no test", "random"
# Contributions of layers.
ADDS, TAKES_AWAY, NONE = "adds", "takes away", "none"
# Both.
NOT_RESOLVED, UNCLEAR = "not resolved", "unclear"

_HALF = 0.5  # selectivities below it are called learned
_ERRORS = 2  # standard errors on either side that an interval reaches over


def resolved(value: float, floor: float | None, power: int = 1) -> bool:
    """Whether a value of either sign stands clear of the floor: 3 floors for amplitudes, 10 for squares.

    A floor of None hides nothing.

    >>> resolved(-4.0, 1.0), resolved(4.0, 1.0, power=2)
    (True, False)
    """
    floors = RESOLVED_FLOORS if power == 1 else RESOLVED_SQUARES
    return floor is None or abs(value) >= floors * floor


def on_selectivity(selectivity: float | None, standard_error: float | None) -> str:
    """The verdict on a selectivity and its interval of two standard errors; that of a value that is resolved.

    `learned`: below 0.5. `partly`: below 1. `not learned`: reaches 1 and stays above 0.5. `unclear`: reaches from
    below 0.5 to 1, so more images are needed. `no control`: there is no selectivity.

    >>> on_selectivity(0.2, 0.1), on_selectivity(0.7, 0.1), on_selectivity(0.7, 0.3), on_selectivity(0.9, 0.1)
    ('learned', 'partly', 'unclear', 'not learned')
    """
    if selectivity is None:
        return NO_CONTROL
    margin = _ERRORS * (standard_error or 0.0)
    low, high = selectivity - margin, selectivity + margin
    if high < 1:
        return LEARNED if high < _HALF else PARTLY
    return UNCLEAR if low < _HALF else NOT_LEARNED


def on_contribution(value: float, standard_error: float | None, floor: float | None) -> str:
    """The verdict on what a layer adds to LEE.

    `adds`, `takes away`; `none` for an exact zero, `not resolved` below 3 floors, `unclear` within 2 errors of 0.

    >>> on_contribution(1.0, 0.1, None), on_contribution(-1.0, 0.1, 0.5), on_contribution(1.0, 0.6, None)
    ('adds', 'not resolved', 'unclear')
    """
    if value == 0:
        return NONE
    if not resolved(value, floor):
        return NOT_RESOLVED
    if standard_error is not None and abs(value) < _ERRORS * standard_error:
        return UNCLEAR
    return ADDS if value > 0 else TAKES_AWAY
