"""Points with their centroid at the origin."""

import math

import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.whole_networks import (
    OUTPUT,
    WORDS,
    Pooled,
    Scores,
    clouds,
    errors,
    forces,
    molecules,
    purpose,
)
from tests.helpers import check_refused

from symmeter.curing.remedies.centred import Centred
from symmeter.curing.remedy import Expected


class TestCentred(RemedyContract):
    remedy = Centred()
    case = Case(Pooled, clouds() + 0.5, "translation_x", domain="points", inputs="points")
    factor = 1e12
    unhelped = Case(
        Pooled, clouds() - clouds().mean(1, keepdim=True), "rotation_x", domain="points", inputs="points"
    )


def test_positions_are_moved_back_and_all_else_is_that_of_centred_points():
    model, x = forces(), molecules()
    words = {"domain": "points", "inputs": WORDS, "output": OUTPUT}
    made = Centred().wrapped(model, purpose("translation", **words))
    found, centre = made(**x), x["pos"].mean(1, keepdim=True)
    wanted = model(x["pos"] - centre, x["kinds"])
    assert torch.allclose(found["energy"], wanted["energy"]) and torch.allclose(
        found["forces"], wanted["forces"]
    )
    assert torch.allclose(found["centre"], wanted["centre"] + centre[:, 0])
    before = errors(model, x, "translation(1,40)", **words)
    after = errors(made, x, "translation(1,40)", **words)
    assert max(after) < 1e-18 < 1e-3 < min(before)


def test_what_is_expected_and_usual():
    asked = purpose("translation", "points")
    assert Centred().expected(asked, "translation_z") == Centred().expected(asked, "translation(1)")
    assert Centred().expected(asked, "translation_z") == Expected(0, 0, 0)
    assert Centred().expected(asked, "rotation_x") == Expected(1, 0, math.inf)
    assert Centred().expected(asked, "permutation") == Expected(1, 0, math.inf)
    assert [str(one) for one in Centred.usual(asked)] == ["centred"]
    assert not Centred.usual(purpose("SO3", "points")) and not Centred.usual(purpose("translation"))
    check_refused("for points in space", Centred().wrapped, Scores(), purpose("translation"))
