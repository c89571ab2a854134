"""What makes a cell new, and what does not."""

import json
from dataclasses import dataclass, make_dataclass
from datetime import date

from tests.helpers import check_refused

from symmeter.sweeps import keys
from symmeter.sweeps.keys import code_version, data_identity, digest, said, weights_identity
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.plan import Spec, plan


def test_the_key_changes_with_all_that_changes_a_number_and_with_nothing_else(tmp_path, images):
    weights = tmp_path / "w.pth"
    weights.write_bytes(b"one")
    base = Entry("timm:resnet18", weights=str(weights))
    key = lambda entry=base, data=images, seeds=(0,), **spec: (
        plan([entry], data, Spec(**spec), seeds=seeds)[0].key
    )
    first = key()
    assert first == key() == key(Entry("timm:resnet18", "another name", str(weights), tags={"a": 1}))
    others = [
        key(symmetry="rotation"), key(samples=3), key(seeds=(1,)), key(control="none"), key(elements=7),
        key(Entry("timm:resnet34", weights=str(weights))), key(Entry("timm:resnet18", untrained=True)),
        key(Entry("timm:resnet18", weights=str(weights), model_kwargs={"num_classes": 3})),
        key(Entry("timm:resnet18", weights=str(weights), options={"mean": 0.1})),
        key(data="builtin:photos"), key(options={"definition": "periodic"}), key(inputs="image"),
    ]  # fmt: skip
    assert len({first, *others}) == len(others) + 1
    weights.write_bytes(b"two")
    weights_identity.__globals__["_file_hash"].cache_clear()
    assert key() != first


def test_the_data_hash_sees_contents_and_names(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"1")
    first = data_identity(str(folder))
    (folder / "a.png").write_bytes(b"2")
    second = data_identity(str(folder))
    (folder / "a.png").rename(folder / "b.png")
    assert len({first, second, data_identity(str(folder))}) == 3
    check_refused("no such file or folder", data_identity, str(tmp_path / "none"))


def test_a_key_is_the_same_tomorrow():
    """The order of fields, new fields, and where classes live do not count."""
    entry = Entry("torch.nn:Identity", model_kwargs={"b": 1, "a": (2, 3)})
    (cell,) = plan([entry], "builtin:photos", Spec("rotation", samples=3, options={"padding": "zeros"}))
    (same,) = plan([entry], "builtin:photos", Spec(options={"definition": "bandlimited", "padding": "zeros"},
                                                   domain="images", samples=3, symmetry="rotation"))  # fmt: skip
    assert cell.key == same.key
    one = make_dataclass("One", [("a", int), ("b", int, 2)])(1)
    other = make_dataclass("Other", [("a", int), ("new", str, "usual"), ("b", int, 2)])(1)
    assert said(one) == said(other) == {"a": 1} and digest({"x": one}) == digest({"x": other})


def test_a_file_of_code_or_weights_is_known_by_what_is_in_it(tmp_path):
    for folder, name in (("a", "net.py"), ("b", "other.py"), ("c", "net.py")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("def build(): ..." + (" # changed" if folder == "c" else ""))
        (tmp_path / folder / f"{name}.pt").write_bytes(b"weights")
    where = lambda file, called="build": weights_identity(
        Entry(f"{tmp_path / file}:{called}", weights=f"{tmp_path / file}.pt"), 0
    )
    assert where("a/net.py") == where("b/other.py")
    assert where("a/net.py") != where("c/net.py") and where("a/net.py") != where("a/net.py", "other")


def test_the_version_of_the_numbers_makes_all_cells_new(images, monkeypatch):
    entries = [Entry("timm:resnet18", untrained=True)]
    before = plan(entries, images, Spec())[0]
    monkeypatch.setitem(plan.__globals__, "NUMBERS", keys.NUMBERS + 1)
    assert plan(entries, images, Spec())[0].key != before.key
    assert before.code == code_version() and str(keys.NUMBERS) in before.code


def test_what_is_no_word_and_no_number_is_in_no_key():
    @dataclass
    class Point:
        x: int = 0

    assert digest(date(2026, 1, 2)) == digest("2026-01-02") and digest(Point(3)) == digest({"x": 3})
    check_refused("object cannot be part of what a cell is found by", digest, {"a": object()})
    assert json.loads(json.dumps(said(Spec(samples=3)))) == {"samples": 3}
