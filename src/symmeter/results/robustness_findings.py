"""What intervals on corrupted data bear, in words: invariance or insensitivity (Kvinge et al. 2022, conclusion 2)."""

import math
from collections.abc import Iterable, Sequence

from symmeter.results.comparison_row import BETTER, NO_DIFFERENCE, WORSE
from symmeter.results.numbers import short, times
from symmeter.results.robustness_row import RobustnessRow

_FALLS, _RISES = BETTER["value"], WORSE["value"]
_MORE, _LESS = BETTER["stability"], WORSE["stability"]
# By what became of the error and of its ratio to the control, which is 0 for a symmetric network.
_FINDINGS = {
    (_FALLS, _MORE): "the error falls and so does stability: more symmetric",
    (
        _FALLS,
        NO_DIFFERENCE,
    ): "the error falls while stability does not clearly: less sensitive, not more symmetric",
    (_FALLS, _LESS): "the error falls while stability rises: less sensitive, and less symmetric",
    (_RISES, _MORE): "the error rises while stability falls: more sensitive, and more symmetric",
    (
        _RISES,
        NO_DIFFERENCE,
    ): "the error rises while stability does not clearly: more sensitive, not less symmetric",
    (_RISES, _LESS): "the error rises and so does stability: less symmetric",
    (NO_DIFFERENCE, _MORE): "stability falls, the error does not clearly: more symmetric",
    (NO_DIFFERENCE, NO_DIFFERENCE): "no clear change of error or stability",
    (NO_DIFFERENCE, _LESS): "stability rises, the error does not clearly: less symmetric",
    (_FALLS, ""): "the error falls; invariance or insensitivity, only a control would tell",
    (_RISES, ""): "the error rises; without a control, that alone is no loss of symmetry",
    (NO_DIFFERENCE, ""): "no clear change of the error",
}


def sentences(rows: Sequence[RobustnessRow]) -> list[str]:
    """A line for every corruption under every symmetry: what holds at its largest strength, and from where on."""
    several = len({(row.measure, row.output, row.layer) for row in rows}) > 1
    groups: dict[tuple[str, ...], list[RobustnessRow]] = {}
    clean: dict[tuple[str, ...], float] = {}
    for row in rows:
        words = (row.symmetry, *(row.measure, row.output) * several, row.layer)
        if row.strength:
            groups.setdefault((row.corruption, *words), []).append(row)
        else:
            clean[words] = row.asymmetry
    lines = [
        f"{', '.join(filter(None, words))}: {_sentence(own, clean[words[1:]])}"
        for words, own in groups.items()
    ]
    return lines + list(dict.fromkeys(_accuracies(rows)))


def _found(row: RobustnessRow) -> str:
    """What the two verdicts of a row say together."""
    if not row.value_change:
        return "not compared with clean data"
    usual = f"nothing can be said of it ({row.value_change})"
    return _FINDINGS.get((row.value_change, row.stability_change), usual)


def _sentence(rows: Iterable[RobustnessRow], clean: float) -> str:
    """What holds at the largest strength, and from which strength on, with the ratios there.

    Ratios are those of a typical image; where the mean, which a few may carry, goes the other way, that is said.
    """
    *others, last = sorted(rows, key=lambda row: row.strength)
    said, first = _found(last), last.strength
    for row in reversed(others):
        if _found(row) != said:
            break
        first = row.strength
    at = f"from strength {first} on" if first < last.strength else f"at strength {last.strength}"
    ratios = [
        f"{word} x {times(last[f'{name}_ratio'], last[f'{name}_ratio_low'], last[f'{name}_ratio_high'])}"
        for name, word in (("value", "error"), ("stability", "stability"))
        if last[f"{name}_ratio"] is not None
    ]
    mean = last.asymmetry
    if last.value_change == (_RISES if mean < clean else _FALLS):
        ratios.append(f"but the mean, which a few carry, from {short(clean)} to {short(mean)}")
    return f"{at} {said}" + (f" ({', '.join(ratios)} at {last.strength})" if ratios else "")


def _accuracies(rows: Sequence[RobustnessRow]) -> Iterable[str]:
    """What became of the accuracy at the largest strength of every corruption."""
    largest = {row.corruption: row for row in sorted(rows, key=lambda row: row.strength) if row.strength}
    for name, row in largest.items():
        if row.accuracy is not None and row.accuracy_change is not None:
            ends = f" [{row.accuracy_change_low:+.2f} {row.accuracy_change_high:+.2f}]" if _known(row) else ""
            now = f"accuracy {row.accuracy:.2f}, {row.accuracy_change:+.2f}{ends} against clean data"
            yield f"{name}: {now} at strength {row.strength}"


def _known(row: RobustnessRow) -> bool:
    ends = row.accuracy_change_low, row.accuracy_change_high
    return all(end is not None and math.isfinite(end) for end in ends)
