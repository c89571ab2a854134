"""What a store has of the networks: rows beside those of the twins, with ratios image by image, and profiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symmeter.errors import SymmeterError
from symmeter.layers.profile import Profile
from symmeter.results.comparison import compared
from symmeter.results.comparison_row import ComparisonRow
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.sweeps.plan import Cell
from symmeter.sweeps.store import Store
from zoo.cells import TRAINED
from zoo.entries import Network

LAYERS = "layers"


@dataclass(frozen=True)
class Line:
    """One estimate of a network, that of its twin, and `against`: how many times the twin's it is, item by item."""

    network: Network
    row: Row
    twin: Row | None = None
    against: ComparisonRow | None = None


@dataclass(frozen=True)
class Measured:
    """All that is known of one network; results by the symmetries that were asked for, missing ones by their labels."""

    network: Network
    results: dict[str, Result]
    twins: dict[str, Result]
    profiles: list[Profile]
    missing: list[str]

    @property
    def first(self) -> Result | None:
        """A result with the trained weights, if there is any."""
        return next(iter(self.results.values()), None)

    def lines(self) -> Iterator[Line]:
        """Every row with the trained weights, and what goes with it."""
        for symmetry, result in self.results.items():
            twin = self.twins.get(symmetry)
            rows = {} if twin is None else {_which(row): row for row in twin.rows}
            ratios = {} if twin is None else _against(twin, result)
            for row in result.rows:
                yield Line(self.network, row, rows.get(_which(row)), ratios.get(_which(row)))


def measured(networks: Sequence[Network], cells: Sequence[Cell], store: Store) -> list[Measured]:
    """What the store has of each network, in their order."""
    there = store.keys()
    found = {one.name: Measured(one, {}, {}, [], []) for one in networks}
    for cell in cells:
        own = found[str(cell.entry.tags["network"])]
        if cell.key not in there:
            own.missing.append(f"{cell.label}: {cell.spec.symmetry}")
            continue
        result = store.result(cell.key)
        trained = cell.entry.tags["weights_are"] == TRAINED
        if cell.spec.kind != LAYERS:
            (own.results if trained else own.twins)[cell.spec.symmetry] = result
        elif trained and isinstance(result, Profile):
            own.profiles.append(result)
    return list(found.values())


def _which(row: Row | ComparisonRow) -> tuple[str, str, str]:
    return row.measure, row.symmetry, row.output


def _against(twin: Result, result: Result) -> dict[tuple[str, str, str], ComparisonRow]:
    """Ratios of stabilities where there are such, else of errors, by what they are of."""
    try:
        rows = compared([twin, result], ["twin", TRAINED]).rows
    except SymmeterError:  # nothing of both can be compared, such as errors that are all 0
        return {}
    found: dict[tuple[str, str, str], ComparisonRow] = {}
    for row in rows:
        if row.quantity == "stability" or (row.quantity == "value" and _which(row) not in found):
            found[_which(row)] = row
    return found
