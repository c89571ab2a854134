"""What `symmeter measure` can find out besides, in a second run along the same generators: an abstract class."""

import argparse
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symmeter.cli import inputs
from symmeter.cli.parser import UsageError
from symmeter.cli.terminal import complain, console
from symmeter.errors import SymmeterError
from symmeter.options import Values
from symmeter.verbs.arguments import split_list

if TYPE_CHECKING:
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.bands import Bands
    from symmeter.results.prediction import PredictionRange
    from symmeter.results.result import Result
    from symmeter.symmetry.hypothesis import Symmetry


class SecondRun(ABC):
    """Measured after the result, and kept as `found`: for its header, for the table below and for figures."""

    name: str  # of its flag, without dashes, and in the header
    example: str  # of generators that it is for

    def __init__(self, a: argparse.Namespace, symmetry: "Symmetry"):
        """UsageError for what can be seen to be wrong without model and data."""
        if not symmetry.generators:
            raise UsageError(
                f"--{self.name} is for generators such as {self.example}, and {a.symmetry} has none"
            )
        if len(split_list(a.output)) > 1 or "*" in a.output or "?" in a.output:
            raise UsageError(f"--{self.name} takes one output at a time, not {a.output!r}")
        self._a, self._generators = a, list(symmetry.generators)
        self.found: Any = None

    @abstractmethod
    def measured(self, loaded: "LoadedModel", common: Values) -> "PredictionRange | Bands":
        """What is found with the arguments that the first run had, along its generators."""

    @abstractmethod
    def content(self, found: Any) -> Mapping[str, Any]:
        """What stands in the header of the result, ready for JSON."""

    @property
    def failed(self) -> bool:
        """Whether nothing was found."""
        return self.found is None

    def added_to(self, result: "Result", loaded: "LoadedModel") -> "Result":
        """The result with what was found in its header, and so in its JSON form; as it is where that failed."""
        from symmeter.measuring.interrupt import Interrupted

        common: Values = inputs.common_arguments(self._a) | {
            "symmetry": self._generators,
            "seed": self._a.seed,
        }
        try:
            self.found = self.measured(loaded, common)
        except Interrupted as stop:
            self.found = stop.result
            stop.result = self._joined(result)
            raise
        except SymmeterError as error:
            complain(f"--{self.name}: {error}")
            return result
        return self._joined(result)

    def _joined(self, result: "Result") -> "Result":
        header = {**result.header, self.name: self.content(self.found)}
        return dataclasses.replace(result, header=header)

    def show(self) -> None:
        """Print the table and how to read it, below that of the result."""
        if not self.failed:
            sheet = self.found.sheet()
            dataclasses.replace(sheet, heading="", subheading="", warnings=()).show(console())
