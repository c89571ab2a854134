"""`symmeter measure --range`: beside the result, how far LEE predicts."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symmeter.cli.parser import UsageError
from symmeter.cli.second import SecondRun
from symmeter.options import Values

if TYPE_CHECKING:
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.prediction import PredictionRange
    from symmeter.symmetry.hypothesis import Symmetry


class Ranged(SecondRun):
    """How far LEE predicts."""

    name, example = "range", "rotation"

    def __init__(self, a: argparse.Namespace, symmetry: "Symmetry"):
        super().__init__(a, symmetry)
        if 0 in a.range:
            raise UsageError("--range 0: nothing moves there; give numbers such as 1 0.5 0.1")

    def measured(self, loaded: "LoadedModel", common: Values) -> "PredictionRange":
        from symmeter.measuring.finite import PIXELS
        from symmeter.measuring.prediction import prediction_range

        return prediction_range(loaded, self._a.data, t=tuple(self._a.range) or PIXELS, **common)

    def content(self, found: "PredictionRange") -> Mapping[str, Any]:
        whole = found.to_dict()
        return {key: whole[key] for key in ("rows", "reach")}
