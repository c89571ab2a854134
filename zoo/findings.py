"""What the numbers say, in sentences: every one is made of verdicts and of intervals, and has its numbers in it."""

from collections.abc import Callable, Iterable, Sequence

from symmeter.results.comparison_row import BETTER, WORSE
from symmeter.results.intervals import ends_of
from symmeter.results.numbers import percent, ratio, short, with_interval
from symmeter.results.row import Row
from symmeter.results.verdict import NOT_RESOLVED, SPECIFIC
from zoo.measured import Line, Measured
from zoo.tables import largest

MOST = 6  # names or numbers of one sentence; of more the first are given, and how many more there are
STABILITY = "stability"
PAIRS = (  # measure, the symmetry that the data has rather, the one that it has less
    ("relative_error", "hflip", "C4"),
    ("same_prediction", "hflip", "C4"),
    ("relative_error", "SO2(y)", "SO3"),
    ("equivariance_error", "SO3", "mirror(x)"),
    ("relative_error", "polarity", "reversal"),
)


def findings(all_measured: Sequence[Measured]) -> list[str]:
    """All sentences; none where too little has been measured for it."""
    lines = [line for one in all_measured for line in one.lines()]
    rules: tuple[Callable[[Sequence[Line]], Iterable[str]], ...] = (
        learned, twins, constructed, specific, raw_values, ordered,
    )  # fmt: skip
    return [sentence for rule in rules for sentence in rule(lines)] + list(blamed(all_measured))


def learned(lines: Sequence[Line]) -> Iterable[str]:
    """Where training has made a network stabler than its twin, and where it has not."""
    for field in dict.fromkeys(line.network.kind for line in lines):
        own = [
            line
            for line in lines
            if line.network.kind == field and line.against and line.against.quantity == STABILITY
        ]
        if not own:
            continue
        judged = {verdict: [line for line in own if line.against and line.against.verdict == verdict]
                  for verdict in (BETTER[STABILITY], WORSE[STABILITY])}  # fmt: skip
        stabler, less = judged.values()
        yield (
            f"**{field.capitalize()}: in {len(stabler)} of {len(own)} rows the network is stabler than its twin**, "
            f"item by item and corrected for all rows of a network{_listed(stabler, _times)}; less stable in "
            f"{len(less)}{_listed(less, _times)}; no clear difference in {len(own) - len(stabler) - len(less)}."
        )


def twins(lines: Sequence[Line]) -> Iterable[str]:
    """Whether random weights are stable at all."""
    known = [line for line in lines if line.twin is not None and line.twin.stability is not None]
    known = [
        line for line in known if line.row.measure != "same_prediction"
    ]  # random weights have no classes
    resolved = [line for line in known if line.twin and line.twin.verdict != NOT_RESOLVED]
    if not resolved:
        return
    below = [line for line in resolved if line.twin and _below_one(line.twin, STABILITY)]
    yield (
        f"**With random weights {len(resolved) - len(below)} of {len(resolved)} resolved rows are no stabler than "
        f"towards other items** (the interval of stability reaches 1). Stabler by their architecture alone "
        f"are {len(below)}{_listed(below, _twin_stability)}."
    )


def constructed(lines: Sequence[Line]) -> Iterable[str]:
    """Symmetries that are there with any weights."""
    floor = [line for line in lines if line.row.verdict == NOT_RESOLVED]
    both = [line for line in floor if line.twin is not None and line.twin.verdict == NOT_RESOLVED]
    if both:
        yield (
            f"**Not learned but built in**: at the floor of the arithmetic with trained and with random weights alike "
            f"{'is' if len(both) == 1 else 'are'}{_listed(both, _value, colon=False, most=12)}."
        )
    only = [line for line in floor if line.twin is not None and line.twin.verdict != NOT_RESOLVED]
    if only:
        yield f"At the floor with trained weights only{_listed(only, _value)}."


def specific(lines: Sequence[Line]) -> Iterable[str]:
    """Whether a network minds a symmetry less than other deformations of the same item."""
    known = [line for line in lines if line.row.specificity is not None and line.row.verdict != NOT_RESOLVED]
    if not known:
        return
    found = [line for line in known if line.row.verdict == SPECIFIC]
    around = [line for line in known if not _below_one(line.row, "specificity") and not _above_one(line.row)]
    yield (
        f"**{len(found)} of {len(known)} rows are specific**{_listed(found, _specificity)}. In {len(around)} the "
        "interval of specificity holds 1: the network minds the symmetry as it minds any smooth deformation as fast."
    )


