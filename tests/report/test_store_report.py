"""What a report says of a store, before it is a page."""

import csv
import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from tests.helpers import check_refused
from tests.report.stores import fill, made_up, quick_frame

import symmeter
from symmeter.cli.app import main
from symmeter.domains.images.provenance import architecture, training, training_data
from symmeter.report.store.bars import with_bars
from symmeter.report.store.charts import charts, save_chart, specification
from symmeter.report.store.findings import findings
from symmeter.report.store.page import report
from symmeter.report.store.seeds import merged
from symmeter.report.store.statistics import below_one, correlations, median_interval, regression, usable
from symmeter.report.store.table import published, tables
from symmeter.results.estimate import columns_of_ratio
from symmeter.results.intervals import of_ratios
from symmeter.sweeps.places import path_of
from symmeter.sweeps.store import Store


@pytest.fixture(scope="module")
def zoo():
    return tables(quick_frame(90))


def of(found, metric="lee, rotation"):
    return found.values[found.values["metric"] == metric]


def test_the_regression_finds_what_was_put_in(zoo):
    effects = {effect.term: effect for effect in regression(of(zoo)).effects}
    accuracy = effects["10 points more accuracy"]
    assert accuracy.factor == pytest.approx(10**-0.3, rel=0.05) and accuracy.clear
    transformer = effects["transformer instead of CNN"]
    assert transformer.factor == pytest.approx(0.7, rel=0.1)
    assert effects["mixer instead of CNN"].factor == pytest.approx(0.6, rel=0.05)
    size = effects["ten times the parameters"]
    assert size.low < 1 < size.high and not size.clear
    assert regression(of(zoo)).r_squared > 0.9


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    inside = 0
    for seed in range(40):
        effects = {
            e.term: e
            for e in regression(of(tables(quick_frame(45, seed=seed, symmetries=("rotation",))))).effects
        }
        truth = effects["transformer instead of CNN"]
        inside += truth.low < 0.7 < truth.high
    assert 33 <= inside <= 40  # 95 % of 40 is 38


def test_a_term_that_others_make_up_is_named_and_left_out(zoo):
    values = of(zoo).assign(training=of(zoo)["architecture"])
    fitted = regression(values)
    assert len(fitted.left_out) == 2 and all(math.isfinite(e.factor) for e in fitted.effects)


def related(values):
    return {(c.what, c.against, c.of): c for c in correlations(values)}


def test_correlations_are_those_of_scipy_and_pandas(zoo):
    values = of(zoo)
    found = related(values)
    logs = np.log10(values["stability"])
    linear, rank = (found[what, "accuracy", "all models"] for what in ("linear", "rank"))
    assert linear.value == pytest.approx(np.corrcoef(values["accuracy"], logs)[0, 1])
    assert rank.value == pytest.approx(values["accuracy"].corr(logs, method="spearman"))
    interval = stats.pearsonr(values["accuracy"], logs).confidence_interval()
    assert (linear.low, linear.high) == pytest.approx((interval.low, interval.high))
    with_accuracy = [c for c in found.values() if c.against == "accuracy"]
    assert all(c.low < c.value < c.high and c.clear for c in with_accuracy)
    assert {c.of for c in with_accuracy} == {"all models", "CNN", "transformer", "mixer"}


def test_a_partial_correlation_takes_out_what_both_share():
    random = np.random.default_rng(0)
    accuracy = random.normal(size=300)
    values = pd.DataFrame({"value": 10 ** (-accuracy + 0.1 * random.normal(size=300)), "verdict": "stable", "architecture": "CNN",
                           "training": "supervised", "accuracy": accuracy,
                           "parameters": np.exp(accuracy + 0.5 * random.normal(size=300))})  # fmt: skip
    found = related(values)
    assert found["rank", "parameters", "all models"].value < -0.7
    given = found["rank, given accuracy", "parameters", "all models"]
    assert abs(given.value) < 0.15 and not given.clear


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 30])
@pytest.mark.parametrize("truth", [0.0, 0.6])
def test_intervals_of_correlations_hold(n, truth):
    random = np.random.default_rng(0)
    ranked = 6 / math.pi * math.asin(truth / 2)  # the rank correlation of normal numbers
    held = {"linear": 0, "rank": 0}
    for _ in range(400):
        x, noise = random.normal(size=(2, n))
        y = truth * x + math.sqrt(1 - truth**2) * noise
        values = pd.DataFrame({"value": 10**y, "accuracy": x, "parameters": 1.0, "verdict": "stable",
                               "architecture": "CNN", "training": "supervised"})  # fmt: skip
        for c in correlations(values):
            held[c.what] += c.low < (ranked if c.what == "rank" else truth) < c.high
    assert min(held.values()) >= 0.92 * 400


