"""Hubs: places where networks have names. Each kind of data says which there are for it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from symmeter.errors import SymmeterError, nearest
from symmeter.kinds_of_data import domains
from symmeter.models.loaded import LoadedModel
from symmeter.models.spec import ModelSpec


class Hub(ABC):
    """A library or place with networks: `PREFIX:NAME` is asked of the hub of that prefix."""

    has_code: ClassVar[bool] = False  # whether a network may bring code, which --trust-remote-code lets run

    @abstractmethod
    def load(self, spec: ModelSpec) -> LoadedModel:
        """The network of that name in eval mode; SymmeterError for what is wrong with the name."""

    def transform(self, name: str) -> object:
        """What makes inputs of samples for its network of that name, as the hub's own library has it; None without."""
        return None

    def names(self, tagged: bool = False, trained: bool = False) -> Iterable[str]:
        """The names that it has, as far as it can list them.

        `tagged`: with the names of their weights, where one network has several. `trained`: those with weights only.
        """
        return ()

    def downloaded(self, name: str) -> Path | None:
        """Where the weights of a name lie on this machine; None where they do not, or nothing is known of it."""
        return None

    def has(self, name: str) -> bool:
        """Whether a name is known to be one of its own."""
        return name in self.names()


def hubs() -> dict[str, Hub]:
    """The hubs of all kinds of data by their prefixes."""
    found: dict[str, Hub] = {}
    for domain in domains().values():
        found |= domain.hubs()
    return found


def is_model(model: object) -> bool:
    """Whether something that cannot be called is a model to some kind of data all the same."""
    return not callable(model) and any(domain.takes_model(model) for domain in domains().values())


def unknown_name(spec: str, names: Iterable[str]) -> SymmeterError:
    """The error for a name that its hub does not have; `names` are those that it has."""
    prefix, _, _ = spec.partition(":")
    hint = nearest(spec, [f"{prefix}:{name}" for name in names])
    return SymmeterError(f"unknown model {spec!r}{hint or '; `symmeter list models` names them all'}")
