"""Several tensors at once: a tuple or a dict, each entry with its own representation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation, Value

Key = int | str


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

    @property
    def channel_axis(self) -> None:
        return None

    def differentiate_all(self, generators: Sequence[Generator], x: Value) -> list[Value]:
        """X x per generator: a tuple or dict like x."""
        return self._each({key: rho.differentiate_all(generators, x[key]) for key, rho in self._items()})

    def changes(self, generators: Sequence[Generator], x: Value) -> list[Value]:
        """Those of the parts: a tuple or dict like x."""
        return self._each({key: rho.changes(generators, x[key]) for key, rho in self._items()})

    def _each(self, by_part: Mapping[Key, Sequence[Value]]) -> list[Value]:
        """Lists of every part as a list of values."""
        several = zip(*by_part.values(), strict=True)
        return [self._like(dict(zip(by_part, one, strict=True))) for one in several]

    def acting(self, x: Value) -> Callable[[Element], Acted]:
        """The moved value and its mask: tuples or dicts like x."""
        actings = {key: rho.acting(x[key]) for key, rho in self._items()}

        def act(element: Element) -> Acted:
            moved: dict[Key, Value] = {}
            masks: dict[Key, Value] = {}
            for key, acting in actings.items():
                moved[key], masks[key] = acting(element)
            return self._like(moved), self._like(masks)

        return act

    def _items(self) -> Iterator[tuple[Key, Representation]]:
        """The parts by key or position."""
        if isinstance(self.parts, Mapping):
            yield from self.parts.items()
        else:
            yield from enumerate(self.parts)

    def _like(self, values: dict[Key, Value]) -> Value:
        """Values by key or position as a dict or tuple like the parts."""
        return values if isinstance(self.parts, Mapping) else tuple(values.values())

    def describe(self) -> str:
        return ", ".join(f"{key}: {rho.describe()}" for key, rho in self._items())
