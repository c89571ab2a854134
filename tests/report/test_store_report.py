"""What a report says of a store, before it is a page."""

import math

import numpy as np
import pandas as pd
import pytest
from tests.helpers import check_refused
from tests.report.stores import fill, made_up, quick_frame

from symmeter.cli.app import main
from symmeter.domains.images.provenance import architecture, training, training_data
from symmeter.report.store.charts import charts, save_chart, specification
from symmeter.report.store.findings import findings
from symmeter.report.store.page import report
from symmeter.report.store.statistics import correlations, partial, regression
from symmeter.report.store.table import published, tables
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


def test_correlations_are_those_of_scipy_and_pandas(zoo):
    values = of(zoo)
    found = {(c.what, c.of): c for c in correlations(values, "accuracy")}
    logs = np.log10(values["value"])
    assert found["linear", "all models"].value == pytest.approx(np.corrcoef(values["accuracy"], logs)[0, 1])
    assert found["rank", "all models"].value == pytest.approx(
        values["accuracy"].corr(logs, method="spearman")
    )
    assert all(c.low < c.value < c.high and c.clear for c in found.values())
    assert {of for _, of in found} == {"all models", "CNN", "transformer", "mixer"}


def test_a_partial_correlation_takes_out_what_both_share():
    random = np.random.default_rng(0)
    accuracy = random.normal(size=300)
    values = pd.DataFrame({"value": 10 ** (-accuracy + 0.1 * random.normal(size=300)), "verdict": "learned", "architecture": "CNN",
                           "accuracy": accuracy, "parameters": np.exp(accuracy + 0.5 * random.normal(size=300))})  # fmt: skip
    assert [c.value for c in correlations(values, "parameters")][1] < -0.7
    given = partial(values, "parameters", "accuracy")
    assert abs(given.value) < 0.15 and not given.clear


def test_values_that_are_not_resolved_are_counted_and_left_out(zoo):
    frame = quick_frame(30)
    frame.loc[:3, "verdict"] = "not resolved"
    frame.loc[4:5, "value"] = 0.0
    found = tables(frame)
    words = " ".join(findings(found, found.metrics[0]))
    assert "3 values not resolved or 0" in words
    assert regression(of(found, found.metrics[0].key)).n == 27


def test_the_caution_of_untrained_networks_is_a_finding():
    fresh = quick_frame(12, seed=1)
    fresh = fresh.assign(
        name=fresh["name"] + " fresh", untrained=True, value=fresh["value"] / 50, selectivity=0.97
    )
    found = tables(pd.concat([quick_frame(12), fresh], ignore_index=True))
    words = " ".join(findings(found, found.metrics[0]))
    assert "times the error of untrained ones" in words and "selectivity of 0.25 against 0.97" in words


def test_few_models_are_no_statistics():
    found = tables(quick_frame(3))
    assert regression(of(found)) is None and correlations(of(found), "accuracy") == []
    assert findings(found, found.metrics[0])
    check_refused("no cells in this store", tables, pd.DataFrame())


def test_seeds_of_a_model_become_their_mean_with_the_spread_in_the_error():
    one = quick_frame(2, symmetries=("rotation",))
    other = one.assign(seed=1, value=one["value"] * 1.5)
    found = tables(pd.concat([one, other], ignore_index=True))
    row, first = found.values.iloc[0], one.iloc[0]
    assert row["seeds"] == 2 and row["value"] == pytest.approx(1.25 * first["value"])
    within = 2 * first["standard_error"] ** 2 / 4
    between = np.var([first["value"], 1.5 * first["value"]], ddof=1) / 2
    assert row["standard_error"] == pytest.approx(math.sqrt(within + between))


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
    assert (
        training({**row, "untrained": True}) == "untrained"
        and training_data({**row, "untrained": True}) == "none"
    )
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
        "error by architecture",
        "selectivity against error",
    }
    for name, chart in made.items():
        for ending in (".png", ".svg", ".csv"):
            path = tmp_path / f"{name}{ending}"
            save_chart(specification(chart) | {"width": 400}, values, path)
            assert path.stat().st_size > 500
    assert len(pd.read_csv(tmp_path / "error against accuracy.csv")) == len(values)


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
