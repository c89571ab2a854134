"""The `symmeter` command: finds the command that is meant, and turns whatever goes wrong into one line."""

import argparse
import contextlib
import os
import sys
import warnings
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NoReturn

from symmeter.cli.commands import COMMANDS
from symmeter.cli.parser import Parser, UsageError
from symmeter.cli.terminal import DONE, FAILED, INTERRUPTED, USAGE, complain, reader_may_leave
from symmeter.errors import SymmeterError, WriteError, first_line, nearest

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands

EPILOG = """examples:
  symmeter demo
  symmeter measure timm:resnet50 photos/ --symmetry translation,rotation
  symmeter layers timm:resnet50 photos/ --plot layers.pdf
  symmeter compare timm:resnet18 timm:resnet50 --data photos/
  symmeter sweep 'timm:resnet*' photos/ --store sweep/
  symmeter report sweep/ --out report.html
  symmeter list symmetries

symmeter COMMAND --help tells more. Exit codes: 0 done; 1 some of the work
failed, what is done is saved; 2 bad usage."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `symmeter` with these arguments and return its exit code.

    0: done. 1: some of the work failed, what is done is saved. 2: a mistake in what was asked for. What goes
    wrong is one line on stderr; SYMMETER_DEBUG=1 adds the traceback, and the warnings of other packages.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = os.environ.get("SYMMETER_DEBUG", "0") not in ("", "0")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with warnings.catch_warnings(), reader_may_leave():
            if not debug:
                warnings.simplefilter("ignore")
            try:
                arguments = _parse(words)
            except SystemExit:  # argparse, after --help and --version
                return DONE
            from symmeter.cli.idle import refuse_idle_flags

            refuse_idle_flags(arguments)
            return arguments.run(arguments)
        return DONE
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED, debug)
    except SymmeterError as error:
        return _complain(f"error: {error}", FAILED if isinstance(error, WriteError) else USAGE, debug)
    except SystemExit as error:  # of a model, its data or a plug-in, whatever its code says
        from symmeter.verbs.verb import exited

        return _complain(f"error: {exited(error)}", FAILED, debug)
    except OSError as error:
        place = str(error.filename or "a file")[:200]
        return _complain(f"error: {place}: {error.strerror or first_line(error)}", USAGE, debug)
    except Exception as error:
        hint = "" if debug else " (set SYMMETER_DEBUG=1 for the traceback)"
        return _complain(f"error: unexpected {type(error).__name__}: {error}{hint}", FAILED, debug)


def _complain(message: str, code: int, debug: bool) -> int:
    if debug:
        import traceback

        with contextlib.suppress(OSError):
            traceback.print_exc()
    complain(message)
    return code


class _Version(argparse.Action):
    """Prints the version, which is looked up only then, and ends."""

    def __call__(self, *args: object) -> NoReturn:
        from importlib.metadata import version

        print(f"symmeter {version('symmeter')}")
        raise SystemExit(DONE)


class _Completion(argparse.Action):
    """Prints the script that completes a command line in a shell, and ends."""

    def __call__(self, parser: object, found: object, shell: object, option: object = None) -> NoReturn:
        from symmeter.cli.completion import script

        print(script(str(shell)))
        raise SystemExit(DONE)


def _parse(words: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="symmeter",
        description="Measure the symmetries that trained networks have learned.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    shells = ("bash", "zsh", "tcsh")
    says = "print what completes command lines in a shell: bash, zsh or tcsh"
    parser.add_argument("--print-completion", metavar="SHELL", action=_Completion, choices=shells, help=says)
    sub = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    first = words[0] if words else "--help"
    if first in COMMANDS:
        return _parse_command(parser, sub, words)
    if not first.startswith("-"):
        raise UsageError(f"unknown command {first!r}{nearest(first, COMMANDS)}")
    for name, said in COMMANDS.items():
        sub.add_parser(name, help=said)
    parser.refuse_unknown_options([first])
    return parser.parse_args(words or [first])


def _parse_command(parser: Parser, sub: "Commands", words: list[str]) -> argparse.Namespace:
    """The arguments of a command, some of them from a file."""
    from symmeter.cli.meant import add_command

    name, *rest = words
    own = list(takewhile(lambda word: word != "--", rest))
    config = None
    if any(word.partition("=")[0] == "--config" for word in own):
        from symmeter.cli.config import config_of

        config = config_of(words)
    command = add_command(sub, [name, *(config.domain if config else []), *rest])
    command.refuse_unknown_options(rest)
    said = config.in_words(command, rest) if config else rest
    if "--print-config" in own:
        from symmeter.cli.config_text import print_config

        print_config(name, command, said)
        raise SystemExit(DONE)
    command.spare(said)
    found = parser.parse_args([name, *said])
    found.command, found.given = name, command.given(found)
    return found
