"""Numbers as they are printed: with their error, their interval, or as ratios."""

import re

from symmeter.results.intervals import ends_of


def with_error(value: float, error: float | None) -> str:
    """Value and standard error to two digits of the error.

    >>> with_error(0.0123456, 0.00098)
    '0.01235 ± 0.00098'
    >>> with_error(3.2e-7, 1.1e-8)
    '3.20e-07 ± 1.1e-08'
    """
    if error is None:
        return short(value)
    if not 1e-3 <= abs(value) < 1e4 or error <= 0:
        return f"{value:.2e} ± {error:.1e}"
    digits = max(0, min(6, 1 - _exponent(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _exponent(x: float) -> int:
    return int(f"{x:e}".split("e")[1])


def short(value: float | None) -> str:
    """A number to three digits; a dash for none.

    >>> short(0.01234), short(None)
    ('0.0123', '-')
    """
    if value is None:
        return "-"
    return f"{value:.3g}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.2e}"


def plus_minus(error: float | None, form: str) -> str:
    """A standard error behind its value, written like that; nothing where it is not known.

    >>> "0.51" + plus_minus(0.023, ".2f"), "0.51" + plus_minus(None, ".2f")
    ('0.51 ± 0.02', '0.51')
    """
    return "" if error is None else f" ± {error:{form}}"


def with_interval(value: float, low: float | None, high: float | None) -> str:
    """A value to three digits with its interval to two, all with one exponent.

    >>> with_interval(6492.0, 5844.0, 7506.0)
    '6492 [5844 7506]'
    >>> with_interval(46.123, 38.2, 60.4), with_interval(1.2345e-5, 1.0e-5, 1.65e-5), with_interval(0.0, None, None)
    ('46.1 [38 60]', '1.23 [1 1.6]e-05', '0')
    """
    ends = ends_of(low, high)
    if ends is None:
        return short(value)
    low, high = ends
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        shown = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
        return f"{shown} [{_end(low)} {_end(high)}]"
    exponent = _exponent(value)
    unit = 10.0**exponent
    return f"{value / unit:.3g} [{_end(low / unit)} {_end(high / unit)}]e{exponent:+03d}"


def interval(low: float | None, high: float | None) -> str:
    """Both ends in words; nothing where one is not known.

    >>> interval(0.25, 0.5), interval(0.25, None)
    ('0.25 to 0.5', '')
    """
    return "" if low is None or high is None else f"{short(low)} to {short(high)}"


def ratio(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """A ratio to two digits behind the point, with its interval.

    >>> ratio(0.2712, 0.2501, 0.2944), ratio(12.3, 8.04, 17.2), ratio(None)
    ('.27 [.25 .29]', '12 [8.04 17]', '-')
    """
    if value is None:
        return "-"
    ends = ends_of(low, high)
    if ends is None:
        return _of_ratio(value)
    low, high = ends
    return f"{_of_ratio(value)} [{_of_ratio(low)} {_of_ratio(high)}]"


def times(value: float, low: float | None = None, high: float | None = None) -> str:
    """How many times one is another, which may be very small or large, with its interval.

    >>> times(0.27, 0.25, 0.29), times(0.00123, 0.001, 0.0015)
    ('.27 [.25 .29]', '1.23 [1 1.5]e-03')
    """
    usual = 0.01 <= abs(value) < 1e3 or value == 0
    return ratio(value, low, high) if usual else with_interval(value, low, high)


def _of_ratio(value: float) -> str:
    return f"{value:.2g}" if abs(value) >= 10 else f"{value:.2f}".removeprefix("0")


def _end(value: float) -> str:
    """An end of an interval: two digits, whole numbers whole."""
    text = f"{value:.0f}" if 10 <= abs(value) < 1e5 else f"{value:.2g}"
    return re.sub(r"^(-?)0\.", r"\1.", text)


def percent(share: float | None, low: float | None = None, high: float | None = None) -> str:
    """A share with its interval.

    >>> percent(0.1234, 0.101, 0.15), percent(-1e-6), percent(0.5, 0.4, float("inf"))
    ('12.3% [10 15]', '0.0%', '50.0% [40 inf]')
    """
    if share is None:
        return "-"
    text = f"{share:.1%}"
    if text == "-0.0%":
        text = "0.0%"
    if low is None or high is None:
        return text
    return f"{text} [{_end_of_share(low)} {_end_of_share(high)}]"


def _end_of_share(share: float) -> str:
    """An end of an interval in per cent, with a digit behind the point below ten."""
    text = f"{100 * share:.0f}" if abs(share) >= 0.0995 else f"{100 * share:.1f}"
    return "0" if text in ("0.0", "-0.0") else text
