"""The options of atoms, as a person gives them."""

from collections.abc import Mapping
from dataclasses import dataclass

from symmeter.options import option
from symmeter.verbs.arguments import Given, Kind, split_list


def _names(value: Given) -> dict[str, str]:
    """A name for each output, of a mapping or of `output=name,output=name`."""
    if isinstance(value, str):
        pairs = [word.partition("=") for word in split_list(value)]
        value = {output.strip(): name.strip() for output, _, name in pairs}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value.values()):
        raise TypeError
    return dict(value)


@dataclass(frozen=True)
class AtomOptions:
    """Where frames have reference values of outputs, where that is not under the names of these."""

    references: Mapping[str, str] | None = option(
        None,
        Kind("output=name,output=name or a dictionary {output: name}", _names).or_none("for the usual ones"),
        "where frames have reference values: energy=REF_energy,forces=REF_forces",
        "R",
    )
