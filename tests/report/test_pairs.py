"""What the page needs to compare two models image by image, and what it makes of it."""

import dataclasses

import numpy as np
import pytest
from tests.report.stores import fill, made_up
from tests.report.test_page import check_clean, choose, wait

from symmeter.results.comparison import compared
from symmeter.sweeps.store import Store

pairs = pytest.importorskip("symmeter.report.store.pairs", exc_type=ImportError)
table = pytest.importorskip("symmeter.report.store.table", exc_type=ImportError)

IMAGES = [f"{i}.png" for i in range(12)]


def with_images(count):
    """Made-up cells with values of twelve images, in another order in every cell."""
    random = np.random.default_rng(0)
    for i, (task, result) in enumerate(made_up(count)):
        order = random.permutation(12)
        samples = {
            f"lee:{row.symmetry}{control}": random.lognormal(0.5 * i * (control == ""), 0.5, 12)
            for row in result.rows
            for control in ("", ":control")
        }
        rows = tuple(dataclasses.replace(row, column=f"lee:{row.symmetry}", unit="1") for row in result.rows)
        header = {**result.header, "spec": {**result.header["spec"], "output": "softmax"}}
        names = tuple(IMAGES[at] for at in order)
        yield task, dataclasses.replace(result, rows=rows, header=header, samples=samples, sample_names=names)


@pytest.fixture
def store(tmp_path):
    return fill(Store(tmp_path / "s", create=True), with_images(4))


def test_the_page_has_the_numbers_of_compare(store):
    found = pairs.pairs(table.tables(store.frame()), store)
    assert set(found["metrics"]) == {"lee, rotation", "lee, translation_x"}
    first, second = (result for _, result in list(with_images(4))[:2])
    for row in compared([second, first]).rows:
        of_models = found["metrics"][f"lee, {row.symmetry}"]
        logs = [
            np.array(of_models[name][row.quantity]) for name in ("timm:resnet_0", "timm:vision_transformer_1")
        ]
        differences = logs[0] - logs[1]
        half = found["quantiles"][12] * differences.std(ddof=1) / 12**0.5
        interval = np.exp([differences.mean(), differences.mean() - half, differences.mean() + half])
        assert interval == pytest.approx([row.ratio, row.ratio_low, row.ratio_high], rel=2e-3)
    assert found["corrected"][12] > found["quantiles"][12] == pytest.approx(2.201, abs=1e-3)


def test_large_stores_and_those_without_values_of_images_have_none(tmp_path):
    bare = fill(Store(tmp_path / "bare", create=True), made_up(3))
    assert pairs.pairs(table.tables(bare.frame()), bare) == {}
    large = fill(Store(tmp_path / "large", create=True), with_images(31))
    assert pairs.pairs(table.tables(large.frame()), large) == {}


def test_the_page_shows_the_ratio_with_its_interval(browser, store, tmp_path):
    from symmeter.report.store.page import report

    path = report(store, tmp_path / "r.html")
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(path.as_uri())
    wait(browser, "return document.body.dataset.ready")
    choose(browser, "left", "timm:resnet_0")
    choose(browser, "right", "timm:mlp_mixer_2")
    text = browser.execute_script("return document.getElementById('comparison').innerText")
    first, _, third = (result for _, result in list(with_images(4))[:3])
    (row,) = [r for r in compared([third, first]).rows if (r.symmetry, r.quantity) == ("rotation", "value")]
    assert (
        f"value: {row.ratio:.2g} times [{row.ratio_low:.2g} {row.ratio_high:.2g}], 12 images: {row.verdict}"
        in text
    )
    check_clean(browser, path)
