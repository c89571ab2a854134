"""What a cure returns: every remedy that was tried, the network with the best of them, and a recommendation."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from symmeter.curing.recipe import Recipe
from symmeter.curing.row import CureRow
from symmeter.curing.text import recommendation, sheet_of
from symmeter.errors import SymmeterError
from symmeter.files import write_whole
from symmeter.layers.profile import Profile
from symmeter.results.indexed import Indexed
from symmeter.results.json_form import json_form
from symmeter.results.published import Drawn
from symmeter.results.result import Result, pandas
from symmeter.results.sheet import WIDTH, Sheet
from symmeter.results.shown import Shown
from symmeter.verbs.arguments import writable as PATH
from symmeter.verbs.verb import verb

if TYPE_CHECKING:
    from pandas import DataFrame

SCHEMA = "symmeter.curing.cure/1"
TABLE, WEIGHTS = "cure.json", "weights.pth"


@dataclass(frozen=True, repr=False)
class Cure(Indexed[CureRow], Shown, Drawn):
    """Remedies that were tried on a network, a row for each under each symmetry.

    `recipes` are what was tried, by the number in a row; `chosen` is the number of the best, None where none is
    recommended. `model` is the network with it, the one that was given where there is none. `before` is the measurement
    without a remedy, `profile` that of its layers, where there is one.
    """

    labels: ClassVar = ("remedy", "symmetry", "where", "output", "measure")

    rows: tuple[CureRow, ...]
    header: Mapping[str, Any]
    recipes: tuple[Recipe, ...]
    chosen: int | None
    model: nn.Module
    before: Result
    profile: Profile | None = None
    warnings: tuple[str, ...] = ()
    finetuning: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """`complete`, or `partial` when not all was tried."""
        return self.header["status"]

    @property
    def recommended(self) -> tuple[CureRow, ...]:
        """The rows of the best remedy."""
        return tuple(row for row in self.rows if row.recipe == self.chosen)

    @property
    def recommendation(self) -> str:
        """What to do, in one sentence."""
        return recommendation(self.rows, self.chosen)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; numbers that are not finite become null."""
        content = {
            "schema": SCHEMA,
            **self.header,
            "warnings": list(self.warnings),
            "recommendation": self.recommendation,
            "chosen": self.chosen,
            "recipes": [recipe.to_dict() for recipe in self.recipes],
            "rows": list(map(asdict, self.rows)),
            "finetuning": self.finetuning,
        }
        return json_form(content)

    @verb(path=PATH)
    def to_json(self, path: str | os.PathLike) -> None:
        """Write the JSON form to a file, whole or not at all."""
        write_whole(Path(path), json.dumps(self.to_dict(), indent=2) + "\n")

    def to_pandas(self) -> "DataFrame":
        """A pandas DataFrame with one row per remedy and symmetry."""
        return pandas().DataFrame(list(map(asdict, self.rows)))

    @verb(path=PATH)
    def save(self, path: str | os.PathLike) -> Path:
        """Save to a folder: the JSON form, and the weights of the recommended network. Returns the folder.

        `symmeter.remedied(model, folder)` makes the network again, from one of the same architecture. A path that ends
        in `.json` is written as the JSON form alone.
        """
        folder = Path(path)
        if folder.suffix == ".json":
            self.to_json(folder)
            return folder
        self.to_json(folder / TABLE)
        if self.chosen is not None:
            temporary = folder / f"{WEIGHTS}.{os.getpid()}"
            torch.save(self.model.state_dict(), temporary)
            temporary.replace(folder / WEIGHTS)
        return folder

    @property
    def heading(self) -> str:
        spec = self.header["spec"]
        return f"remedies for {self.header['model']['name']}, {spec['symmetry']}"

    def sheet(self, width: int = WIDTH) -> Sheet:
        return sheet_of(self, width)


def best(rows: Sequence[CureRow], count: int, loss: float) -> int | None:
    """The recipe, of so many, with the least error of those that help and cost no more accuracy than `loss`.

    It helps where the error is clearly smaller under one symmetry, and neither error nor stability clearly larger under
    any. Of several symmetries the product of the ratios decides.
    """
    scores = {}
    for number in range(count):
        own = [row for row in rows if row.recipe == number]
        if admissible(own, loss):
            scores[number] = score(own)
    return min(scores, key=scores.__getitem__) if scores else None


def admissible(rows: Sequence[CureRow], loss: float) -> bool:
    """Whether a recipe helps, and costs no more accuracy than that, which is not surely lower."""
    helps = any(row.better for row in rows) and not any(row.worse for row in rows)
    return helps and all(
        not row.costs_accuracy and (row.accuracy_change is None or row.accuracy_change >= -loss)
        for row in rows
    )


def score(rows: Sequence[CureRow]) -> float:
    """The product of the ratios of a recipe."""
    product = 1.0
    for row in rows:
        product *= 1.0 if row.ratio is None else row.ratio
    return product


def read_table(path: Path) -> dict[str, Any]:
    """What `Cure.to_json` wrote, or the one in a folder; SymmeterError for anything else."""
    file = path / TABLE if path.is_dir() else path
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SymmeterError(f"{file}: no saved cure there ({error})") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise SymmeterError(f"{file}: this is no saved cure")
    return content
