"""What is set against what in two networks: every part of both exactly once, in every view."""

import pytest
import torch
from tests.layers.profiles import Residual
from torch import nn

import symmeter
from symmeter.layers import matching
from symmeter.layers.part import Part


def tree(*leaves, glue=()):
    """The parts of a network with these leaves, and with glue in these modules."""
    found, above = (
        [],
        {leaf: [leaf.rsplit(".", n)[0] for n in range(leaf.count("."), 0, -1)] for leaf in leaves},
    )
    inside = {name for names in above.values() for name in names}
    ordered = [name for leaf, names in above.items() for name in (*names, leaf)]
    for name in dict.fromkeys(["", *ordered, *(f"{name}.(glue)".removeprefix(".") for name in glue)]):
        parent = None if not name else name.rpartition(".")[0]
        depth = name.count(".") + bool(name)
        kind = "glue" if "(glue)" in name else "activation" if "act" in name else "linear"
        found.append(
            Part(name, parent, kind, depth, 1, len(found), terminal=bool(name) and name not in inside)
        )
    return found


def terminals_below(parts, places):
    """The terminal parts that some parts are made of."""
    names = [parts[place].layer for place in places]
    inside = [part for part in parts if part.terminal and any(_holds(name, part.layer) for name in names)]
    return [part.layer for part in inside]


def _holds(name, layer):
    return name in ("", layer) or layer.startswith(f"{name}.")


SAME = tree("stem", "a.act", "a.fc", glue=("a",))
LONGER = tree("stem", "a.act", "a.fc", "b.act", "b.fc", glue=("", "a"))
DIVIDED = tree("stem.blur", "stem.conv", "a.act", "a.fc")
OTHER = tree("embed", "blocks.0.act", "blocks.0.fc", "blocks.1.act", "blocks.1.fc", "head")


@pytest.mark.parametrize("view", ["by_module", "by_kind", "by_stage"])
@pytest.mark.parametrize("model", [SAME, LONGER, DIVIDED, OTHER])
def test_every_part_of_both_is_in_one_line(view, model):
    lines = getattr(matching, view)(SAME, model)
    for parts, side in ((SAME, "reference"), (model, "model")):
        found = [name for line in lines for name in terminals_below(parts, getattr(line, side))]
        assert sorted(found) == sorted(part.layer for part in parts if part.terminal)
    assert len({line.label for line in lines}) == len(lines)


def labels(lines):
    return [(line.label, bool(line.reference), bool(line.model)) for line in lines]


def test_by_module_goes_down_to_where_one_of_them_ends():
    assert [line.label for line in matching.by_module(SAME, SAME)] == ["stem", "a.act", "a.fc", "a.(glue)"]
    assert labels(matching.by_module(SAME, LONGER)) == [
        ("stem", True, True), ("a.act", True, True), ("a.fc", True, True), ("a.(glue)", True, True),
        ("b", False, True), ("(glue)", False, True),
    ]  # fmt: skip
    assert labels(matching.by_module(SAME, DIVIDED)) == [
        ("stem", True, True), ("a.act", True, True), ("a.fc", True, True), ("a.(glue)", True, False),
    ]  # fmt: skip
    assert [line.label for line in matching.by_module(SAME, LONGER, 1)] == ["stem", "a", "b", "(glue)"]


def test_which_networks_are_alike():
    assert matching.alike(SAME, SAME) and matching.alike(SAME, DIVIDED) and matching.alike(DIVIDED, SAME)
    assert not matching.alike(SAME, LONGER) and not matching.alike(SAME, OTHER)


def test_stages_are_matched_in_order_or_become_quarters():
    assert [line.label for line in matching.by_stage(SAME, DIVIDED)] == ["stem", "a"]
    renamed = tree("conv", "layer.act", "layer.fc", glue=("",))
    assert labels(matching.by_stage(SAME, renamed)) == [
        ("stem / conv", True, True), ("a / layer", True, True), ("(glue)", False, True),
    ]  # fmt: skip
    lines = matching.by_stage(SAME, OTHER)
    assert [line.label for line in lines] == list(matching.QUARTERS)
    quarters = [[OTHER[place].layer for place in line.model] for line in lines]
    assert quarters == [
        ["embed", "blocks.0.act"], ["blocks.0.fc"], ["blocks.1.act", "blocks.1.fc"], ["head"],
    ]  # fmt: skip


def test_kinds_are_in_the_order_of_all_tables():
    lines = matching.by_kind(SAME, LONGER)
    assert [line.label for line in lines] == ["linear", "activation", "glue"]
    lines = matching.by_kind(tree("act"), tree("fc"))
    assert labels(lines) == [("linear", False, True), ("activation", True, False)]


def test_a_network_without_modules_is_one_line():
    lone = [Part("", None, "network", 0, 1, 0, True)]
    for view in (matching.by_module, matching.by_kind, matching.by_stage):
        (line,) = view(lone, lone)
        assert line.reference == line.model == (0,)


def test_trees_of_real_networks():
    def parts(*blocks):
        net = nn.Sequential(
            nn.Conv2d(3, 6, 3), nn.Sequential(*blocks), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        ).eval()
        return symmeter.attribute(
            net, torch.rand(2, 3, 8, 8), "rotation", "logits", probes=0, control=False
        ).parts

    short, long = parts(Residual(6)), parts(Residual(6), Residual(6))
    assert not matching.alike(short, long)
    only = [line.label for line in matching.by_module(short, long) if not line.reference]
    assert only == ["1.1"]
    assert [line.label for line in matching.by_stage(short, long)] == ["0", "1", "2", "3"]
