"""Where things are: what is read, what is kept between runs, and what is written."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"


@dataclass(frozen=True)
class Places:
    """`shared`: weights and data, laid out as shared/data. `work`: what is made here and kept."""

    shared: Path
    work: Path

    @property
    def store(self) -> Path:
        """The store of the sweep."""
        return self.work / "store"
