"""The figures of the source stay within their limits, the counting itself is right, and imports go downwards."""

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import structure

ROOT = Path(__file__).parents[1]
OPTION_TEXT = """
def run(padding, x): ...
"""


@pytest.fixture(scope="module")
def tree():
    return structure.read_tree(ROOT)


@pytest.mark.parametrize("figure", structure.FIGURES, ids=lambda figure: figure.name)
def test_every_figure_is_within_its_limit(tree, figure):
    value = structure.value(figure, tree)
    assert value <= figure.limit, f"{figure.words}: see `python benchmarks/structure.py --show {figure.name}`"


@pytest.mark.parametrize("figure", structure.FIGURES, ids=lambda figure: figure.name)
def test_a_limit_is_not_below_its_goal(figure):
    assert figure.limit >= figure.goal


def made(tmp_path, **files):
    """A package with these files, `__` standing for a folder: sweeps__plan is sweeps/plan.py."""
    for name, text in files.items():
        path = tmp_path / "src" / "symmeter" / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return structure.read_tree(tmp_path)


def test_a_circle_is_found_through_functions_and_type_checking(tmp_path):
    tree = made(
        tmp_path,
        trees="def f():\n    from symmeter.errors import E\n",
        errors="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from symmeter.trees import f\n",
        optional="from symmeter.errors import E\n",
    )
    assert structure.circles(tree) == ["errors <-> trees"]


def test_an_import_of_a_higher_folder_or_of_one_beside_is_upward(tmp_path):
    tree = made(
        tmp_path,
        demo__page="from symmeter.report.page import P\nfrom symmeter.errors import E\n",
        report__page="",
        results__result="from symmeter.results.text import render\n",
        results__text="from symmeter.layers.tree import T\n",
        layers__tree="",
        errors="",
    )
    assert [place.split()[0] for place in structure.upward_imports(tree)] == [
        "demo/page.py:1",
        "results/text.py:1",
    ]


def test_one_kind_of_data_may_build_on_grids_and_on_no_other(tmp_path):
    tree = made(
        tmp_path,
        domains__grids__grid="from symmeter.domains.images import names\n",
        domains__images__names="from symmeter.domains.grids.grid import G\nfrom symmeter.domains.images import data\n",
        domains__sets="from symmeter.domains.grids.grid import G\nfrom symmeter.domains.images.names import N\n",
    )
    assert [place.split()[0] for place in structure.upward_imports(tree)] == [
        "domains/grids/grid.py:1",
        "domains/sets.py:2",
    ]


def test_the_root_package_may_be_asked_for_its_version_only(tmp_path):
    tree = made(
        tmp_path,
        cli="from symmeter import __version__\n",
        files="import symmeter\n",
        trees="from symmeter import measure\n",
    )
    assert [place.split()[0] for place in structure.root_imports(tree)] == ["files.py:1", "trees.py:1"]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("def run(padding): ...", True),
        ("run(padding=1)", True),
        ("class A:\n    padding: str", True),
        ("add('--padding')", True),
        ("nn.Conv2d(1, 1, 3, padding=1)", False),
        ("x = conv.padding", False),
        ("y = padding", False),
    ],
)
def test_an_option_is_counted_where_it_is_handed_on(tmp_path, text, counts):
    assert structure.option_files(made(tmp_path, measuring__run=text)) == ["measuring/run.py"] * counts


def test_an_option_does_not_count_in_the_mathematics(tmp_path):
    assert structure.option_files(made(tmp_path, domains__grids__grid="def act(padding): ...")) == []


NINE = "a, b, c, d, e, f, g, h, *, i"


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (f"def run({NINE}): ...", True),
        (f"class A:\n    def run(self, {NINE}): ...", True),
        ("class A:\n    def run(self, a, b, c, d, e, f, g, h): ...", False),
        (f"@verb(TABLE)\ndef run({NINE}): ...", False),
        (f"@cache(1)\ndef run({NINE}): ...", True),
    ],
)
def test_nine_parameters_are_too_many_but_for_a_verb(tmp_path, text, counts):
    assert bool(structure.many_parameters(made(tmp_path, trees=text))) == counts


