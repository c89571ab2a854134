"""A sweep as it is asked for: what was given goes before what a preset says, and that before what is usual."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symmeter.errors import SymmeterError
from symmeter.options import Values
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.model_list import Models
from symmeter.sweeps.presets.preset import Preset
from symmeter.verbs.arguments import shown

USUAL: Mapping[str, object] = {"symmetry": "translation", "output": "softmax", "control": "both"}


@dataclass(frozen=True)
class Settled:
    """The values of all arguments, those of the kind of data in `options`; `notes` say what differs from the preset."""

    values: Values
    options: Values
    notes: tuple[str, ...] = ()


def settled(preset: Preset | None, given: Values, options: Values, other_models: bool = False) -> Settled:
    """What is in force; a `given` value of None is none. `other_models`: whether models were given too.

    >>> from symmeter.sweeps.presets.preset import find_preset
    >>> found = settled(find_preset("tryout"), {"symmetry": "rotation", "samples": None}, {})
    >>> found.values, found.notes
    ({'symmetry': 'rotation', 'output': 'softmax', 'control': 'both', 'samples': 16}, \
('symmetry rotation in place of translation,rotation',))
    """
    own = preset.settings if preset else {}
    values = {**USUAL, **{name: own[name] for name in given if name in own}}
    of_data = {name: value for name, value in own.items() if name not in given}
    asked = {name: value for name, value in given.items() if value is not None}
    notes = [
        f"{name} {shown_plainly(value)} in place of {shown_plainly(own[name])}"
        for name, value in {**asked, **options}.items()
        if name in own and value != own[name]
    ]
    if preset and other_models:
        notes.insert(0, "other models than its own")
    return Settled(
        {**{name: values.get(name) for name in (*USUAL, *given)}, **asked},
        {**of_data, **options},
        tuple(notes),
    )


def shown_plainly(value: object) -> str:
    """A word without its quotes."""
    return value if isinstance(value, str) else shown(value)


def named(models: Models | None) -> Models:
    """The models of a sweep; SymmeterError where none are given, and no preset has any."""
    if models is None:
        raise SymmeterError("no models given: name some, a list of them, or a --preset")
    return models


def with_output(entries: Sequence[Entry], output: str | None) -> list[Entry]:
    """The models of a preset, all with the output that was given, if one was."""
    return [replace(entry, output=None) if output is not None else entry for entry in entries]