@pytest.mark.slow
def test_where_nothing_is_there_corrected_tests_say_so():
    """Of stores in which nothing goes with anything, some correlation is called clear in at most 5 %."""
    random, called = np.random.default_rng(0), 0
    for _ in range(200):
        values = pd.DataFrame(random.normal(size=(36, 3)), columns=["value", "accuracy", "parameters"])
        values = 10 ** values[["value", "parameters"]].assign(accuracy=values["accuracy"])
        values = values.assign(
            verdict="stable", training="supervised", architecture=["CNN", "mixer", "hybrid"] * 12
        )
        called += any(c.clear for c in correlations(values))
    assert called <= 16  # 10 are expected at most, with a spread of 3


def test_a_random_effect_of_the_images_changes_nothing():
    """Why there is none: coefficients of single images, with an effect for every image, are those of means of logs."""
    random = np.random.default_rng(0)
    models, images = 40, 12
    size, own, common = random.normal(size=models), random.normal(size=models), random.normal(size=images)
    logs = 0.3 * size[:, None] + own[:, None] + common + random.normal(size=(models, images))
    x, y = np.repeat(size, images), logs.ravel()
    image = np.tile(np.arange(images), models)
    by_image = sm.MixedLM(y, sm.add_constant(x), groups=image).fit()
    of_means = sm.OLS(logs.mean(1), sm.add_constant(size)).fit()
    assert by_image.params[1] == pytest.approx(of_means.params[1], rel=1e-6)
    by_model = sm.MixedLM(y, sm.add_constant(x), groups=np.repeat(np.arange(models), images)).fit()
    assert by_model.params[1] == pytest.approx(of_means.params[1], rel=1e-6)
    assert by_model.bse[1] == pytest.approx(of_means.bse[1], rel=0.05)
    assert by_image.bse[1] < 0.5 * of_means.bse[1]  # as if every image were another model


def test_how_many_are_below_one_after_the_correction():
    """Of ratios that are 1, none; of one far below, that one; the p value is that of the t test on the logs."""
    random = np.random.default_rng(0)
    logs = random.normal(0, 0.5, (60, 16))
    logs[0] -= 2
    ratios = [of_ratios(np.exp(row), np.ones(16)) for row in logs]
    values = pd.DataFrame([columns_of_ratio("stability", ratio) for ratio in ratios])
    assert below_one(values) == 1
    assert (
        sum(ratio.interval.high < 1 for ratio in ratios) > 1
    )  # some by chance, which the correction takes out


def test_the_interval_of_a_median_is_of_order_alone():
    values = np.arange(1.0, 22.0)
    low, high = median_interval(values)
    assert (low, high) == (6.0, 16.0)  # from tables of the sign test
    assert median_interval([1.0, 2.0]) == (-math.inf, math.inf)


def test_values_that_are_not_resolved_are_counted_and_left_out(zoo):
    frame = quick_frame(30)
    frame.loc[:3, "verdict"] = "not resolved"
    frame.loc[4:5, "stability"] = 0.0
    found = tables(frame)
    words = " ".join(findings(found, found.metrics[0]))
    assert "3 values not resolved or 0" in words
    assert regression(of(found, found.metrics[0].key)).n == 27


def fresh_copies(count, **columns):
    """As many models with fresh weights, whose values are small because they hardly react."""
    fresh = quick_frame(count, seed=1)
    numbers = {
        "stability": 0.97,
        "stability_low": 0.8,
        "stability_high": 1.2,
        "verdict": "not stable",
    } | columns
    return fresh.assign(name=fresh["name"] + " fresh", fresh=True, value=fresh["value"] / 50, **numbers)