def test_branches_are_decisions_and_functions_over_lines_of_code(tmp_path):
    text = '''
"""Docstrings and comments are no code."""

def f(x):  # a function and two decisions: if, and
    if x and x > 1:
        return 1
    return [y for y in x if y]  # two more: for, if
'''
    assert structure.branches_per_line(made(tmp_path, trees=text)) == pytest.approx(5 / 4)


def test_suppress_is_a_handler_by_another_name(tmp_path):
    handled = "try:\n    f()\nexcept KeyError:\n    pass\n"
    suppressed = "with contextlib.suppress(KeyError):\n    f()\nwith suppress(KeyError):\n    f()\n"
    assert structure.branches_per_line(made(tmp_path, trees=handled)) == 1 / 4
    assert structure.branches_per_line(made(tmp_path, trees=suppressed)) == 2 / 4


def test_any_counts_as_a_type_and_not_as_an_import(tmp_path):
    text = "from typing import Any\n\n\ndef f(x: Any) -> list[Any]: ...\n"
    assert structure.any_per_1000_lines(made(tmp_path, trees=text)) == 2 / 4 * 1000


def test_a_switched_off_formatter_counts_in_comments_only(tmp_path):
    assert structure.format_skips(made(tmp_path, trees="a = 1  # fmt: skip\nb = '# fmt: skip'\n")) == [
        "trees.py:1"
    ]


@pytest.mark.parametrize(
    "shape",
    ["(B, C, H, W)", "(N,)", "(T, b, ...)", "(2, 3)", "(..., H, W)", "(C * r, H)", "()", "of any shape"],
)
def test_a_shape_is_recognised(tmp_path, shape):
    text = f'def f(x: Tensor) -> Tensor:\n    """Of x {shape}, the norm."""\n'
    assert structure.shapeless_files(made(tmp_path, trees=text)) == []


@pytest.mark.parametrize("words", ["(see Eq. 4)", "(mean, std)", "(Gruver et al. 2023, Eq. 4)", "of x"])
def test_what_is_no_shape_is_not(tmp_path, words):
    text = f'def f(x: "Tensor"):\n    """The norm {words}."""\n'
    assert structure.shapeless_files(made(tmp_path, trees=text)) == ["trees.py: f"]


def test_a_class_a_file_or_the_declaration_may_state_the_shape(tmp_path):
    stated = 'class A:\n    """Acts on x (B, C)."""\n    def act(self, x: Tensor): ...\n'
    declares = 'class Base:\n    def act(self, x: Tensor):\n        """Acts on x (B, C)."""\n'
    carries_out = "class B(Base):\n    def act(self, x: Tensor): ...\n    def move(self, x: Tensor): ...\n"
    tree = made(tmp_path, trees=stated, verbs=declares, files=carries_out)
    assert structure.shapeless_files(tree) == ["files.py: move"]
    assert structure.shapeless_files(made(tmp_path, files=f'"""Tensors are (B, C)."""\n{carries_out}')) == []


def test_private_functions_of_one_statement_state_no_shape(tmp_path):
    text = "def _f(x: Tensor):\n    return x\n\n\ndef _g(x: Tensor):\n    y = x\n    return y\n"
    assert structure.shapeless_files(made(tmp_path, trees=text)) == ["trees.py: _g"]


def test_a_file_of_301_lines_is_long(tmp_path):
    assert structure.long_files(made(tmp_path, trees="a = 1\n" * 300, files="a = 1\n" * 301)) == [
        "files.py (301)"
    ]


@pytest.mark.slow
def test_the_script_prints_all_figures_of_a_checkout():
    command = [sys.executable, ROOT / "benchmarks" / "structure.py", "--root", ROOT]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [figure.name for figure in structure.FIGURES]


@pytest.mark.parametrize(
    ("annotation", "counts"),
    [
        ("Tensor", True),
        ("torch.Tensor", True),
        ("'Tensor | None'", True),
        ("tuple[slice, Tensor]", True),
        ("Callable[[Tensor], Tensor]", False),
        ("dict[str, Tensor]", False),
    ],
)
def test_functions_on_tensors_are_told_by_their_types(tmp_path, annotation, counts):
    text = f"def f(x: {annotation}): ...\n"
    assert bool(structure.shapeless_files(made(tmp_path, trees=text))) == counts
