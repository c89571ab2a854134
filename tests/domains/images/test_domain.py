"""Images pass the contract of domains; a domain that is broken does not."""

from typing import Any, ClassVar

import pytest
import torch
from tests.contracts.domain import DomainContract
from torch import Tensor, nn

from symmeter.domains.images.domain import Images
from symmeter.draw import Draw
from symmeter.samples import Samples
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

IMAGES = torch.rand(8, 3, 6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class TestImages(DomainContract):
    domain = Images
    data = IMAGES
    group = "D4"
    equivariant = (
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.Tanh()).double().eval(),
        "D4,shift(2)",
        "logits:equivariant",
    )
    broken = (
        nn.Sequential(nn.Flatten(), nn.Linear(108, 2)).double().eval(),
        "rotation,hue,C4",
        "logits:invariant",
    )
    outputs: ClassVar = {
        "invariant": torch.rand(2, 5), "equivariant": torch.rand(2, 5, 6, 6), "channels_last": torch.rand(2, 3, 3, 5),
        "vectors": torch.rand(2, 2, 6, 6), "tokens(1+3x3)": torch.rand(2, 10, 5),
    }  # fmt: skip
    misfits: ClassVar = {"equivariant": torch.rand(2, 5), "tokens(1+3x3)": torch.rand(2, 9, 5)}
    good: ClassVar = {"definition": "periodic", "padding": "circular", "img_size": 6}
    bad: ClassVar = {"definition": "splines", "padding": "mirror", "img_size": 0}
    written = ("translation", "rotation", "colour", "C4", "D4", "hflip", "shift(8)", "SO2", "SE2", "colours")


class Still(Images):
    """Its symmetries move nothing."""

    def rho_in(self, *args: object) -> Representation:
        return Trivial()


class Unseeded(Images):
    """Its draws are the same under every seed."""

    def open(self, data: Any, model: Any, draw: Draw, group: Group | None = None) -> Samples:
        return super().open(data, model, Draw(draw.count, 0), group)


class Free(Images):
    """Its control does not keep to the size of the displacement."""

    def displaced(self, rho: Representation, x: Tensor, *args: object) -> object:  # type: ignore[override]
        return lambda g: x + torch.ones_like(x)


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (Still, "test_the_group_acts_on_the_samples"),
        (Still, "test_the_control_moves_samples_as_far_as_the_group_does"),
        (Unseeded, "test_a_draw_follows_its_seed_and_keeps_the_order"),
        (Free, "test_the_control_moves_samples_as_far_as_the_group_does"),
        (Still, "test_it_is_found_by_its_name"),
    ],
)
def test_a_broken_domain_fails(broken: type[Images], name: str):
    case = type("Case", (TestImages,), {"domain": broken})()
    with pytest.raises(AssertionError):
        getattr(case, name)()
