"""Whether two results can be compared: the same images, looked at in the same way."""

import re
from collections.abc import Sequence
from operator import attrgetter

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.results.paired import Images, Measured, common_names
from symmeter.results.row import Row

_FIELDS = ("output", "layer", "symmetry", "measure")  # by which rows are matched
_NUMBER = re.compile(
    r"(?:\w+\[)?\d+\]?"
)  # image[3], as the images of any tensor are called: it says nothing of which
_label = attrgetter(*_FIELDS)
Labels = list[tuple[str, ...]]  # for every field its values in all rows


def common_images(reference: Measured, model: Measured, names: tuple[str, str]) -> list[str]:
    """The names of the images that both results have; SymmeterError where none is, or where they are other images."""
    for result, name in zip((reference, model), names, strict=True):
        if not result.sample_names:
            raise SymmeterError(
                f"{name}: the values of single samples are not there to be compared; "
                "save results to a folder (--out DIR), a JSON file leaves them out"
            )
    common = common_names([reference, model])
    first, second = reference.header["data"].get("name"), model.header["data"].get("name")
    numbered = all(map(_NUMBER.fullmatch, common))
    if not common or (numbered and first != second) or not _labels_agree(reference, model, common):
        raise SymmeterError(
            f"{names[0]} was measured on other samples ({first}) than {names[1]} ({second}): "
            "measure both on the same data, with the same --samples and --seed"
        )
    return common


def _labels_agree(reference: Measured, model: Measured, common: Sequence[str]) -> bool:
    """Whether images of one name have one class, where both results know it."""
    first, second = Images.of(reference, common).column("label"), Images.of(model, common).column("label")
    return first is None or second is None or bool(np.array_equal(first, second, equal_nan=True))


def matched_rows(reference: Measured, model: Measured, names: tuple[str, str]) -> list[tuple[Row, Row]]:
    """Rows of the model, each with that of the reference; SymmeterError where they cannot be compared."""
    _check_equal("definition", names, reference.header["definition"], model.header["definition"])
    others = {_label(row): row for row in reference.rows if row.whole}
    pairs = [(row, others[_label(row)]) for row in model.rows if row.whole and _label(row) in others]
    if not pairs:
        first, second = (list(zip(*map(_label, result.rows), strict=True)) for result in (reference, model))
        raise _nothing_in_common(first, second, names)
    for own, other in pairs:
        row = f"{own.measure} {own.symmetry}"
        _check_equal(f"unit of {row}", names, other.unit, own.unit)
        _check_equal(f"elements of {row}", names, other.elements, own.elements)
    return pairs


def _nothing_in_common(first: Labels, second: Labels, names: tuple[str, str]) -> SymmeterError:
    """What to say of results that share no row, from the values of all fields: the first field that differs."""
    for what, ours, theirs in zip(_FIELDS, first, second, strict=True):
        if set(ours).isdisjoint(theirs):
            return _differ(what, names, ", ".join(sorted(set(ours))), ", ".join(sorted(set(theirs))))
    return SymmeterError(f"{names[0]} and {names[1]} share no row of one measure, symmetry and output")


def _check_equal(what: str, names: tuple[str, str], first: object, second: object) -> None:
    if first != second:
        raise _differ(what, names, first, second)


def _differ(what: str, names: tuple[str, str], first: object, second: object) -> SymmeterError:
    return SymmeterError(
        f"{what}: {first} in {names[0]}, but {second} in {names[1]}; only like is compared with like"
    )
