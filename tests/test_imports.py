"""What starts with the package and its command: nothing heavy is imported before there is work for it."""

import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "timm",
    "torchvision",
    "matplotlib",
    "altair",
    "rich",
    "tqdm",
}
SLOW = {
    "inspect",
    "dataclasses",
    "pathlib",
    "tempfile",
    "json",
    "importlib.metadata",
    "traceback",
}  # of Python itself


def imported(code):
    """The modules that a fresh interpreter has after `code`, less those that it begins with."""
    lines = f"import sys; before = set(sys.modules)\n{code}\nprint('modules', *set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", PATH + lines], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


PATH = f"import sys; sys.path[:] = {sys.path!r}\n"


def test_the_package_imports_nothing_but_itself():
    assert imported("import symmeter; dir(symmeter)") == {"symmeter"}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["misspelt"], []])
def test_the_command_imports_no_command_that_is_not_meant(words):
    found = imported(f"from symmeter.cli.app import main; main({words})")
    assert not found & HEAVY
    own = {name for name in found if name.startswith("symmeter.")}
    assert own <= {f"symmeter.{name}" for name in ("cli", "errors", *map("cli.{}".format, OWN))}
    assert words == ["--version"] or not found & SLOW


OWN = ("app", "commands", "parser", "terminal")


@pytest.mark.parametrize(
    "command",
    ["measure", "layers", "cure", "robustness", "compare", "sweep", "report", "plot", "cite", "list", "demo"],
)
def test_the_help_of_a_command_imports_that_command_alone(command):
    found = imported(f"from symmeter.cli.app import main; main(['{command}', '--help'])")
    assert not found & HEAVY
    files = {
        "measure": {"measure", "banded", "ranged", "second", "run_model"},
        "layers": {"layers", "run_model"},
        "list": {"listing"},
    }
    shared = {*OWN, "arguments", "idle", "inputs", "meant", "pictures", "places"}
    commands = {
        name.removeprefix("symmeter.cli.") for name in found if name.startswith("symmeter.cli.")
    } - shared
    assert commands <= files.get(command, {command, "run_model"})


def test_a_measurement_imports_no_tables_plots_or_hubs():
    code = """
import symmeter, torch
net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2)).eval()
symmeter.measure(net, torch.rand(2, 3, 4, 4), symmetry="rotation", progress=False)
"""
    found = imported(code)
    assert "torch" in found
    assert not found & {
        "pandas",
        "pyarrow",
        "matplotlib",
        "altair",
        "timm",
        "torchvision",
        "transformers",
        "onnxruntime",
    }
    assert not found & {
        "torch._dynamo",
        "torch._inductor",
        "sympy",
    }  # torch's compiler: half of a first measurement
