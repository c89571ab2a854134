"""Whether two results can be compared: the same images, looked at in the same way."""

from collections.abc import Sequence

import numpy as np

from symmeter.errors import SymmeterError, shortened
from symmeter.results.paired import Images, Measured, common_names
from symmeter.results.row import Row
from symmeter.results.verdict import NO_TEST

_FIELDS = ("output", "layer", "symmetry", "measure")  # by which rows are matched
_MUST_AGREE = ("unit", "elements")  # of two rows that are compared


def common_images(reference: Measured, model: Measured, names: tuple[str, str]) -> list[str]:
    """The names of the images that both results have; SymmeterError where none is, or where they are other images."""
    for result, name in zip((reference, model), names, strict=True):
        if not result.sample_names:
            raise SymmeterError(
                f"{name}: the values of single images are not there to be compared; "
                "save results to a folder (--out DIR), a JSON file leaves them out"
            )
    common = common_names([reference, model])
    sources = [result.header["data"].get("name") for result in (reference, model)]
    numbered = all(name.isdecimal() for name in common)  # as those of a tensor, which any other has too
    if not common or (numbered and sources[0] != sources[1]) or not _labels_agree(reference, model, common):
        raise SymmeterError(
            f"{names[0]} was measured on other images ({sources[0]}) than {names[1]} ({sources[1]}): "
            "measure both on the same data, with the same --samples and --seed"
        )
    return common


def _labels_agree(reference: Measured, model: Measured, common: Sequence[str]) -> bool:
    """Whether images of one name have one class, where both results know it."""
    labels = [Images.of(result, common).column("label") for result in (reference, model)]
    if labels[0] is None or labels[1] is None:
        return True
    return bool(np.array_equal(labels[0], labels[1], equal_nan=True))


def matched_rows(reference: Measured, model: Measured, names: tuple[str, str]) -> list[tuple[Row, Row]]:
    """Rows of the model, each with that of the reference; SymmeterError where they cannot be compared."""
    definitions = [result.header["definition"] for result in (reference, model)]
    if definitions[0] != definitions[1]:
        raise _differ("definition", names, *definitions)
    by_label = {_label(row): row for row in reference.rows if row.whole}
    pairs = [(row, by_label[_label(row)]) for row in model.rows if row.whole and _label(row) in by_label]
    if not pairs:
        raise _nothing_in_common(reference, model, names)
    for own, other in pairs:
        for name in _MUST_AGREE:
            if own[name] != other[name]:
                raise _differ(f"{name} of {own.measure} {own.symmetry}", names, other[name], own[name])
    tests = [(own, other) for own, other in pairs if own.verdict != NO_TEST]
    if not tests:
        raise SymmeterError(
            f"{shortened(own.measure for own, _ in pairs)}: no measure of symmetry to compare"
        )
    return tests


def _nothing_in_common(reference: Measured, model: Measured, names: tuple[str, str]) -> SymmeterError:
    """What to say of results that share no row: the first field of which they have no value in common."""
    labels = [list(zip(*map(_label, result.rows), strict=True)) for result in (reference, model)]
    for what, first, second in zip(_FIELDS, *labels, strict=True):
        if set(first).isdisjoint(second):
            return _differ(what, names, ", ".join(sorted(set(first))), ", ".join(sorted(set(second))))
    return SymmeterError(f"{names[0]} and {names[1]} share no row of one measure, symmetry and output")


def _differ(what: str, names: tuple[str, str], first: object, second: object) -> SymmeterError:
    return SymmeterError(
        f"{what}: {first} in {names[0]}, but {second} in {names[1]}; only like is compared with like"
    )


def _label(row: Row) -> tuple[str, str, str, str]:
    return row.output, row.layer, row.symmetry, row.measure
