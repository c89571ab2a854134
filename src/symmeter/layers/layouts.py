"""How the symmetry acts on the tensors inside a network: followed from the image, or said by the user.

A user's layouts map modules to ACTION words (see `symmeter.models.outputs`): by dotted name, by a glob of names
(`blocks.*.attn`), by the name of a class, or by a class itself. They hold for what goes in and out of the module.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from torch import Tensor, nn

from symmeter.domain import Domain
from symmeter.errors import SymmeterError, nearest
from symmeter.symmetry.representations.representation import Representation

LayoutKey = str | type[nn.Module]  # a name, a glob, the name of a class, or a class
Words = Mapping[str, str] | Mapping[type[nn.Module], str] | Mapping[LayoutKey, str]


class Layouts:
    """The user's layouts, checked against a model: every key must name something, every word an action.

    >>> from symmeter.domains.images.domain import Images
    >>> layouts = Layouts({"0": "channels_first"}, nn.Sequential(nn.Identity()), Images())
    >>> layouts.word("0", nn.Identity())
    'channels_first'
    """

    def __init__(self, given: Words | None, model: nn.Module, domain: Domain):
        self._given: dict[LayoutKey, str] = {}
        self._given.update((given or {}).items())
        self._domain = domain
        modules = dict(model.named_modules())
        names = list(filter(None, modules))
        for key, word in self._given.items():
            if not domain.is_action(word):
                raise SymmeterError(
                    f"layout {word!r} for {_shown(key)} is none; give one of " + ", ".join(_words(domain))
                )
            if not any(_matches(key, name, module) for name, module in modules.items()):
                raise SymmeterError(
                    f"layout for {_shown(key)}: the model has no such module{nearest(_shown(key), names)}"
                )

    def word(self, layer: str, module: nn.Module | None) -> str | None:
        """What the user said of a module; the last word counts."""
        words = [word for key, word in self._given.items() if _matches(key, layer, module)]
        return words[-1] if words else None

    def representation(
        self, layer: str, module: nn.Module | None, outgoing: bool, tensor: Tensor
    ) -> Representation | None:
        """The representation that the user's word gives a tensor (B, ...) of this module; None where nothing was said.

        A word that contradicts the shape of the output is a SymmeterError that names the module; an input of
        another shape is left to what is known of it.
        """
        word = self.word(layer, module)
        if word is None:
            return None
        try:
            return self._domain.act_by(word, tensor)
        except ValueError as error:
            if not outgoing:
                return None
            raise SymmeterError(f"layout of module {layer!r}: {error}") from error


def _words(domain: Domain) -> list[str]:
    """Those that say where the grid of a tensor is, and no more."""
    others = ("equivariant", "pooled", "vectors", "regular(GROUP)")
    return [word for word in domain.actions if word not in others]


def _matches(key: LayoutKey, name: str, module: nn.Module | None) -> bool:
    if isinstance(key, type):
        return isinstance(module, key)
    return key in (name, type(module).__name__) or fnmatchcase(name, key)


def _shown(key: LayoutKey) -> str:
    return key.__name__ if isinstance(key, type) else str(key)