def test_the_caution_of_untrained_networks_is_a_finding():
    found = tables(pd.concat([quick_frame(12), fresh_copies(12)], ignore_index=True))
    words = " ".join(findings(found, found.metrics[0]))
    assert (
        "Median stability of trained networks" in words and "of untrained ones 0.97 (0.97 to 0.97)" in words
    )
    chosen, _ = usable(of(found))
    assert set(chosen["training"]) == {"supervised"}


def test_no_untrained_network_and_none_without_a_verdict_is_named():
    """Not even where their ratios are the smallest."""
    low = {"stability": 1e-3, "stability_low": 5e-4, "stability_high": 2e-3}
    frame = quick_frame(12)
    for name, word in (
        ("timm:resnet_0", "not resolved"),
        ("timm:resnet_3", "unclear"),
        ("timm:resnet_6", "too few"),
    ):
        for column, value in (low | {"verdict": word}).items():
            frame.loc[frame["name"] == name, column] = value
    found = tables(pd.concat([frame, fresh_copies(12, **low | {"verdict": "stable"})], ignore_index=True))
    said = next(words for words in findings(found, found.metrics[0]) if words.startswith("Most stable"))
    best = of(found, found.metrics[0].key)
    best = best[best["named"]].sort_values("stability").iloc[0]
    assert f"Most stable: {best['name']} (" in said and best["stability"] > 0.01
    for name in ("fresh", "timm:resnet_0 ", "timm:resnet_3 ", "timm:resnet_6 "):
        assert name not in said


def test_without_a_control_no_network_is_named():
    frame = quick_frame(12)
    ratios = [
        c for c in frame if c.startswith(("stability", "specificity")) or c in ("selectivity", "control")
    ]
    found = tables(frame.assign(**dict.fromkeys(ratios), verdict="no control"))
    words = " ".join(findings(found, found.metrics[0]))
    assert "Measured without a control" in words and "Most" not in words
    assert "geometric mean" in words


def test_few_models_are_no_statistics():
    found = tables(quick_frame(3))
    assert regression(of(found)) is None and correlations(of(found)) == []
    assert findings(found, found.metrics[0])
    check_refused("no cells in this store", tables, pd.DataFrame())


def merged_seeds(frames):
    found = tables(pd.concat([one.assign(seed=i) for i, one in enumerate(frames)], ignore_index=True))
    return found.values.iloc[0]


def test_seeds_of_a_model_become_their_mean_with_the_spread_in_the_error():
    one = quick_frame(2, symmetries=("rotation",))
    row, first = merged_seeds([one, one.assign(value=one["value"] * 1.5)]), one.iloc[0]
    assert row["seeds"] == 2 and row["value"] == pytest.approx(1.25 * first["value"])
    between = np.var([first["value"], 1.5 * first["value"]], ddof=1) / 2
    assert row["standard_error"] == pytest.approx(math.sqrt(first["standard_error"] ** 2 + between))


def test_seeds_that_agree_leave_the_interval_as_it_is():
    one = quick_frame(2, symmetries=("rotation",))
    row, first = merged_seeds([one, one, one]), one.iloc[0]
    for name in ("value", "interval_low", "interval_high", "stability", "stability_low", "stability_high"):
        assert row[name] == pytest.approx(first[name])
    assert row["verdict"] == "stable"


def test_seeds_that_do_not_agree_widen_the_interval():
    """Without errors of their own, it is Student's interval of the logs over the seeds."""
    one = quick_frame(2, symmetries=("rotation",))
    ratios = [0.2, 0.3, 0.6]
    exact = [one.assign(**dict.fromkeys(("stability", "stability_low", "stability_high"), r)) for r in ratios]
    row, logs = merged_seeds(exact), np.log(ratios)
    half = stats.t.ppf(0.975, 2) * np.std(logs, ddof=1) / math.sqrt(3)
    assert row["stability"] == pytest.approx(np.exp(logs.mean()))
    assert row["stability_low"] == pytest.approx(np.exp(logs.mean() - half))
    assert row["stability_high"] == pytest.approx(np.exp(logs.mean() + half))
    assert row["stability_high"] > 1 and row["verdict"] == "unclear"


