"""Two or more models side by side, image by image: from results to ratios that can be trusted."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.files import write_whole
from symmeter.optional import require
from symmeter.results.comparable import common_images, matched_rows
from symmeter.results.comparison_row import ComparisonRow, verdict_on
from symmeter.results.comparison_text import heading, sheet_of
from symmeter.results.indexed import Indexed
from symmeter.results.intervals import Ratio, holm, of_ratios
from symmeter.results.json_form import json_form
from symmeter.results.paired import QUANTITIES, VALUE, Images, Measured
from symmeter.results.published import Published
from symmeter.results.row import Row
from symmeter.results.sheet import WIDTH, Sheet
from symmeter.results.shown import Shown
from symmeter.verbs.arguments import writable as PATH
from symmeter.verbs.verb import verb

SCHEMA = "symmeter.results.comparison/1"


@dataclass(frozen=True, repr=False)
class Comparison(Indexed[ComparisonRow], Shown, Published):
    """Ratios of models to the first of them, with their intervals.

    `images` says how many each of the others has in common with the first.
    """

    labels: ClassVar = ("model", "symmetry", "quantity", "measure", "output", "layer")

    rows: tuple[ComparisonRow, ...]
    models: tuple[str, ...]
    images: tuple[int, ...]
    definition: str
    item: str = "image"
    status: str = "complete"  # or `partial`, where a result is
    notes: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The model that the others are compared with."""
        return self.models[0]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; numbers that are not finite become null."""
        return json_form({"schema": SCHEMA, "reference": self.reference, **asdict(self)})

    @verb(path=PATH)
    def to_json(self, path: str | os.PathLike) -> None:
        """Write the JSON form to a file, whole or not at all."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=2) + "\n")

    def to_pandas(self) -> Any:
        """A pandas DataFrame with one row per model, symmetry and quantity."""
        return require("pandas", "io").DataFrame(list(map(asdict, self.rows)))

    @property
    def heading(self) -> str:
        return heading(self)

    def sheet(self, width: int = WIDTH) -> Sheet:
        return sheet_of(self, width)


def compared(results: Sequence[Measured], names: Sequence[str] | None = None) -> Comparison:
    """Each of the results against the first, on the images that both have.

    With q_i the error of a model on image i, or that error over its control for stability and specificity, the ratio of
    two models A and B is

        exp(mean_i log(q_i(A) / q_i(B)))

    with Student's interval on the logarithms: what makes an image hard for both models cancels. The p values are
    corrected by Holm over all rows of one quantity. `names` are those of the models, None for what the results say.

    Raises SymmeterError, in one line, for results that have no images in common, that were not saved with the values of
    single images, or that were measured under different definitions, units or outputs.

    >>> from types import SimpleNamespace as Saved
    >>> row = Row("lee", "rotation", "logits", "", 2.0, 0.1, 9, 0.0, None, None, "1", "lower", "periodic",
    ...     "stable", column="lee:rotation")
    >>> head = {"definition": "periodic", "data": {"name": "photos"}, "spec": {"output": "logits"}}
    >>> images, values = tuple("abcdefghi"), np.arange(1.0, 10.0)
    >>> one = Saved(rows=(row,), header=head, sample_names=images, samples={"lee:rotation": values})
    >>> two = Saved(rows=(row,), header=head, sample_names=images, samples={"lee:rotation": values / 2})
    >>> [(row.ratio, row.verdict) for row in compared([one, two], ["A", "B"]).rows]
    [(0.5, 'smaller error')]
    """
    if len(results) < 2:
        raise SymmeterError(f"{len(results)} result to compare; give two or more")
    names = told_apart(names or [name_of(result) for result in results])
    found: list[tuple[ComparisonRow, bool, Ratio]] = []
    images, notes = [], []
    for other, name in zip(results[1:], names[1:], strict=True):
        pair = _Pair.of(results[0], other, names[0], name)
        found += pair.rows()
        images.append(pair.count)
        notes += pair.notes()
    return Comparison(
        rows=tuple(_judged(found)),
        models=tuple(names),
        images=tuple(images),
        definition=results[0].header["definition"],
        item=results[0].header["data"].get("item", "image"),
        status="complete"
        if all(result.header.get("status") != "partial" for result in results)
        else "partial",
        notes=tuple(dict.fromkeys(notes)),
    )


