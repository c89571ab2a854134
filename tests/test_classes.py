"""Orders of classes: lists, mappings either way, files, names that differ in their spelling; classes of data sets."""

import json
from types import SimpleNamespace

import pytest
import torch
from tests.helpers import Things, check_refused
from torch.utils.data import DataLoader, Subset

from symmeter.classes import NO_CLASSES, Classes, classes_in, order_of

IMAGENET = {
    "0": ["n01440764", "tench"],
    "1": ["n01443537", "goldfish"],
    "2": ["n01484850", "great_white_shark"],
}


@pytest.mark.parametrize(("given", "name", "number"), [
    (["cat", "dog"], "dog", 1),
    (("cat", "dog"), "Dog", 1),
    ([["n1", "cat"], ["n2", "dog"]], "n2", 1),
    ({"cat": 7, "dog": 3}, "dog", 3),
    ({"1": 7, "2": 3}, "2", 3),
    ({7: "cat", 3: "dog"}, "dog", 3),
    ({"7": "cat", "3": ["dog", "hound"]}, "hound", 3),
    (IMAGENET, "n01443537", 1),
    (IMAGENET, "great white shark", 2),
    (["tench, Tinca tinca", "goldfish"], "tinca-tinca", 0),
    (["Crane", "crane"], "crane", 1),
    (["cat"], "dog", None),
    (["crane, bird", "crane, machine"], "crane", None),
])  # fmt: skip
def test_a_class_has_the_number_that_is_written(given, name, number):
    assert order_of(given).number_of(name) == number


def test_names_that_are_not_there_are_named_with_the_nearest():
    order = order_of(["cat", "dog", "crane, bird", "crane, machine"], "classes c.txt")
    assert order.numbers_of(["dog", "bird"]) == [1, 2]
    check_refused("classes c.txt: no class 'dgo'; did you mean 'dog'", order.numbers_of, ["cat", "dgo"])
    check_refused("'crane' is the name of classes 2, 3", order.numbers_of, ["crane"])


@pytest.mark.parametrize("given", [
    3, 2.5, b"cat", [], {}, [3], [["cat", 3]], [""], {"cat": "dog"}, {"cat": -1}, {"cat": True}, {"cat": 2.0},
    {"cat": 2**30}, {"9999999": "cat"}, {None: 3}, [None], {"0": []},
])  # fmt: skip
def test_what_is_no_order_is_one_line(given):
    check_refused("give a list of names", order_of, given)


def test_files(tmp_path):
    for name, content in {
        "a.txt": "cat\n\n dog \r\nbird, avian\n",
        "b.json": json.dumps(["cat", "dog", ["bird", "avian"]]),
        "c.JSON": json.dumps({"0": "cat", "1": "dog", "2": "bird, avian"}),
        "d.json": "\ufeff" + json.dumps({"cat": 0, "dog": 1, "avian": 2}),
        "names": "cat\ndog\navian",
    }.items():
        (tmp_path / name).write_text(content)
        for place in (tmp_path / name, str(tmp_path / name)):
            order = order_of(place)
            assert order.numbers_of(["avian", "cat", "dog"]) == [2, 0, 1]
            assert order.source == f"classes {name}"


@pytest.mark.parametrize(("name", "content", "words"), [
    ("a.json", b"{", "not readable"),
    ("a.json", b"[" * 10**6, "not readable|RecursionError"),
    ("a.json", b"3", "give a list of names"),
    ("a.json", b"[NaN]", "give a list of names"),
    ("a.txt", b"\xff\xfe\x00", "not readable"),
    ("a.txt", b"", "no class"),
    ("a.txt", b"a\n" * 2**22, "more than 4 MiB"),
])  # fmt: skip
def test_damaged_files_are_one_line(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    check_refused(words, order_of, tmp_path / name)


def test_files_that_are_not_there(tmp_path):
    check_refused("No such file", order_of, tmp_path / "none.txt")
    check_refused("Is a directory", order_of, tmp_path)


def test_classes_of_datasets():
    things = Things([torch.zeros(3, 4, 4)] * 3)
    assert classes_in(things) is NO_CLASSES
    things.class_to_idx = {"cat": 0, "kitten": 0, "dog": 1}
    expected = Classes({0: "cat", 1: "dog"})
    for data in (
        things,
        Subset(things, [1]),
        DataLoader(things),
        DataLoader(Subset(Subset(things, [0, 1]), [1])),
    ):
        assert classes_in(data) == expected
    things.class_to_idx = {"cat": 281, "dog": 207}
    assert classes_in(things) == Classes({207: "dog", 281: "cat"}, ordered=False)
    endless = SimpleNamespace()
    endless.dataset = endless
    assert classes_in(endless) is NO_CLASSES
