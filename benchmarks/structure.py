"""The figures of the house: what can be counted about the source, printed beside the limit and the goal.

    python benchmarks/structure.py [--root DIR] [--package NAME] [--folder NAME ...] [--show FIGURE]

`--root` is a checkout, so an older commit can be counted too (`git worktree add`); `--package` the folder under its
`src`, or under the root itself; `--folder` counts a part of it, such as models; `--show` lists the places behind a
figure. Only Python's own `ast` and `tokenize` are used, so the tree that is counted need not be importable.
`tests/test_structure.py` holds every figure to its limit.
"""

import argparse
import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One line of the table: what is counted, what it may be at most today, and what it is to become."""

    name: str
    words: str
    limit: float
    goal: float


# A limit holds what has been reached; whoever reaches more lowers it, down to the goal.
FIGURES = (
    Figure("circles", "import circles", limit=0, goal=0),
    Figure("upward", "upward imports", limit=0, goal=0),
    Figure("root", "imports of the root package from inside", limit=0, goal=0),
    Figure("option", "files that a new option touches, without the mathematics", limit=2, goal=2),
    Figure("parameters", "functions of more than 8 parameters, without public verbs", limit=0, goal=0),
    Figure("branches", "branches per line of code (McCabe)", limit=0.35, goal=0.35),
    Figure("any", "`Any` per 1000 lines", limit=10, goal=10),
    Figure("skips", "`fmt: skip`", limit=30, goal=30),
    Figure("shapes", "files with functions on tensors that state no shape", limit=0, goal=0),
    Figure("long", "files of more than 300 lines", limit=0, goal=0),
)

# From the top down. A module may import from its own row's folder and from the rows below, nothing else.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("demo", "report", "integrations"),
    ("corrupting", "curing"),
    ("sweeps",),
    ("domains",),  # each kind of data may build on DOMAINS_BELOW, and none on another
    ("layers", "training"),
    ("measuring",),
    ("measures",),
    ("results",),
    ("models",),
    ("kinds_of_data",),
    ("domain",),
    ("symmetry",),
    ("autodiff",),
    ("samples", "options", "streams", "corruption"),
    ("source", "trees", "verbs", "files", "optional"),
    ("errors", "progress"),
)
DOMAINS_BELOW = ("domains.grids", "domains.space")
# Where the content of folders and files of the tree of old lies now, so that older commits can be counted.
MOVED = {
    "domains": "definitions preprocessing pixels resizing data",
    "measuring": "measurement request conduct runs rows floor interrupt assertion",
    "results": "result estimate loading",
    "models": "outputs network weights",
    "symmetry": "groups representations conjugate",
    "verbs": "verb arguments warned",
}
# The rooms of the mathematics, which any option has to reach: what counts is who has to hand it there.
MATHEMATICS = ("domains/grids/", "domains/space/", "symmetry/", "groups/", "representations/", "definitions/")
OWN = ("domains/signals/", "domains/video/", "domains/volumes/")  # have an option of their own
OWN += ("curing/remedies/", "curing/windows.py")  # the padding of convolutions is another one
OPTION = "padding"  # an option of a domain that crosses the tree from the command line to the mathematics
NO_TENSORS = ("Callable", "dict", "Mapping")
MOST_PARAMETERS = 8
MOST_LINES = 300

# (B, C, H, W), (N,), (T, b, ...), "of any shape": the first entry is a letter, a capitalised name, a number or ...
_ENTRY = r"(?:\.\.\.|[A-Za-z]\d?|\d+|[A-Z]\w*|\|\w+\||count|batch|out|in)"
_SHAPE = re.compile(rf"\({_ENTRY}(?: ?[*/+-] ?[\w|]+)*,[^()]*\)|\(\)|any shape")

Place = str
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class File:
    """One source file of the package, parsed."""

    path: Path
    module: str  # without the name of the package: measuring.run; "" for the package itself
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        """The tokens, comments included."""
        return list(tokenize.generate_tokens(io.StringIO(self.text).readline))

    @property
    def top(self) -> str:
        """The folder or file right below the package."""
        return self.module.partition(".")[0]

    def place(self, node: ast.expr | ast.stmt, words: str = "") -> Place:
        """Where a node stands, for the list that `--show` prints."""
        return f"{self.path}:{node.lineno} {words}".rstrip()


@dataclass(frozen=True)
class Import:
    """One module of the package that imports from another."""

    importer: str
    imported: str
    place: Place


@dataclass(frozen=True)
class Tree:
    """The package as it is counted."""

    package: str
    files: tuple[File, ...]

    @cached_property
    def imports(self) -> list[Import]:
        """Every import inside the package: at the top, in functions, and for the eyes of type checkers."""
        modules = {file.module for file in self.files}
        found = [one for file in self.files for one in _imports(file, self.package, modules)]
        return [one for one in found if one.importer != one.imported]

    def below(self, folders: tuple[str, ...]) -> "Tree":
        """The part of it in these folders."""
        return Tree(self.package, tuple(file for file in self.files if str(file.path).startswith(folders)))

    def functions(self) -> Iterator[tuple[File, FunctionNode]]:
        """Every function and method with its file."""
        for file in self.files:
            for node in ast.walk(file.tree):
                if isinstance(node, FunctionNode):
                    yield file, node


def read_tree(root: Path, package: str = "symmeter") -> Tree:
    """The package below `root/src`, or below `root` where there is no such folder."""
    home = root / "src" / package if (root / "src" / package).is_dir() else root / package
    if not home.is_dir():
        raise SystemExit(f"{root}: no package {package!r} here, nor in src")
    files = []
    for path in sorted(home.rglob("*.py")):
        parts = path.relative_to(home).with_suffix("").parts
        module = ".".join(parts).removesuffix("__init__").rstrip(".")
        files.append(File(path.relative_to(home), module, path.read_text(encoding="utf-8")))
    return Tree(package, tuple(files))


def _imports(file: File, package: str, modules: set[str]) -> Iterator[Import]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == package:
                    yield Import(
                        file.module, alias.name.partition(".")[2], file.place(node, f"import {alias.name}")
                    )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
            source = (node.module or "").partition(".")[2]
            for alias in node.names:
                inner = f"{source}.{alias.name}".lstrip(".")
                words = f"from {node.module} import {alias.name}"
                yield Import(file.module, inner if inner in modules else source, file.place(node, words))


def circles(tree: Tree) -> list[Place]:
    """Groups of modules that import one another, in a ring; the face of the whole package is left out."""
    below: dict[str, set[str]] = {file.module: set() for file in tree.files if file.module}
    for one in tree.imports:
        if one.importer and one.imported:
            below[one.importer].add(one.imported)
    reached = {module: _reached(module, below) for module in below}
    rings = {
        frozenset(other for other in reached[module] if module in reached[other])
        for module in below
        if module in reached[module]
    }
    return [" <-> ".join(sorted(ring)) for ring in rings]


def _reached(start: str, below: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(below[start])
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(below.get(module, ()))
    return found


def upward_imports(tree: Tree) -> list[Place]:
    """Imports of a folder that stands higher in LAYERS, or beside."""
    height = {name: row for row, names in enumerate(LAYERS) for name in names}
    found = []
    for one in tree.imports:
        importer, imported = (_home(module) for module in (one.importer, one.imported))
        if importer == imported == "domains":
            upward = _is_between_domains(one)
        elif importer == imported or importer not in height or imported not in height:
            upward = False
        else:
            upward = height[imported] <= height[importer]
        if upward:
            found.append(one.place)
    return found


def _is_between_domains(one: Import) -> bool:
    """Whether one kind of data imports from another that is not the one below all."""
    importer, imported = (".".join(module.split(".")[:2]) for module in (one.importer, one.imported))
    in_new_tree = all(module.startswith("domains.") for module in (importer, imported))
    return in_new_tree and imported not in (importer, *DOMAINS_BELOW)


def _home(module: str) -> str:
    top = module.partition(".")[0]
    return next((home for home, names in MOVED.items() if top in names.split()), top)


def root_imports(tree: Tree) -> list[Place]:
    """Imports of the package's own face from inside, but for its version."""
    return [
        one.place
        for one in tree.imports
        if not one.imported and one.importer and not one.place.endswith(" import __version__")
    ]


