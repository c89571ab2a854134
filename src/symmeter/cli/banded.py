"""`symmeter measure --bands`: beside the result, of which frequencies the error is made, along each axis."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symmeter.cli.second import SecondRun
from symmeter.options import Values

if TYPE_CHECKING:
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.bands import Bands


class Banded(SecondRun):
    """The error by frequency."""

    name, example = "bands", "translation_x"

    def measured(self, loaded: "LoadedModel", common: Values) -> "Bands":
        from symmeter.domains.grids.bands import bands

        return bands(loaded, self._a.data, **common)

    def content(self, found: "Bands") -> Mapping[str, Any]:
        return found.content()
