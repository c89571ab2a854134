"""Every situation: the right value, or the right word, and the user's model as it was."""

import copy
import warnings

import pytest
import torch
from tests.helpers import check_refused
from tests.situations import truth
from tests.situations.kinds import SITUATIONS
from tests.situations.table import PAGE, TITLES, page
from torch import nn
from torch.nn.parameter import is_lazy

import symmeter

NAMES = [f"{s.kind}-{s.what}" for s in SITUATIONS]


def images(n=5, size=16):
    low = torch.rand(n, 3, 5, 5, generator=torch.Generator().manual_seed(4))
    return nn.functional.interpolate(low, size=size, mode="bicubic").clamp(0, 1)


def made(situation):
    """What the user brings; torch's own warnings about it are not of interest here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return situation.make()


def state(model):
    """Everything that can be compared of a model before and after."""
    if not isinstance(model, nn.Module) or isinstance(model, torch.jit.ScriptModule):
        return None
    if any(map(is_lazy, model.parameters())):
        return None
    tensors = {k: v.clone() for k, v in model.state_dict().items() if isinstance(v, torch.Tensor)}
    flags = [(m.training, [p.requires_grad for p in m.parameters(recurse=False)]) for m in model.modules()]
    return tensors, flags, [copy.copy(vars(m)) for m in model.modules()]


def assert_same(before, after):
    if before is None:
        return
    assert before[0].keys() == after[0].keys() and before[1] == after[1]
    assert all(torch.equal(before[0][k], after[0][k]) for k in before[0])
    for old, new in zip(before[2], after[2], strict=True):
        assert old.keys() == new.keys()
        assert all(old[key] is new[key] for key in old if not key.startswith("_"))


@pytest.mark.parametrize("situation", SITUATIONS, ids=NAMES)
def test_a_situation(situation):
    model, x = made(situation), images()
    before, pixels, random = state(model), x.clone(), torch.get_rng_state()
    options = {"output": "logits", **situation.options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if situation.outcome == "refused":
            check_refused(
                situation.words,
                symmeter.measure,
                model,
                x,
                "translation_x,C4",
                "lee,relative_error",
                **options,
            )
            return
        result = symmeter.measure(model, x, "translation_x,C4", "lee,relative_error", **options)
    assert torch.equal(x, pixels) and torch.equal(random, torch.get_rng_state())
    said = " ".join(result.warnings)
    assert situation.words in said
    if not situation.words:
        assert said == ""
    if situation.kind == "J":
        assert {row.verdict for row in result.rows} == {"random"} and all(
            row.chance > 0.01 for row in result.rows
        )
    if situation.refused:
        return
    assert_same(before, state(model))
    f = situation.right()
    along, over = (row.value for row in result.rows)
    assert along == pytest.approx(truth.lee(f, x), rel=situation.tolerance)
    assert over == pytest.approx(truth.relative_error(f, x), rel=situation.tolerance)


ATTRIBUTED = [
    s for s in SITUATIONS if not s.refused and s.layers and s.kind in "ABDEFGHIKLNS" and "jit" not in s.what
]


@pytest.mark.parametrize("situation", ATTRIBUTED, ids=[f"{s.kind}-{s.what}" for s in ATTRIBUTED])
def test_the_parts_of_a_situation_add_up(situation):
    model, x = made(situation), images()
    before = state(model)
    options = {"output": "logits", **situation.options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        profile = symmeter.attribute(model, x, "translation_x", probes=0, **options)
    assert_same(before, state(model))
    assert profile.rows[0].value == pytest.approx(truth.lee(situation.right(), x), rel=situation.tolerance)
    total = sum(row.contribution for row in profile.rows if row.terminal)
    assert total == pytest.approx(profile.rows[0].value, rel=max(1e-3, situation.tolerance))


def test_the_page_in_the_docs_is_that_of_the_tests():
    assert {s.kind for s in SITUATIONS} == set(TITLES)
    assert PAGE.read_text() == page(), "run: python -m tests.situations.table"