def option_files(tree: Tree) -> list[Place]:
    """Files outside the mathematics that name OPTION as a parameter, keyword, field or word."""
    return [
        str(file.path)
        for file in tree.files
        if not str(file.path).startswith(MATHEMATICS + OWN) and any(map(_names_option, ast.walk(file.tree)))
    ]


def _names_option(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and not _is_foreign(node.func):
        return any(keyword.arg == OPTION for keyword in node.keywords)
    if isinstance(node, ast.arg):
        return node.arg == OPTION
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id == OPTION
    return isinstance(node, ast.Constant) and node.value in (OPTION, f"--{OPTION}")


def _is_foreign(function: ast.expr) -> bool:
    """Whether it is torch's or rich's, whose keyword of the same name means something else."""
    name = ast.unparse(function)
    return name == "Table" or name.split(".")[0] in ("torch", "nn", "F", "functional")


def many_parameters(tree: Tree) -> list[Place]:
    """Functions with more than MOST_PARAMETERS parameters that are no public verb."""
    found = []
    for file, function in tree.functions():
        count = len(_parameters(function))
        if count > MOST_PARAMETERS and not any(_is_verb(one) for one in function.decorator_list):
            found.append(file.place(function, f"{function.name} ({count})"))
    return found


def _parameters(function: FunctionNode) -> list[ast.arg]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [one for one in named if one.arg not in ("self", "cls")]


def _is_verb(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "verb"


def branches_per_line(tree: Tree) -> float:
    """McCabe's number, decisions and one per function, over lines of code; `suppress` counts as a handler."""
    branches = sum(_branches(node) for file in tree.files for node in ast.walk(file.tree))
    return branches / sum(len(_code_lines(file)) for file in tree.files)


def _branches(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.Call):
        return int(ast.unparse(node.func) in ("suppress", "contextlib.suppress"))
    one_each = (
        ast.If,
        ast.IfExp,
        ast.For,
        ast.While,
        ast.ExceptHandler,
        ast.match_case,
        *FunctionNode.__args__,
    )
    return int(isinstance(node, one_each))


def _code_lines(file: File) -> set[int]:
    """Lines that are neither blank nor comment nor docstring."""
    silent = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
    lines = {n for one in file.tokens if one.type not in silent for n in range(one.start[0], one.end[0] + 1)}
    for node in ast.walk(file.tree):
        if isinstance(node, Documented) and ast.get_docstring(node):
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return lines


def any_per_1000_lines(tree: Tree) -> float:
    """How often `Any` stands for a type, per 1000 lines of text."""
    names = (node for file in tree.files for node in ast.walk(file.tree))
    count = sum(isinstance(node, ast.Name) and node.id == "Any" for node in names)
    return 1000 * count / sum(len(file.text.splitlines()) for file in tree.files)


def format_skips(tree: Tree) -> list[Place]:
    """Comments that switch the formatter off."""
    return [
        f"{file.path}:{one.start[0]}"
        for file in tree.files
        for one in file.tokens
        if one.type == tokenize.COMMENT and one.string.startswith(("# fmt: skip", "# fmt: off"))
    ]


def long_files(tree: Tree) -> list[Place]:
    """Files of more than MOST_LINES lines."""
    counts = ((file.path, len(file.text.splitlines())) for file in tree.files)
    return [f"{path} ({count})" for path, count in counts if count > MOST_LINES]


def shapeless_files(tree: Tree) -> list[Place]:
    """Files with a function on tensors that states no shape, and those functions.

    A shape may stand in the docstring of the function, of its class or of its file, or, for a method that carries out
    what another class declares, in the docstring there. Left out: functions inside of functions, and private ones of
    one statement.
    """
    declared = {
        function.name
        for file in tree.files
        for klass in ast.walk(file.tree)
        if isinstance(klass, ast.ClassDef)
        for function in klass.body
        if isinstance(function, FunctionNode) and _states_shape(function)
    }
    found = []
    for file in tree.files:
        missing = [] if _states_shape(file.tree) else _shapeless(file.tree, declared)
        if missing:
            found.append(f"{file.path}: {', '.join(missing)}")
    return found


def _shapeless(scope: ast.Module | ast.ClassDef, declared: set[str]) -> list[str]:
    found = []
    for node in scope.body:
        if isinstance(node, ast.ClassDef):
            found += [] if _states_shape(node) else _shapeless(node, declared)
        elif isinstance(node, FunctionNode) and _is_on_tensors(node):
            carries_out = isinstance(scope, ast.ClassDef) and node.name in declared
            one_liner = node.name.startswith("_") and len(node.body) - bool(ast.get_docstring(node)) == 1
            if not (carries_out or one_liner or _states_shape(node)):
                found.append(node.name)
    return found


def _is_on_tensors(function: FunctionNode) -> bool:
    types = [one.annotation for one in _parameters(function)] + [function.returns]
    return any(_holds_tensor(one) for one in types if one is not None)


def _holds_tensor(annotation: ast.AST) -> bool:
    """Whether it is a tensor, or several by place; functions on tensors and dictionaries by name are neither."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) in NO_TENSORS:
        return False
    if isinstance(annotation, ast.Name | ast.Attribute):
        return ast.unparse(annotation).split(".")[-1] == "Tensor"
    return any(map(_holds_tensor, ast.iter_child_nodes(annotation)))


def _states_shape(node: Documented) -> bool:
    return bool(_SHAPE.search(ast.get_docstring(node) or ""))


PLACES: dict[str, Callable[[Tree], list[Place]]] = {
    "circles": circles,
    "upward": upward_imports,
    "root": root_imports,
    "option": option_files,
    "parameters": many_parameters,
    "skips": format_skips,
    "shapes": shapeless_files,
    "long": long_files,
}
RATIOS: dict[str, Callable[[Tree], float]] = {"branches": branches_per_line, "any": any_per_1000_lines}


def value(figure: Figure, tree: Tree) -> float:
    """The figure of a tree: a ratio, or the number of its places."""
    if figure.name in RATIOS:
        return RATIOS[figure.name](tree)
    return len(PLACES[figure.name](tree))


def places(figure: Figure, tree: Tree) -> list[Place]:
    """What makes a figure up: its places, or the ratio of every file, the largest first."""
    if figure.name in PLACES:
        return PLACES[figure.name](tree)
    ratio = RATIOS[figure.name]
    with_code = [file for file in tree.files if _code_lines(file)]
    by_file = [(ratio(Tree(tree.package, (file,))), file.path) for file in with_code]
    return [f"{number:8.3f} {path}" for number, path in sorted(by_file, reverse=True)]


def main() -> None:
    """Print the table, or the places that make one figure up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--package", default="symmeter")
    parser.add_argument("--folder", nargs="+", default=[""], help="count these folders of the package only")
    parser.add_argument("--show", choices=[figure.name for figure in FIGURES])
    parser.add_argument("--quick", action="store_true", help="the same; every benchmark has it")
    options = parser.parse_args()
    tree = read_tree(options.root, options.package).below(tuple(options.folder))
    for figure in FIGURES:
        if options.show == figure.name:
            print("\n".join(places(figure, tree)))
        elif options.show is None:
            number = value(figure, tree)
            shown = f"{number:.3f}" if figure.name in RATIOS else str(number)
            print(f"{figure.name:<11} {shown:>8}   goal {figure.goal:<5g} {figure.words}")


if __name__ == "__main__":
    main()