def test_merged_intervals_hold_the_truth():
    """Of seeds that differ by themselves and share their images, each with an interval of its own."""
    random, held, images = np.random.default_rng(0), 0, 12
    for _ in range(300):
        common = random.normal(0, 0.8, images)
        rows = []
        for _ in range(3):
            logs = random.normal(0, 0.3) + common + random.normal(0, 0.2, images)
            ratio = of_ratios(np.exp(logs), np.ones(images))
            rows.append({"name": "a", "metric": "m", "cell": "c", "verdict": "unclear", "value": 1.0, "n": images}
                        | columns_of_ratio("stability", ratio))  # fmt: skip
        found = merged(rows)
        held += found["stability_low"] < 1 < found["stability_high"]
    assert held >= 0.94 * 300


def test_an_interval_without_an_end_stays_without_it():
    one = quick_frame(2, symmetries=("rotation",))
    row = merged_seeds([one, one.assign(interval_high=None)])
    assert math.isnan(row["interval_high"]) and math.isfinite(row["interval_low"])
    row = merged_seeds([one, one.assign(interval_low=None, interval_high=None)])
    assert math.isnan(row["interval_low"])


def test_bars_end_where_intervals_do_and_at_the_edge_of_the_data():
    frame = quick_frame(4, symmetries=("rotation",))
    frame.loc[0, "interval_high"], frame.loc[1, "stability_low"] = None, None
    frame.loc[2, ["stability_low", "stability_high"]] = None
    values = with_bars(tables(frame).values)
    assert values["value_to"].tolist() == [values["interval_high"].max(), *values["interval_high"][1:]]
    assert values["stability_from"][1] == values[["stability_low", "stability"]].min().min()
    assert values["stability_from"].isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize(("name", "family", "kind", "data", "method"), [
    ("timm:resnet50.a1_in1k", "resnet", "CNN", "ImageNet-1k", "supervised"),
    ("timm:vit_base_patch16_224.augreg_in21k_ft_in1k", "vision_transformer", "transformer", "ImageNet-21k", "supervised"),
    ("timm:vit_base_patch16_clip_224.openai_ft_in1k", "vision_transformer", "transformer", "web", "language and image"),
    ("timm:vit_base_patch16_224.mae", "vision_transformer", "transformer", "ImageNet-1k", "self-supervised"),
    ("timm:deit_tiny_distilled_patch16_224.fb_in1k", "deit", "transformer", "ImageNet-1k", "supervised"),
    ("timm:mixer_b16_224.goog_in21k_ft_in1k", "mlp_mixer", "mixer", "ImageNet-21k", "supervised"),
    ("timm:resnet50.fb_swsl_ig1b_ft_in1k", "resnet", "CNN", "web", "semi-supervised"),
    ("timm:maxvit_tiny_tf_224.in1k", "maxxvit", "hybrid", "ImageNet-1k", "supervised"),
    ("torchvision:convnext_tiny", "torchvision", "CNN", "ImageNet-1k", "supervised"),
    ("net.py:build", "callable", "other", "unknown", "unknown"),
])  # fmt: skip
def test_a_name_tells_where_a_model_comes_from(name, family, kind, data, method):
    row = {"model": name, "family": family, "weights": ""}
    assert (architecture(row), training_data(row), training(row)) == (kind, data, method)
    assert training({**row, "fresh": True}) == "untrained" and training_data({**row, "fresh": True}) == "none"
    tagged = {**row, "tag_architecture": "a", "tag_training": "b", "tag_training_data": "c"}
    assert (architecture(tagged), training(tagged), training_data(tagged)) == ("a", "b", "c")


def test_published_accuracies_and_points(tmp_path):
    (tmp_path / "a.csv").write_text("model,top1\nresnet_0,71.5\n")
    (tmp_path / "b.csv").write_text("imagenet_acc_percent,translation_equiv_error,family\n80,0.05,CNN\n")
    known, points = published(tmp_path / "a.csv")
    assert known == {"resnet_0": 0.715} and points is None
    assert published(tmp_path / "b.csv")[1].to_dict("records") == [
        {"accuracy": 0.8, "value": 0.05, "architecture": "CNN"}
    ]
    (tmp_path / "c.csv").write_text("x,y\n1,2\n")
    check_refused("needs the columns model and top1", published, tmp_path / "c.csv")
    check_refused("not a CSV file", published, tmp_path / "none.csv")
    frame = quick_frame(2).drop(columns="top1")
    assert tables(frame, known).models["accuracy"].tolist()[0] == 0.715


