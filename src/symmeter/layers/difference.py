"""The difference of two networks, divided among their layers, as it is shown and written."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from symmeter.files import write_whole
from symmeter.layers.difference_row import DifferenceRow
from symmeter.layers.difference_text import TOP, sheet_of
from symmeter.results.indexed import Indexed
from symmeter.results.json_form import json_form
from symmeter.results.published import Drawn
from symmeter.results.result import pandas
from symmeter.results.sheet import WIDTH, Sheet
from symmeter.results.shown import Shown
from symmeter.verbs.arguments import writable as PATH
from symmeter.verbs.verb import verb

if TYPE_CHECKING:
    from pandas import DataFrame

SCHEMA = "symmeter.layers.difference/1"


@dataclass(frozen=True, repr=False)
class Difference(Indexed[DifferenceRow], Shown, Drawn):
    """How much more each part of a network contributes to its error than its like in the reference.

    `difference["rotation"]` is the whole, `difference["layer2.0.conv1", "rotation"]` one line. The lines of one view
    (`by`) and symmetry, the last of them `(round-off)`, add up to the whole.
    """

    labels: ClassVar = ("layer", "symmetry", "by", "kind", "measure", "output")

    rows: tuple[DifferenceRow, ...]
    models: tuple[str, str]
    images: int
    definition: str
    item: str = "image"
    status: str = "complete"  # or `partial`, where a profile is
    notes: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The network that the other is compared with."""
        return self.models[0]

    @property
    def views(self) -> tuple[str, ...]:
        """How parts are added up to lines: `module`, `kind`, `stage`."""
        return tuple(dict.fromkeys(row.by for row in self.rows if not row.whole))

    @property
    def symmetries(self) -> tuple[str, ...]:
        """Names of the generators and groups."""
        return tuple(dict.fromkeys(row.symmetry for row in self.rows))

    def lines(self, symmetry: str, by: str) -> list[DifferenceRow]:
        """Those of a view, by module the largest differences first."""
        return [row for row in self.rows if (row.symmetry, row.by) == (symmetry, by)]

    def to_dict(self) -> dict[str, object]:
        """The JSON form; numbers that are not finite become null."""
        return json_form({"schema": SCHEMA, "reference": self.reference, **asdict(self)})

    @verb(path=PATH)
    def to_json(self, path: str | os.PathLike) -> None:
        """Write the JSON form to a file, whole or not at all."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=2) + "\n")

    def to_pandas(self) -> "DataFrame":
        """A pandas DataFrame with one row per line."""
        return pandas().DataFrame(list(map(asdict, self.rows)))

    @property
    def heading(self) -> str:
        return f"{self.models[1]} less {self.models[0]}, by {' and '.join(self.views)}"

    def sheet(self, width: int = WIDTH, top: int = TOP) -> Sheet:
        return sheet_of(self, width, top)
