"""From models, data and a spec to cells."""

from dataclasses import asdict

from tests.helpers import check_refused

from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.model_list import read_models
from symmeter.sweeps.plan import Spec, plan


def test_axes_make_cells(images):
    entries = [
        Entry("timm:resnet18", untrained=True),
        Entry("timm:resnet34", untrained=True, output="logits"),
    ]
    cells = plan(entries, images, Spec("rotation,C4"), seeds=(0, 1), layers=True)
    assert len({cell.key for cell in cells}) == 8
    assert {cell.spec.output for cell in cells if cell.entry.output} == {"logits"}
    assert {cell.spec.symmetry for cell in cells if cell.spec.kind == "layers"} == {"rotation"}
    check_refused("--layers needs a generator", plan, entries, images, Spec("C4"), layers=True)
    check_refused("unknown symmetry 'rotatio'", plan, entries, images, Spec("rotatio"))


def test_a_spec_knows_its_domain_and_the_options_that_are_not_usual(images):
    spec = Spec("rotation", options={"definition": "bandlimited", "padding": "zeros", "mean": None}).check(
        images
    )
    assert (spec.domain, spec.options) == ("images", {"padding": "zeros"})
    check_refused("unknown definition", Spec(options={"definition": "bandlimit"}).check)
    check_refused(
        "images have no option 'paddin'; did you mean 'padding'?", Spec(options={"paddin": "zeros"}).check
    )
    check_refused("unknown domain 'image'", Spec(domain="image").check)


def test_what_an_entry_says_goes_before_what_is_said_of_all(images):
    rows = [{"model": "timm:resnet18", "padding": "zeros", "mean": "0.5"}, {"model": "timm:resnet34"}]
    spec = Spec("C4", options={"padding": "circular", "std": [0.5, 0.5, 0.5]})
    first, second = plan(read_models(rows, untrained=True), images, spec)
    assert first.spec.options == {"padding": "zeros", "mean": 0.5, "std": [0.5, 0.5, 0.5]}
    assert second.spec.options == {"padding": "circular", "std": [0.5, 0.5, 0.5]}
    assert first.task()["spec"] == asdict(first.spec)


def test_an_entry_of_another_domain_has_only_its_own_options(images):
    rows = [{"model": "timm:resnet18", "domain": "points", "inputs": "points"}]
    (cell,) = plan(read_models(rows, untrained=True), images, Spec("S4", domain="points", options={}))
    assert (cell.spec.domain, cell.spec.inputs, cell.spec.options) == ("points", "points", {})
    (cell,) = plan(
        [Entry("timm:resnet18", domain="images")], images, Spec("rotation", options={"padding": "zeros"})
    )
    assert cell.spec.options == {"padding": "zeros"}
    refused = [Entry("timm:resnet18", domain="points")]
    check_refused("timm:resnet18: unknown symmetry 'hue'", plan, refused, images, Spec("hue"))