@dataclass(frozen=True)
class _Pair:
    """A model and its reference, on the images that both have."""

    reference: Images
    model: Images
    names: tuple[str, str]  # of the reference, of the model
    matched: list[tuple[Row, Row]]

    @classmethod
    def of(cls, reference: Measured, model: Measured, *names: str) -> "_Pair":
        """SymmeterError where they cannot be compared."""
        names_of_both = names[0], names[1]
        common = common_images(reference, model, names_of_both)
        matched = matched_rows(reference, model, names_of_both)
        return cls(Images.of(reference, common), Images.of(model, common), names_of_both, matched)

    @property
    def count(self) -> int:
        """How many images both have."""
        return len(self.model.positions)

    def rows(self) -> Iterator[tuple[ComparisonRow, bool, Ratio]]:
        """The rows without a verdict, whether they are resolved, and their ratios; SymmeterError for none at all."""
        usable = [(own, other) for own, other in self.matched if self._known(own, other)]
        if not usable:
            raise SymmeterError(
                f"{self.names[0]} and {self.names[1]}: no measure of both has values of single samples to compare"
            )
        for own, other in usable:
            for quantity in QUANTITIES:
                row = self._row(own, other, quantity)
                if row is not None:
                    yield row

    def notes(self) -> list[str]:
        """What is left out, a line each."""
        left_out = dict.fromkeys(own.measure for own, other in self.matched if not self._known(own, other))
        why = "it says nothing of symmetry alone, or has no values of single samples"
        lines = [f"{name} is left out: {why}" for name in left_out]
        total = max(len(self.reference.result.sample_names), len(self.model.result.sample_names))
        if self.count < total:
            lines.append(f"{self.names[1]}: {self.count} of {total} are in both results, and only they count")
        return lines

    def _known(self, own: Row, other: Row) -> bool:
        return self.model.known(own) and self.reference.known(other)

    def _same_control(self) -> bool:
        """Whether the control of stability is of one kind; over groups there may be another."""
        kinds = {
            one.result.header["spec"].get("control") == "wrong-group" for one in (self.model, self.reference)
        }
        return len(kinds) == 1

    def _row(self, own: Row, other: Row, quantity: str) -> tuple[ComparisonRow, bool, Ratio] | None:
        if quantity == "stability" and not self._same_control():
            return None
        values, references = self.model.ratios(own, quantity), self.reference.ratios(other, quantity)
        if values is None or references is None:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):  # of_ratios drops what is not finite
            ratio = of_ratios(values[0] / values[1], references[0] / references[1])
        if ratio is None or (
            quantity != VALUE and ratio.method != "paired"
        ):  # values that are often exactly 0
            return None
        row = ComparisonRow(
            measure=own.measure,
            symmetry=own.symmetry,
            output=own.output,
            layer=own.layer,
            model=self.names[1],
            reference=self.names[0],
            quantity=quantity,
            value=_typical(quantity, *values),
            reference_value=_typical(quantity, *references),
            ratio=ratio.value,
            ratio_low=ratio.interval.low,
            ratio_high=ratio.interval.high,
            pairs=ratio.pairs,
            p=ratio.p,
            p_corrected=None,
            verdict="",
        )
        return row, own.resolved and other.resolved, ratio


def _judged(found: Sequence[tuple[ComparisonRow, bool, Ratio]]) -> Iterator[ComparisonRow]:
    """The rows with corrected p values and verdicts, quantity by quantity."""
    for quantity in QUANTITIES:
        own = [one for one in found if one[0].quantity == quantity]
        corrected = holm([row.p for row, _, _ in own])
        for (row, is_resolved, ratio), p in zip(own, corrected, strict=True):
            yield replace(row, p_corrected=p, verdict=verdict_on(quantity, is_resolved, ratio, p))


def _typical(quantity: str, values: np.ndarray, divisors: np.ndarray) -> float | None:
    """The mean of values (n,), or the geometric mean of their ratios to the divisors (n,)."""
    if quantity == VALUE:
        return float(values.mean())
    ratio = of_ratios(values, divisors)
    return None if ratio is None else ratio.value


def name_of(result: Measured) -> str:
    """The name of a model, with where its weights come from."""
    model: Mapping[str, Any] = result.header["model"]
    weights = model.get("weights") or "as given"
    return model["name"] if weights == "as given" else f"{model['name']} ({weights})"


def told_apart(names: Sequence[str]) -> list[str]:
    """Names that differ: the second of two equal ones has a number.

    >>> told_apart(["net", "net", "other"])
    ['net', 'net #2', 'other']
    """
    numbers = [list(names[: i + 1]).count(name) for i, name in enumerate(names)]
    return [name if number == 1 else f"{name} #{number}" for name, number in zip(names, numbers, strict=True)]
