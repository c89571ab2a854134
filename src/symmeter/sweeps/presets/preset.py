"""What a preset is: the models of a study, its settings, and what was published of it; found by listing this folder."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from symmeter.errors import SymmeterError, nearest
from symmeter.optional import require
from symmeter.options import Values
from symmeter.sweeps.forecast.size import Size
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.presets.points import FOLDER, TAG, Point, published_points
from symmeter.verbs.arguments import shown

_SAID = ("title", "source", "left_out", "notes")  # what a file has besides settings


@dataclass(frozen=True)
class Preset:
    """A study: `models` with their tags, and `settings`, which are arguments of a sweep.

    `sizes` of the models by their names, `left_out` names for which there is no model with the reason, `notes` what a
    reader has to know, `published` points as a backdrop, where there are any.
    """

    name: str
    models: tuple[Entry, ...]
    settings: Values
    title: str = ""
    source: str = ""
    sizes: Mapping[str, Size] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    published: tuple[Point, ...] = ()


def preset_names() -> list[str]:
    """The names of all presets.

    >>> preset_names()
    ['gruver2023', 'tryout', 'zoo2026']
    """
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def known_preset(preset: str | Preset) -> Preset:
    """Itself, or the preset of that name."""
    return preset if isinstance(preset, Preset) else find_preset(preset)


@cache
def find_preset(name: str) -> Preset:
    """The preset of a name; SymmeterError, with the nearest, for an unknown one.

    >>> find_preset("gruver2023").settings["samples"]
    100
    >>> find_preset("gruver2032")
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: unknown preset 'gruver2032'; did you mean 'gruver2023'?
    """
    if name not in preset_names():
        close = nearest(name, preset_names()) or f"; choose from {', '.join(preset_names())}"
        raise SymmeterError(f"unknown preset {shown(name)}{close}")
    yaml = require("yaml", "sweep")
    said = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    rows = list(_rows(FOLDER / f"{name}.csv"))
    return Preset(
        name,
        tuple(_entry(row, name) for row in rows),
        {key: value for key, value in said.items() if key not in _SAID},
        title=said["title"],
        source=said["source"],
        sizes={row["model"]: _size(row) for row in rows if row["macs"]},
        left_out=said.get("left_out", {}),
        notes=tuple(said.get("notes", ())),
        published=published_points(name),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _entry(row: Mapping[str, str], preset: str) -> Entry:
    tags = {TAG: preset, "family": row["family"], "architecture": row["architecture"]}
    tags |= {"published_as": row["was"]} if row["was"] else {}
    return Entry(row["model"], output=row["output"] or None, tags=tags)


def _size(row: Mapping[str, Any]) -> Size:
    return Size(int(row["parameters"]), int(row["macs"]), int(row["moved"]))