def test_every_chart_is_written_in_every_form(zoo, tmp_path):
    values = of(zoo)
    made = charts(zoo.metrics[1], values)
    assert set(made) >= {
        "error against accuracy",
        "error against parameters",
        "stability against accuracy",
        "stability by architecture",
        "stability against error",
        "specificity against stability",
    }
    for name, chart in made.items():
        for ending in (".png", ".svg", ".csv"):
            path = tmp_path / f"{name}{ending}"
            save_chart(specification(chart) | {"width": 400}, values, path)
            assert path.stat().st_size > 500
    assert len(pd.read_csv(tmp_path / "error against accuracy.csv")) == len(values)


# What a cell says, and what a spreadsheet is given.
CELLS = {
    "=1+1": "'=1+1", "+1+1": "'+1+1", "-1+cmd|' /C calc'!A0": "'-1+cmd|' /C calc'!A0", "@SUM(1)": "'@SUM(1)",
    "\t=1": "'\t=1", "\r=1": "'\r=1", "\uff1d1": "'\uff1d1", "-": "'-", "-x": "'-x", "-1e": "'-1e", "=": "'=",
    "-1": "-1", "+2.5e-3": "+2.5e-3", "-inf": "-inf", "timm:a=b": "timm:a=b", "": "",
}  # fmt: skip


def test_no_words_in_a_table_are_a_formula(zoo, tmp_path):
    values = of(zoo).head(len(CELLS)).assign(name=list(CELLS), value=-0.5, **{"=tag": 1})
    save_chart({}, values, tmp_path / "c.csv")
    with open(tmp_path / "c.csv", newline="") as file:
        written = list(csv.DictReader(file))
    assert [row["name"] for row in written] == list(CELLS.values())
    assert {row["value"] for row in written} == {"-0.5"} and "'=tag" in written[0]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_no_words_in_a_table_of_the_page_are_a_formula():
    script = (Path(symmeter.__file__).parent / "report" / "store" / "assets" / "saving.js").read_text()
    own = "\n".join(
        line for line in script.splitlines() if line.startswith(("const formula", "const quoted"))
    )
    given = json.dumps([*CELLS, -0.5, None])
    program = f"{own}\nconsole.log(JSON.stringify({given}.map(quoted)))"
    said = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [f'"{words}"' for words in [*CELLS.values(), "-0.5", ""]]


def test_a_damaged_cell_is_named_in_the_report_and_stops_nothing(tmp_path):
    store = fill(Store(tmp_path / "s", create=True), made_up(9))
    store.index()
    header, samples = (path_of(name, f"{1:032x}") for name in ("header", "samples"))
    for path in (header, samples):
        store.write(path, store.read(path)[:-1])
    report(store, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert f"{header} is damaged" in text
    assert "a word about timm:resnet_0" in text and "a word about timm:vision_transformer_1" not in text


@pytest.mark.slow
def test_the_command_writes_one_file_that_names_no_server(tmp_path, capsys):
    store = fill(Store(tmp_path / "s", create=True), made_up(9))
    assert (
        main(
            [
                "report",
                str(tmp_path / "s"),
                "--out",
                str(tmp_path / "r.html"),
                "--charts",
                str(tmp_path / "c"),
            ]
        )
        == 0
    )
    text = (tmp_path / "r.html").read_text()
    assert 'src="http' not in text and "<link" not in text and "default-src 'none'" in text
    assert len(list((tmp_path / "c").glob("*.png"))) >= 6
    assert "r.html" in capsys.readouterr().out
    store.fail("f" * 32, {"label": "timm:<b>x</b>", "failure": "time", "reason": "not done in <3> s"})
    report(store, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert "timm:&lt;b&gt;x&lt;/b&gt;" in text and "over the time limit" in text


@pytest.mark.parametrize(("arguments", "words"), [
    (["{}/none", "--out", "r.html"], "no store there"),
    (["{}", "--out", "r.pdf"], "give a file that ends in .html"),
    (["{}/s", "--out", "{}/r.html", "--reference", "{}/none.csv"], "not a CSV file"),
])  # fmt: skip
def test_mistakes_have_one_line(tmp_path, capsys, arguments, words):
    fill(Store(tmp_path / "s", create=True), made_up(2))
    assert main(["report", *(word.format(tmp_path) for word in arguments)]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
