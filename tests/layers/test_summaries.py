"""Every complete view adds up to LEE."""

import numpy as np
import pytest
from tests.layers.profiles import check_adds_up, profile

from symmeter.layers import summaries as views


@pytest.fixture(scope="module")
def found():
    return profile()


def lee(found):
    return found.contributions("translation_x")[0].mean()


def test_complete_views_add_up(found):
    for depth in (None, 1, 2, 3):
        check_adds_up(views.by_module(found, "translation_x", depth), lee(found))
    check_adds_up(views.by_module(found, "translation_x", 0), lee(found))
    check_adds_up(views.by_kind(found, "translation_x"), lee(found))
    check_adds_up(views.by_stage(found, "translation_x"), lee(found))
    assert views.cumulative(found, "translation_x")[-1].contribution == pytest.approx(lee(found), rel=1e-6)
    assert views.cumulative(found, "translation_x")[-1].share == pytest.approx(1, rel=1e-6)
    assert sum(views.fraction(found, "translation_x").values()) == pytest.approx(1)


def test_worst_first_and_tree_in_call_order(found):
    sizes = [abs(share.contribution) for share in views.by_module(found, "translation_x")]
    assert sizes == sorted(sizes, reverse=True)
    assert [share.label for share in views.tree(found, "translation_x", 1)] == [
        "",
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
    ]


def test_against_plain_loops(found):
    values = found.contributions("translation_x")
    kinds, sums = [part.kind for part in found.parts], {}
    for part, kind, row in zip(found.parts, kinds, values, strict=True):
        if part.terminal:
            sums[kind] = sums.get(kind, 0) + row
    for share in views.by_kind(found, "translation_x"):
        of_images = sums[share.label]
        assert share.contribution == pytest.approx(of_images.mean())
        assert share.standard_error == pytest.approx(of_images.std(ddof=1) / len(of_images) ** 0.5)
        # delta method by the jackknife's hand: leave one image out
        left = np.array([np.delete(of_images, i).mean() / np.delete(values[0], i).mean() for i in range(6)])
        jackknife = (5 / 6 * ((left - left.mean()) ** 2).sum()) ** 0.5
        assert share.share_standard_error == pytest.approx(jackknife, rel=0.5, abs=1e-9)


def test_stages_and_frames(found):
    assert [share.label for share in views.by_stage(found, "translation_x")] == [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
    ]
    frame = views.as_frame(views.by_kind(found, "translation_x"))
    assert {"label", "contribution", "share", "norm"} <= set(frame.columns)


@pytest.mark.filterwarnings("ignore:no interval for")
def test_one_image_has_no_error_bar():
    single = profile(samples=1, control=False, probes=0)
    share = views.by_kind(single, "translation_x")[0]
    assert share.share_standard_error is share.share_low is share.share_high is None


def test_intervals_are_those_of_the_rows_and_hold_what_is_added_up(found):
    rows = {row.layer: row for row in found.rows if row.symmetry == "translation_x"}
    for share in views.by_module(found, "translation_x"):
        assert (share.share_low, share.share_high) == (
            rows[share.label].share_low,
            rows[share.label].share_high,
        )
    for share in views.by_kind(found, "translation_x"):
        assert share.share_low is None or share.share_low <= share.share <= share.share_high
    last = views.cumulative(found, "translation_x")[-1]
    assert last.share == pytest.approx(1) and last.share_low is None  # no image can change it
