"""Several tensors at once: a tuple or a dict, each entry with its own representation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class Product(Representation):
    """The direct sum: `parts` is a tuple or a dict of representations, of the structure of the value.

    >>> import torch
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> from symmeter.symmetry.representations.trivial import Trivial
    >>> rho = Product({"image": Trivial(), "age": Trivial()})
    >>> sorted(rho.differentiate(GENERATORS["scale"], {"image": torch.ones(1), "age": torch.ones(1)}))
    ['age', 'image']
    """

    parts: tuple[Representation, ...] | Mapping[str, Representation]

    def differentiate_all(self, generators: Sequence[Generator], x: Any) -> list[Any]:
        by_part = {key: rho.differentiate_all(generators, x[key]) for key, rho in self._items()}
        return [
            self._like({key: values[i] for key, values in by_part.items()}) for i in range(len(generators))
        ]

    def acting(self, x: Any) -> Callable[[Element], Acted]:
        actings = {key: rho.acting(x[key]) for key, rho in self._items()}

        def act(element: Element) -> Acted:
            pairs = {key: acting(element) for key, acting in actings.items()}
            value, mask = (self._like({key: pair[i] for key, pair in pairs.items()}) for i in range(2))
            return value, mask

        return act

    def _items(self) -> list[tuple[Any, Representation]]:
        return list(self.parts.items() if isinstance(self.parts, Mapping) else enumerate(self.parts))

    def _like(self, values: dict[Any, Any]) -> Any:
        return values if isinstance(self.parts, Mapping) else tuple(values.values())

    def describe(self) -> str:
        return ", ".join(f"{key}: {rho.describe()}" for key, rho in self._items())
