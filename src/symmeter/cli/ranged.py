"""`symmeter measure --range`: beside the result, how far LEE predicts."""

import argparse
import dataclasses
import sys
from typing import TYPE_CHECKING

from symmeter.cli import inputs
from symmeter.cli.parser import UsageError
from symmeter.cli.terminal import console
from symmeter.options import Values
from symmeter.verbs.arguments import split_list

if TYPE_CHECKING:
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.prediction import PredictionRange
    from symmeter.results.result import Result
    from symmeter.symmetry.hypothesis import Symmetry


def check_range(a: argparse.Namespace, symmetry: "Symmetry") -> None:
    """UsageError for what can be seen to be wrong without model and data."""
    if not symmetry.generators:
        raise UsageError(f"--range is for generators such as rotation, and {a.symmetry} has none")
    if 0 in a.range:
        raise UsageError("--range 0: nothing moves there; give numbers such as 1 0.5 0.1")
    if len(split_list(a.output)) > 1 or "*" in a.output or "?" in a.output:
        raise UsageError(f"--range takes one output at a time, not {a.output!r}")


class Ranged:
    """Measures the range after the result, and keeps it for the table and the picture."""

    def __init__(self, a: argparse.Namespace, symmetry: "Symmetry"):
        self._a, self._generators = a, list(symmetry.generators)
        self.found: PredictionRange | None = None

    def added_to(self, result: "Result", loaded: "LoadedModel") -> "Result":
        """The result with the range in its header, and so in its JSON form."""
        from symmeter.measuring.interrupt import Interrupted

        try:
            self.found = self._measured(loaded)
        except Interrupted as stop:
            self.found = stop.result
            stop.result = self._joined(result)
            raise
        return self._joined(result)

    def _measured(self, loaded: "LoadedModel") -> "PredictionRange":
        from symmeter.measuring.finite import PIXELS
        from symmeter.measuring.prediction import prediction_range

        common: Values = inputs.common_arguments(self._a) | {"symmetry": self._generators}
        return prediction_range(
            loaded, self._a.data, t=tuple(self._a.range) or PIXELS, seed=self._a.seed, **common
        )

    def _joined(self, result: "Result") -> "Result":
        assert self.found is not None
        whole = self.found.to_dict()
        header = {**result.header, "range": {key: whole[key] for key in ("rows", "reach")}}
        return dataclasses.replace(result, header=header)

    def show(self) -> None:
        """Print the table and how to read it, below that of the result."""
        from symmeter.results.text import as_text

        if self.found is None:
            return
        if sys.stdout.isatty():
            self.found.show_table(console())
        else:
            print(as_text(self.found.show_table, 80), end="")

    def plot(self, file: str) -> None:
        """Draw it into a file."""
        from symmeter.report.figures import save_figure
        from symmeter.report.prediction import plot_prediction

        if self.found is not None:
            save_figure(plot_prediction(self.found), file)
