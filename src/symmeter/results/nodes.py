"""The errors of single nodes, such as the atoms of a molecule: which of them break a symmetry."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

MOST = 100_000  # nodes that are kept of one row: many samples take no more memory than some
_LABELS = ("measure", "symmetry", "output", "unit")
_COLUMNS = ("sample", "node", "kind", "value")


@dataclass(frozen=True, eq=False)
class NodeErrors:
    """What one row is made of, node by node: four arrays (M,) for M nodes, of the first samples where there are many.

    `sample` is the name of the sample a node is of, `node` its number there, `kind` what it is, such as the symbol of
    an element ('' where that is not known), and `value` its error in the unit of the row.
    """

    measure: str
    symmetry: str
    output: str
    unit: str
    sample: np.ndarray
    node: np.ndarray
    kind: np.ndarray
    value: np.ndarray

    def columns(self) -> dict[str, np.ndarray]:
        """All fields as columns (M,) of a table, labels repeated."""
        count = len(self.value)
        labels = {name: np.full(count, getattr(self, name), dtype=object) for name in _LABELS}
        return labels | {name: getattr(self, name) for name in _COLUMNS}


class Nodes:
    """Errors of the nodes of one row, grown chunk by chunk up to MOST of them.

    >>> nodes = Nodes()
    >>> nodes.add(["water"], np.array([["O", "H", "H"]]), np.array([[1.0, 4.0, 9.0]]))
    >>> nodes.errors(("equivariance_error", "O3", "forces", "eV"), np.sqrt).value.tolist()
    [1.0, 2.0, 3.0]
    """

    def __init__(self) -> None:
        self._parts: list[dict[str, np.ndarray]] = []
        self._count = 0

    def add(self, names: Sequence[str], kinds: np.ndarray | None, values: np.ndarray) -> None:
        """Take errors (b, N) of the nodes of b samples, with their names and the kinds (b, N) of their nodes."""
        samples, size = values.shape
        room = slice(0, MOST - self._count)
        if kinds is None:
            kinds = np.full(values.shape, "", dtype=object)
        part = {
            "sample": np.repeat(np.array(names, dtype=object), size),
            "node": np.tile(np.arange(size), samples),
            "kind": kinds.astype(object).ravel(),
            "value": values.astype(np.float64).ravel(),
        }
        self._parts.append({name: column[room] for name, column in part.items()})
        self._count += len(self._parts[-1]["value"])

    def errors(self, labels: tuple[str, str, str, str], value: Callable[[float], float]) -> NodeErrors:
        """All of them with the labels of their row; `value` makes what is reported of an error."""
        joined = {name: np.concatenate([part[name] for part in self._parts]) for name in _COLUMNS}
        joined["value"] = np.array([value(error) for error in joined["value"]])
        return NodeErrors(*labels, **joined)


def columns_of_nodes(found: Iterable[NodeErrors]) -> dict[str, np.ndarray]:
    """The columns of one table for the nodes of all rows."""
    tables = [one.columns() for one in found] or [{f.name: np.empty(0) for f in fields(NodeErrors)}]
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def nodes_of_table(table: Any) -> tuple[NodeErrors, ...]:
    """Those of a table (a pandas DataFrame) that has the columns of several rows."""
    found = []
    for labels, rows in table.groupby(list(_LABELS), sort=False):
        found.append(NodeErrors(*labels, **{name: rows[name].to_numpy() for name in _COLUMNS}))
    return tuple(found)
