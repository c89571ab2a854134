"""Files of weights in one folder, for the models of a hub that cannot or need not be downloaded."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from symmeter.errors import SymmeterError, counted
from symmeter.models.hub import hubs
from symmeter.sweeps.list_columns import Entry

ENDINGS = (".safetensors", ".pth", ".pt", ".bin")


def with_weights_from(entries: Iterable[Entry], folder: Path) -> list[Entry]:
    """The entries; those of hubs get the file `NAME.safetensors` (`.pth`, `.pt`, `.bin`) of the folder, if it is there.

    NAME is the model's without its prefix: `resnet50.a1_in1k.safetensors` belongs to `timm:resnet50.a1_in1k`. What has
    a file of its own, or is to be untrained, stays as it is. SymmeterError where no file fits any model.
    """
    if not folder.is_dir():
        raise SymmeterError(f"--weights-from {folder}: no such folder")
    known = hubs()
    entries = list(entries)
    wanting = [e for e in entries if e.model.partition(":")[0] in known and not (e.weights or e.untrained)]
    files = {entry.model: _file(folder, entry.model.partition(":")[2]) for entry in wanting}
    if wanting and not any(files.values()):
        name = wanting[0].model.partition(":")[2]
        raise SymmeterError(
            f"--weights-from {folder}: no file there for any of {counted(len(wanting), 'model')}; they are named as "
            f"{name}{ENDINGS[0]}"
        )
    found = {id(entry): files[entry.model] for entry in wanting}
    return [replace(entry, weights=found.get(id(entry)) or entry.weights) for entry in entries]


def _file(folder: Path, name: str) -> str | None:
    """The path of a model's file, None where there is none."""
    paths = [folder / f"{name}{ending}" for ending in ENDINGS]
    return next((str(path) for path in paths if path.is_file()), None)
