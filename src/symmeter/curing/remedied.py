"""`remedied`: a network with what a cure recommends, made again from one of the same architecture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from symmeter.curing.cured import WEIGHTS, Cure, read_table
from symmeter.curing.recipe import Recipe
from symmeter.curing.remedy import Purpose
from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.models.load import describe, load_model
from symmeter.models.weights import fit_weights, read_weights
from symmeter.symmetry.hypothesis import parse_symmetry
from symmeter.verbs.arguments import Kind
from symmeter.verbs.arguments import path as PATH
from symmeter.verbs.verb import verb


def _a_cure(value: object) -> object:
    return value if isinstance(value, Cure) else PATH.read(value)


@verb(model=ARGUMENTS["model"], cure=Kind("a Cure, or the path of a saved one", _a_cure))
def remedied(model: Any, cure: "Cure | str | Path") -> nn.Module:
    """A network of the same architecture with the remedies that a cure recommends; of a saved one with its weights too.

    Raises SymmeterError where the cure recommends nothing, or does not fit the network.

    >>> import symmeter, torch
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    >>> x = torch.rand(8, 1, 17, 17, generator=torch.Generator().manual_seed(0))
    >>> found = symmeter.cure(net, x, "translation_x", output="logits", definition="periodic", remedies="blur")
    >>> bool(torch.equal(remedied(net, found)(x), found.model(x)))
    True
    """
    network = load_model(model).model if isinstance(model, str) else describe(model).model
    if not isinstance(network, nn.Module):
        raise SymmeterError("remedies are for an nn.Module")
    content = cure.to_dict() if isinstance(cure, Cure) else read_table(Path(cure))
    if content["chosen"] is None:
        raise SymmeterError("this cure recommends nothing")
    recipe = Recipe.of_dict(content["recipes"][content["chosen"]])
    made = recipe.apply(network, _purpose(content["spec"]))
    if isinstance(cure, Cure):
        made.load_state_dict(cure.model.state_dict())
        return made
    weights = Path(cure) / WEIGHTS
    if weights.is_file():
        fit_weights(made, read_weights(str(weights)), str(weights))
    return made


def _purpose(spec: Mapping[str, Any]) -> Purpose:
    """What the header of a cure says of it."""
    kind = find_domain(spec["domain"])
    symmetry = parse_symmetry(spec["symmetry"], kind.symmetry, kind.symmetries)
    options = {name: value for name, value in spec["options"].items() if value is not None}
    return Purpose(symmetry, kind.name, spec["output"], spec["words"], options)