def raw_values(lines: Sequence[Line]) -> Iterable[str]:
    """Raw errors beside those of random weights, which hardly react to anything."""
    known = [
        line for line in lines if line.row.measure == "lee" and line.twin and line.row.verdict != NOT_RESOLVED
    ]
    if not known:
        return
    larger = [line for line in known if line.twin and _apart(line.twin, line.row)]
    smaller = [line for line in known if line.twin and _apart(line.row, line.twin)]
    stabler = [line for line in larger if line.against and line.against.verdict == BETTER[STABILITY]]
    yield (
        f"**Raw LEE says something else**: of {len(known)} it is larger than the twin's in {len(larger)} and smaller "
        f"in {len(smaller)} (intervals that do not meet); {len(stabler)} of the {len(larger)} larger ones belong to "
        f"a stability that is lower{_listed(stabler, _both_values)}."
    )


def ordered(lines: Sequence[Line]) -> Iterable[str]:
    """Of two symmetries of one network the one with the smaller error, where intervals do not meet."""
    for measure, rather, less in PAIRS:
        pairs = _pairs(lines, measure, rather, less)
        if not pairs:
            continue
        below = [pair for pair in pairs if _apart(*(line.row for line in pair))]
        above = [pair for pair in pairs if _apart(*(line.row for line in pair[::-1]))]
        numbers = [
            f"{_whose(one)} {_value_only(one.row)} and {_value_only(two.row)}" for one, two in pairs[:MOST]
        ]
        yield (
            f"{measure.replace('_', ' ')} under {rather} is below that under {less} in {len(below)} of "
            f"{len(pairs)}, and above it in {len(above)}: {'; '.join(numbers)}{_more(len(pairs))}."
        )


def blamed(all_measured: Sequence[Measured]) -> Iterable[str]:
    """The one part of each network with the largest share, along the first generator."""
    words = []
    for one in all_measured:
        for profile in one.profiles:
            for row in largest(profile, profile.symmetries[0], 1):
                share = percent(row.share, row.share_low, row.share_high)
                words.append(f"{one.network.name} {row.layer} ({row.kind}, {row.symmetry}) {share}")
    if words:
        yield f"**The one part that adds most** to the error, with its share: {'; '.join(words)}."


def _pairs(lines: Sequence[Line], measure: str, rather: str, less: str) -> list[tuple[Line, Line]]:
    known = {(line.network.name, line.row.output, line.row.symmetry): line
             for line in lines if line.row.measure == measure}  # fmt: skip
    found = [((name, output), line) for (name, output, symmetry), line in known.items() if symmetry == rather]
    return [(line, known[*which, less]) for which, line in found if (*which, less) in known]


def _below_one(row: Row, name: str) -> bool:
    ends = ends_of(row[f"{name}_low"], row[f"{name}_high"])
    return ends is not None and ends[1] < 1


def _above_one(row: Row) -> bool:
    ends = ends_of(row.specificity_low, row.specificity_high)
    return ends is not None and ends[0] > 1


def _apart(low: Row, high: Row) -> bool:
    """Whether the whole interval of one value is below that of the other."""
    one, other = (ends_of(row.interval_low, row.interval_high) for row in (low, high))
    return one is not None and other is not None and one[1] < other[0]


def _whose(line: Line) -> str:
    output = f" {line.row.output}" if "," in str(line.network.measurements[0].output) else ""
    return f"{line.network.name}{output}"


def _listed(lines: Sequence[Line], words: Callable[[Line], str], colon: bool = True, most: int = MOST) -> str:
    """The lines in words, in brackets or behind a blank; nothing of none."""
    if not lines:
        return ""
    text = f"{'; '.join(words(line) for line in lines[:most])}{_more(len(lines), most)}"
    return f" ({text})" if colon else f" {text}"


def _more(count: int, most: int = MOST) -> str:
    return f"; and {count - most} more" if count > most else ""


def _times(line: Line) -> str:
    assert line.against is not None
    times = ratio(line.against.ratio, line.against.ratio_low, line.against.ratio_high)
    return f"{_whose(line)} {line.row.symmetry} {times} times"


def _twin_stability(line: Line) -> str:
    assert line.twin is not None
    known = ratio(line.twin.stability, line.twin.stability_low, line.twin.stability_high)
    return f"{_whose(line)} {line.row.symmetry} {known}"


def _specificity(line: Line) -> str:
    row = line.row
    return (
        f"{_whose(line)} {row.symmetry} {ratio(row.specificity, row.specificity_low, row.specificity_high)}"
    )


def _value_only(row: Row) -> str:
    return with_interval(row.value, row.interval_low, row.interval_high)


def _value(line: Line) -> str:
    return (
        f"{_whose(line)} {line.row.symmetry} (value {short(line.row.value)}, floor {short(line.row.floor)})"
    )


def _both_values(line: Line) -> str:
    assert line.twin is not None
    return f"{_whose(line)} {line.row.symmetry} {_value_only(line.row)} and {_value_only(line.twin)}"
