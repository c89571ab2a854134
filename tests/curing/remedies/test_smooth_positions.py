from copy import deepcopy

import pytest
import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.networks import noise
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.curing.remedies.smooth_positions import Added, SmoothPositions, smoothed


class Transformer(nn.Module):
    """Patches, codes, attention by what they are, and a mean over them."""

    def __init__(self, side=4, codes=True):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + side * side, 8)) if codes else None
        self.cls_token = nn.Parameter(torch.randn(1, 1, 8))
        self.block = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = self.patches(x).flatten(2).mT
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        x = x if self.pos_embed is None else x + self.pos_embed
        return self.head(self.block(x)[:, 1:].mean(1))


class Weighed(nn.Module):
    """A mean over patches that are weighed by where they are: all of its error is that of the codes."""

    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.randn(1, 65, 3))

    def forward(self, x):
        return (x.flatten(2).mT * self.pos_embed[:, 1:]).mean(1)


class TestSmoothPositions(RemedyContract):
    remedy = SmoothPositions()
    case = Case(Weighed, noise(8, 3))
    factor = 2.0
    not_for = Transformer(codes=False)
    arguments = ("0.5", "2", "10")
    misfits = ("0", "-1", "nan", "inf", "x")


def gaussian_mean(grid, width):
    """The definition as a loop, over codes (h, w, C)."""
    rows, columns, _ = grid.shape
    made = torch.zeros_like(grid)
    for i in range(rows):
        for j in range(columns):
            weights = torch.tensor(
                [
                    [-((i - k) ** 2 + (j - l) ** 2) / (2 * width**2) for l in range(columns)]
                    for k in range(rows)
                ],
                dtype=grid.dtype,
            ).exp()
            made[i, j] = (weights[..., None] * grid).sum((0, 1)) / weights.sum()
    return made


def test_codes_are_means_under_a_gaussian_and_those_of_classes_stay():
    code = torch.randn(1, 2 + 15, 4, dtype=torch.float64)
    made = smoothed(code, (3, 5), 0.8)
    assert torch.equal(made[:, :2], code[:, :2])
    torch.testing.assert_close(made[0, 2:].view(3, 5, 4), gaussian_mean(code[0, 2:].view(3, 5, 4), 0.8))


def test_the_wider_the_less_is_left_of_positions():
    code = torch.randn(1, 16, 4)
    spread = [smoothed(code, (4, 4), width).var(1).sum() for width in (0.01, 0.5, 1, 2, 100)]
    assert spread == sorted(spread, reverse=True)
    torch.testing.assert_close(smoothed(code, (4, 4), 0.01), code)
    torch.testing.assert_close(
        smoothed(code, (4, 4), 1000.0), code.mean(1, keepdim=True).expand_as(code), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize(
    ("name", "options", "place"),
    [
        ("vit_tiny_patch16_224", {}, "(glue)"),
        ("vit_tiny_patch16_224", {"img_size": (64, 32)}, "(glue)"),
        ("deit_tiny_distilled_patch16_224", {}, "(glue)"),
        ("vit_small_patch14_reg4_dinov2", {"img_size": 28}, "(glue)"),
    ],
)
def test_codes_of_timm_are_found(name, options, place):
    timm = pytest.importorskip("timm")
    model = timm.create_model(name, **({"img_size": 64, "depth": 1, "num_classes": 3} | options)).eval()
    assert SmoothPositions().places(model) == [place]
    with torch.no_grad():
        model.pos_embed.normal_()
    before = deepcopy(model.pos_embed)
    made = SmoothPositions().apply(model, [place], {}, TestSmoothPositions.case.purpose())
    rows, columns = model.patch_embed.grid_size
    prefix = before.shape[1] - rows * columns
    assert torch.equal(made.pos_embed[:, :prefix], before[:, :prefix])
    wanted = gaussian_mean(before[0, prefix:].view(rows, columns, -1), 1.0)
    torch.testing.assert_close(made.pos_embed[0, prefix:].view(rows, columns, -1), wanted)


def test_codes_of_torchvision_are_added_by_the_encoder():
    torchvision = pytest.importorskip("torchvision")
    model = torchvision.models.VisionTransformer(32, 8, 1, 2, 16, 16, num_classes=3)
    assert SmoothPositions().places(model) == ["encoder.(glue)"]


def test_codes_of_an_embedding_are_added_by_what_is_around_it():
    class Embeddings(nn.Module):
        def __init__(self):
            super().__init__()
            self.position_embedding = nn.Embedding(17, 4)

    model = nn.Sequential(Embeddings())
    before = model[0].position_embedding.weight.detach().clone()
    assert SmoothPositions().places(model) == ["0.(glue)"]
    SmoothPositions().apply(model, ["0.(glue)"], {}, TestSmoothPositions.case.purpose())
    after = model[0].position_embedding.weight.detach()
    assert torch.equal(after[0], before[0]) and not torch.allclose(after[1:], before[1:])


class Dropped(Transformer):
    """The same with a dropout behind the sum of patches and codes, as libraries have it."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        x = self.patches(x).flatten(2).mT
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        return self.head(self.block(self.dropout(x + self.pos_embed))[:, 1:].mean(1))


def test_what_stands_in_adds_the_change_of_the_codes():
    model, remedy = Dropped().eval(), SmoothPositions()
    assert remedy.looks_at(model, "(glue)") == "dropout"
    tokens = torch.randn(2, 17, 8)
    other = remedy.stands_in(model, "(glue)", tokens)
    changed = remedy.apply(deepcopy(model), ["(glue)"], {}, TestSmoothPositions.case.purpose())
    torch.testing.assert_close(other(tokens), tokens + changed.pos_embed - model.pos_embed)
    assert list(other.parameters()) == []


def test_codes_that_leave_the_class_out_are_those_of_the_last_tokens():
    tokens, change = torch.randn(2, 17, 8), torch.randn(1, 16, 8)
    made = Added(change)(tokens)
    assert torch.equal(made[:, :1], tokens[:, :1]) and torch.equal(made[:, 1:], tokens[:, 1:] + change)


def test_without_a_dropout_there_is_no_prediction_and_the_remedy_is_tried():
    model = Transformer().eval()
    assert SmoothPositions().looks_at(model, "(glue)") is None
    found = symmeter.cure(model, noise(16, 3).float(), "translation_x", "logits", remedies="smooth_positions")
    assert found.rows[0].predicted is None and found.rows[0].ratio > 0


def test_the_prediction_knows_what_layer_norms_make_of_smaller_codes():
    """Smaller codes leave more of the spread to patches: the error of this network grows, and is said to."""
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", img_size=64, depth=1, num_classes=10).eval()
    with torch.no_grad():
        model.pos_embed.normal_(0, 0.5)
    x = nn.functional.interpolate(torch.rand(6, 3, 12, 12), size=64, mode="bicubic")
    found = symmeter.cure(model, x, "translation", "logits", remedies="smooth_positions")
    for row in found.rows:
        assert row.ratio > 1.5
        assert 2 / 3 < row.predicted / row.ratio < 3 / 2


def test_another_part_is_refused():
    check_refused("not for 'head'", SmoothPositions().apply, Transformer(), ["head"], {}, None)


def test_of_a_transformer_the_state_keeps_its_names():
    model = Transformer()
    made = SmoothPositions().apply(deepcopy(model), ["(glue)"], {}, TestSmoothPositions.case.purpose())
    assert list(made.state_dict()) == list(model.state_dict())
    assert not torch.allclose(made(noise(16, 3).float()), model(noise(16, 3).float()))
