"""`--print-config`: everything in force as TOML, by hand, for writers of TOML know no commented-out key."""

import argparse
from collections.abc import Sequence

from symmeter.cli.parser import Parser


def print_config(name: str, command: Parser, words: Sequence[str]) -> None:
    """Print what a command line means; it may lack MODEL and DATA."""
    command.demand_nothing(of_operands=len(command.operands(words)) < len(command.positionals))
    print(as_toml(name, command, command.parse_args(words)), end="")


def as_toml(name: str, command: Parser, found: argparse.Namespace) -> str:
    """Everything in force, with what it means; read as --config it makes the same command."""
    lines = [f"# symmeter {name} --config FILE reads this. What begins with # says nothing.", f"[{name}]"]
    for title, actions in command.groups():
        lines += ["", f"# -- {title} --"]
        for action in actions:
            value = _literal(action, getattr(found, action.dest))
            lines += ["", *([f"# {action.help}"] if action.help else [])]
            lines.append(f"{'# ' * (value is None)}{action.dest.replace('_', '-')} = {value or ''}".rstrip())
    return "\n".join(lines) + "\n"


def _literal(action: argparse.Action, value: object) -> str | None:
    """A value in TOML, whose numbers and lists are those of Python; None where there is none."""
    if action.nargs == 0:
        return str(bool(value)).lower()
    if value is None or (value == [] and action.nargs != "*"):
        return None
    if isinstance(value, list | tuple):
        return f"[{', '.join(filter(None, (_literal(action, one) for one in value)))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else _quoted(str(value))


def _quoted(text: str) -> str:
    r"""Text in TOML.

    >>> print(_quoted('a "b"' + chr(10)))
    "a \"b\"\u000a"
    """
    escaped = (
        f"\\u{ord(one):04x}" if ord(one) < 32 or ord(one) == 127 else {'"': '\\"', "\\": "\\\\"}.get(one, one)
        for one in text
    )
    return f'"{"".join(escaped)}"'
