"""`--config FILE`: options of a command from a TOML or YAML file, by their own names, as words for its parser.

By hand because ConfigArgParse and jsonargparse know neither positionals in a file nor commands that are made when they
are meant. As words, what a file says is read, checked and refused as flags are.
"""

import argparse
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from symmeter.cli.commands import COMMANDS
from symmeter.cli.parser import Parser, UsageError
from symmeter.errors import SymmeterError, first_line, nearest
from symmeter.files import check_ending, read_text
from symmeter.sweeps.bounded_yaml import document

LARGEST = 2**20  # bytes
Options = Mapping[str, Any]  # values by names of options


@dataclass(frozen=True)
class Config:
    """What a file says of one command: values by names of options, with underscores."""

    file: Path
    values: Options

    @property
    def domain(self) -> list[str]:
        """The words that name the kind of data, which says what other options there are."""
        return _words("--domain", self.values["domain"]) if self.values.get("domain") else []

    def in_words(self, command: Parser, words: Sequence[str]) -> list[str]:
        """A command line that says what the file and `words` say; where both speak of an option, `words` win."""
        operands = command.operands(words)  # the user's own mistakes first
        own = list(takewhile(lambda word: word != "--", words))
        said = {command.option(word) for word in own}
        options = []
        for action in self._said_of(command):
            if action.option_strings and action not in said:
                options += self._option(action, self.values[action.dest])
        try:
            command.operands(options)
        except UsageError as error:
            raise UsageError(f"{self.file}: {error}") from None
        behind = [*words[len(own) + 1 :], *self._operands(command.positionals[len(operands) :])]
        return [*own, *options, *(["--"] if behind else []), *behind]

    def _said_of(self, command: Parser) -> list[argparse.Action]:
        """The arguments of a command that the file speaks of; UsageError for a name that it does not have."""
        known = {action.dest: action for action in command.listed}
        for name in self.values:
            if name not in known:
                names = [one.replace("_", "-") for one in known]
                said = name.replace("_", "-")
                raise UsageError(f"{self.file}: unknown option {said!r}{nearest(said, names, most=1)}")
        return [known[name] for name in self.values]

    def _option(self, action: argparse.Action, value: object) -> list[str]:
        """An option with its value as words; none where the file leaves it as it is."""
        flag, name = action.option_strings[-1], f"{self.file}: {action.option_strings[-1].lstrip('-')}"
        if value is None:
            return []
        if action.nargs == 0:
            if not isinstance(value, bool):
                raise UsageError(f"{name} is {value!r}; give true or false")
            return [flag] * value
        texts = _texts(name, value)
        if action.nargs is None:
            return _words(flag, value, name)
        for text in texts:
            if text.startswith("-") and not re.fullmatch(r"-[\d.]+(e[+-]?\d+)?", text):
                raise UsageError(f"{name}: {text!r} begins with a dash, as only flags do")
        return [flag, *texts]

    def _operands(self, positionals: Sequence[argparse.Action]) -> list[str]:
        """What the file has for these, in their order."""
        found = [(one.dest, self.values.get(one.dest)) for one in positionals]
        return [
            text
            for name, value in found
            if value is not None
            for text in _texts(f"{self.file}: {name}", value)
        ]


def _words(flag: str, value: object, name: str = "domain") -> list[str]:
    """One word: an option that takes one value takes several with commas."""
    return [f"{flag}={','.join(_texts(name, value))}"]


def _texts(name: str, value: object) -> list[str]:
    """Values as they are written on a command line: a table is key=value, one by one."""
    if isinstance(value, list):
        return [text for one in value for text in _texts(name, one)]
    if isinstance(value, Mapping):
        return [f"{key}={text}" for key, one in value.items() for text in _texts(name, one)]
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, str | int | float):
        return [str(value)]
    raise UsageError(f"{name} is {value!r}; give text, numbers, true or false, or a list of these")


def read(file: str, command: str) -> Config:
    """What a file says of a command: the top of it, and the table of the command's name."""
    path = Path(file)
    ending = check_ending(path, (".toml", ".yaml", ".yml"), option="--config")
    whole = (_toml if ending == ".toml" else _yaml)(read_text(path, LARGEST), path)
    tables = {str(name): one for name, one in whole.items() if isinstance(one, Mapping)}
    top = {name: one for name, one in whole.items() if not (name in COMMANDS and name in tables)}
    return Config(path, {**_by_dest(top, path), **_by_dest(tables.get(command, {}), path)})


def _by_dest(table: Mapping[Any, Any], path: Path) -> Options:
    """Options by names with underscores; UsageError for one that is said twice."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = str(key).replace("-", "_")
        if name in found:
            raise UsageError(f"{path}: {key} is given twice; say it once")
        found[name] = value
    return found


def _toml(text: str, path: Path) -> Options:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SymmeterError(f"{path}: not TOML: {first_line(error)}") from error


def _yaml(text: str, path: Path) -> Options:
    with document(text, path) as found:
        whole = None if found.root is None else found.build(found.root)
        if whole is not None and not isinstance(whole, Mapping):
            raise SymmeterError(f"{path}: write options by name, such as symmetry: rotation")
        return whole or {}


def config_of(words: Sequence[str]) -> Config | None:
    """What --config in a command line names; None where it names nothing, which its parser will say."""
    probe = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    probe.add_argument("--config", nargs="?")
    file = probe.parse_known_args(list(takewhile(lambda word: word != "--", words)))[0].config
    return None if file is None else read(file, words[0])
