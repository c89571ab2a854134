"""What a shell offers when one presses Tab, asked of the shells themselves."""

import shutil
import subprocess

import pytest

from symmeter.cli.app import main
from symmeter.cli.completion import LISTED, script

ASK = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
_shtab_symmeter
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def bash(tmp_path_factory):
    """What bash offers for the last of these words."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    folder = tmp_path_factory.mktemp("completion")
    (folder / "symmeter.bash").write_text(script("bash"), encoding="utf-8")
    (folder / "run.toml").touch()
    (folder / "store").mkdir()

    def offered(*words):
        command = ["bash", "--norc", "-c", ASK, "bash", "./symmeter.bash", "symmeter", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.split()

    return offered


@pytest.mark.parametrize(("words", "expected"), [
    (["me"], ["measure"]),
    (["l"], ["layers", "list"]),
    (["measure", "--symm"], ["--symmetry"]),
    (["measure", "--symmetry", "rota"], ["rotation"]),
    (["compare", "a", "b", "--measure", "gee"], ["geed"]),
    (["sweep", "a", "b", "--executor", "r"], ["ray"]),
    (["sweep", "a", "--preset", "zoo"], ["zoo2026"]),
    (["measure", "m", "d", "--definition", "band"], ["bandlimited"]),
    (["measure", "m", "d", "--domain", "sig"], ["signals"]),
    (["layers", "m", "d", "--by", "k"], ["kind"]),
    (["list", "sy"], ["symmetries"]),
    (["measure", "--config", "run."], ["run.toml"]),
    (["measure", "ru"], ["run.toml"]),
    (["report", "s"], ["store"]),
    (["--ver"], ["--version"]),
])  # fmt: skip
def test_bash_offers(words, expected, bash):
    offered = bash(*words)
    assert set(expected) <= set(offered) and all(one.startswith(words[-1]) for one in offered)


def test_bash_offers_nothing_for_what_is_nothing(bash):
    assert bash("measure", "--symmetry", "nosuch") == []


def test_zsh_takes_the_script_as_the_completion_of_the_command(tmp_path):
    if shutil.which("zsh") is None:
        pytest.skip("needs zsh")
    (tmp_path / "_symmeter").write_text(script("zsh"), encoding="utf-8")
    subprocess.run(["zsh", "-n", str(tmp_path / "_symmeter")], check=True)
    ask = f"fpath=({tmp_path} $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[symmeter]"
    done = subprocess.run(["zsh", "-f", "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "_symmeter"


@pytest.mark.parametrize("kind", LISTED)
def test_all_that_is_listed_can_be_written_as_one_word(kind):
    names = list(LISTED[kind]())
    assert names and all(name == name.strip() and " " not in name for name in names)


def test_the_command_prints_it(capsys):
    assert main(["--print-completion", "bash"]) == 0
    assert capsys.readouterr().out.strip() == script("bash").strip()
    assert main(["--print-completion", "fish"]) == 2
    assert "invalid choice: 'fish' (choose from" in capsys.readouterr().err
