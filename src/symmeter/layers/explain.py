"""Which layers account for the difference of two networks: lines that add up to it, image by image."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from symmeter.errors import SymmeterError, counted
from symmeter.layers import matching
from symmeter.layers.difference import Difference
from symmeter.layers.difference_row import ALL, ROUND_OFF, DifferenceRow, verdict_on
from symmeter.layers.matching import Line
from symmeter.layers.part import Part
from symmeter.layers.profile import Profile
from symmeter.results.columns import Key
from symmeter.results.comparable import common_images, matched_rows
from symmeter.results.comparison import told_apart
from symmeter.results.differences import PairedDifference, of_differences, of_ratio_difference
from symmeter.results.estimate import columns_of_interval
from symmeter.results.intervals import Interval, holm, of_ratio_of_means
from symmeter.results.paired import Images
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.verdict import resolved
from symmeter.verbs.arguments import Kind, choice, several, split_list

Matched = Callable[[Sequence[Part], Sequence[Part]], list[Line]]
VIEWS: Mapping[str, Matched] = {
    "module": matching.by_module,
    "kind": matching.by_kind,
    "stage": matching.by_stage,
}
_ALIKE, _UNLIKE = ("module",), ("kind", "stage")  # the views of networks of the same parts, and of others
_SORTED = ("module",)  # views of many lines, the largest first


def _views(value: object) -> tuple[str, ...]:
    """Views by their names: one word with commas, or several."""
    given = split_list(value) if isinstance(value, str) else value
    view = choice("view of layers", VIEWS)
    return tuple(dict.fromkeys(several("views of layers", view).read(given)))


views = Kind(f"some of {', '.join(VIEWS)}", _views)


def check_asked(networks: int, by: tuple[str, ...] | None, depth: int | None) -> None:
    """SymmeterError for another number of networks than two, or a depth without effect."""
    if networks != 2:
        raise SymmeterError(f"{counted(networks, 'network')}; layers explain the difference of two: give two")
    if depth is not None and by not in (None, _ALIKE):
        raise SymmeterError(
            f"depth {depth} is of parts by module, not by {', '.join(by or ())}; leave it out"
        )


def difference_of(
    results: Sequence[Result],
    names: Sequence[str],
    by: tuple[str, ...] | None = None,
    depth: int | None = None,
) -> Difference:
    """What `explained` makes of two results; SymmeterError where one of them is no profile, or they are not two."""
    check_asked(len(results), by, depth)
    for result, name in zip(results, names, strict=True):
        if not isinstance(result, Profile):
            raise SymmeterError(
                f"{name}: a result without layers; give what symmeter.attribute or symmeter layers --out DIR makes"
            )
    first, second = told_apart(names)
    return explained(results[0], results[1], (first, second), by, depth)  # type: ignore[arg-type]


def explained(
    reference: Profile,
    model: Profile,
    names: tuple[str, str],
    by: Sequence[str] | None = None,
    depth: int | None = None,
) -> Difference:
    """Which parts account for how much larger the error of a model is than that of its reference.

    With c_p(i) what part p contributes to the error of image i, a line is the mean over the images of both of

        sum over its parts in the model c_p(i)  -  sum over its parts in the reference c_p(i).

    `by` is some of `module` (parts of the same name, down to `depth`), `kind` and `stage`; None for `module` where both
    networks have the same parts, else for `kind` and `stage`. `symmeter.layers.matching` says what is set against what.

    Raises SymmeterError, in one line, for what cannot be compared: other images, definitions, units or outputs, or
    profiles that were saved without the values of single images.
    """
    pair = _Pair.of(reference, model, names)
    parts = reference.parts, model.parts
    if by is None:
        by = _ALIKE if depth is not None or matching.alike(*parts) else _UNLIKE
    rows = _judged([one for symmetry in pair.symmetries for one in pair.whole(symmetry)])
    clear = {row.symmetry for row in rows if row.clear}
    for view in by:
        lines = VIEWS[view](*parts) if depth is None else matching.by_module(*parts, depth)
        rows += _judged([one for symmetry in pair.symmetries for one in pair.view(view, lines, symmetry)])
    rows = [row if row.symmetry in clear else _without_share(row) for row in rows]
    partial = "partial" in (reference.status, model.status)
    return Difference(
        rows=tuple(rows),
        models=names,
        images=pair.count,
        definition=reference.header["definition"],
        item=reference.header["data"].get("item", "image"),
        status="partial" if partial else "complete",
        notes=pair.notes(),
    )


@dataclass(frozen=True)
class _Side:
    """One of the two networks, on the images (n,) that both have."""

    profile: Profile
    images: Images
    name: str

    def root(self, symmetry: str) -> Row:
        """The row of the whole network."""
        return next(row for row in self.profile.rows if row.symmetry == symmetry and row.whole)

    def error(self, symmetry: str) -> np.ndarray:
        """That of the whole network on every image (n,)."""
        return self._column(f"{self.root(symmetry).column}")

    def added(self, symmetry: str, places: Sequence[int]) -> np.ndarray:
        """What some parts contribute to it, (n,)."""
        layers = [self.profile.parts[place].layer for place in places]
        columns = [self._column(str(Key("contribution", symmetry, layer))) for layer in layers]
        return np.sum([np.zeros(len(self.images.positions)), *columns], axis=0)

    def floor(self, symmetry: str, places: Sequence[int]) -> float:
        """How far round-off may move the mean of that; 0 where it is not known."""
        rows = [row for row in self.profile.rows if row.symmetry == symmetry]
        return float(np.linalg.norm([rows[place].floor or 0.0 for place in places]))

    def _column(self, name: str) -> np.ndarray:
        found = self.images.column(name)
        if found is None:
            raise SymmeterError(
                f"{self.name}: the contributions to single samples are not all there (no column {name!r}); "
                "attribute it again, and save that to a folder (symmeter layers --out DIR)"
            )
        return found


@dataclass(frozen=True)
class _Values:
    """What a line contributes on every image (n,) in both networks, and the floor of the difference of both means.

    `power` is 2 where it is a square, which is resolved at more floors.
    """

    line: Line
    reference: np.ndarray
    model: np.ndarray
    floor: float
    power: int = 1


@dataclass(frozen=True)
class _Found:
    """A row without a verdict, its difference, and whether that stands clear of the floors."""

    row: DifferenceRow
    difference: PairedDifference
    resolved: bool


@dataclass(frozen=True)
class _Pair:
    """A network and its reference, under the symmetries that both were measured with."""

    reference: _Side
    model: _Side
    symmetries: tuple[str, ...]

    @classmethod
    def of(cls, reference: Profile, model: Profile, names: tuple[str, str]) -> "_Pair":
        """SymmeterError where they cannot be compared."""
        common = common_images(reference, model, names)
        symmetries = tuple(own.symmetry for own, _ in matched_rows(reference, model, names))
        first, second = (Images.of(profile, common) for profile in (reference, model))
        return cls(_Side(reference, first, names[0]), _Side(model, second, names[1]), symmetries)

    @property
    def count(self) -> int:
        """How many images both have."""
        return len(self.model.images.positions)

    def notes(self) -> tuple[str, ...]:
        """What is left out, a line each."""
        total = max(len(side.profile.sample_names) for side in (self.reference, self.model))
        said = f"{self.count} of {total} are in both results, and only they count"
        return (said,) * (self.count < total)

    def whole(self, symmetry: str) -> list[_Found]:
        """The difference of the errors."""
        line = Line("", self.model.profile.parts[0].kind, (0,), (0,))
        floors = [side.root(symmetry).floor or 0.0 for side in (self.reference, self.model)]
        errors = self.reference.error(symmetry), self.model.error(symmetry)
        return self._rows(
            ALL, symmetry, [_Values(line, *errors, sum(floors), self.model.root(symmetry).power)]
        )

    def view(self, by: str, lines: Sequence[Line], symmetry: str) -> list[_Found]:
        """Lines, and what they leave of the difference of the errors: by module the largest first."""
        found = [
            _Values(
                line,
                self.reference.added(symmetry, line.reference),
                self.model.added(symmetry, line.model),
                self.reference.floor(symmetry, line.reference) + self.model.floor(symmetry, line.model),
            )
            for line in lines
        ]
        first = self.reference.error(symmetry) - np.sum([one.reference for one in found], axis=0)
        second = self.model.error(symmetry) - np.sum([one.model for one in found], axis=0)
        left = _Values(Line(ROUND_OFF, "", (), ()), first, second, abs(float((second - first).mean())))
        rows = self._rows(by, symmetry, [*found, left])
        return sorted(rows, key=lambda one: -abs(one.difference.value)) if by in _SORTED else rows

    def _rows(self, by: str, symmetry: str, lines: Sequence[_Values]) -> list[_Found]:
        """The rows of lines under one symmetry."""
        errors = self.reference.error(symmetry), self.model.error(symmetry)
        seed = self.model.profile.header["spec"].get("seed", 0)
        differences = of_differences(
            np.stack([one.model for one in lines], 1),
            np.stack([one.reference for one in lines], 1),
            seed=seed,
        )
        root = self.model.root(symmetry)
        same = {"measure": root.measure, "output": root.output, "unit": root.unit, "images": self.count}
        same |= {"model": self.model.name, "reference": self.reference.name}
        found = []
        for one, difference in zip(lines, differences, strict=True):
            own = DifferenceRow(
                layer=one.line.label,
                symmetry=symmetry,
                by=by,
                kind=one.line.kind,
                value=float(one.model.mean()),
                reference_value=float(one.reference.mean()),
                floor=one.floor,
                p=difference.p if one.line.reference or one.line.model else None,
                difference=difference.value,
                **columns_of_interval("difference", difference.interval),
                **_shares(one, errors, seed),
                **same,
            )
            found.append(_Found(own, difference, resolved(difference.value, one.floor, one.power)))
        return found


def _shares(one: _Values, errors: tuple[np.ndarray, np.ndarray], seed: int) -> dict[str, float | None]:
    """What the line is of the difference of both errors (n,), and how much more of its own error it is."""
    lines = one.reference, one.model
    between = errors[1] - errors[0]
    whole = float(between.mean())
    of_it = of_ratio_of_means(one.model - one.reference, between, seed=seed)
    own = of_ratio_difference(lines, errors, seed=seed)
    found = {"share": float((one.model - one.reference).mean()) / whole if whole else None}
    found |= {"own_share": own.value if own else None}
    for name, interval in (("share", of_it), ("own_share", own.interval if own else Interval())):
        found |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return found


def _judged(found: Sequence[_Found]) -> list[DifferenceRow]:
    """The rows with corrected p values and verdicts."""
    corrected = holm([one.row.p for one in found])
    return [
        replace(one.row, p_corrected=p, verdict=verdict_on(one.difference, one.resolved, one.row.images, p))
        for one, p in zip(found, corrected, strict=True)
    ]


def _without_share(row: DifferenceRow) -> DifferenceRow:
    """The line of a difference that is not clear: there is nothing to have a share of."""
    return replace(row, share=None, share_low=None, share_high=None)
