"""`{api} NAME ...`: signatures and docstrings of public names, which are Markdown here; `{command} WORDS`: its help."""

import inspect
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature

PARAGRAPHS = re.compile(r"\n\s*\n")
ENTRY = re.compile(r"^ {4}(\S[^:\n]*): (.*\n(?:^ {5,}.*\n)*)", flags=re.MULTILINE)
PARAMETERS = re.compile(r"<dl>\s*(<dd>.*?)</dl>", flags=re.DOTALL)
FIELDS = {"Args": "param", "Raises": "raises", "Returns": "returns"}


def found(name: str) -> Any:
    """What a dotted name stands for."""
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def documented(name: str) -> Iterator[str]:
    """Markdown of one public name, with the members of a class."""
    what = found(name)
    if isinstance(what, dict):
        yield from _described("py:data", name, "", f"By name: {', '.join(f'`{key}`' for key in what)}.")
    elif inspect.isclass(what):
        yield from _described("py:class", name, _signature(what), _doc(what), _members(what))
    else:
        yield from _described("py:function", name, _signature(what), _doc(what))


def _described(kind: str, name: str, signature: str, text: str, inner: Iterable[str] = ()) -> Iterator[str]:
    body = [*markdown(text).splitlines(), "", *inner]
    fence = ":" * (4 if kind.startswith("py:class") or kind == "py:data" else 3)
    yield from [f"{fence}{{{kind}}} {name}{signature}", *body, fence, ""]


def _members(what: type) -> Iterator[str]:
    for name, value in vars(what).items():
        function = getattr(value, "fget", None) or getattr(value, "func", None) or value
        if name.startswith("_") or not inspect.isroutine(function) or not inspect.getdoc(function):
            continue
        if isinstance(value, (property, cached_property)):
            yield from _described("py:property", name, "", _doc(function))
        else:
            yield from _described("py:method", name, _signature(function, method=True), _doc(function))


def _doc(what: Any) -> str:
    return inspect.getdoc(what) or ""


def _signature(what: Any, method: bool = False) -> str:
    """As it is called: without self, with short names of types and no addresses of defaults."""
    if inspect.isclass(what) and issubclass(what, BaseException):
        return ""
    signature = inspect.signature(what)
    parameters = list(signature.parameters.values())[int(method) :]
    if is_dataclass(what):
        signature = signature.replace(return_annotation=inspect.Signature.empty)
    text = stringify_signature(signature.replace(parameters=parameters), unqualified_typehints=True)
    text = text.replace("<factory>", "...")
    return re.sub(r"<(?:function|class) '?(?:[\w.]*\.)?(\w+)'?(?: at 0x\w+)?>", r"\1", text)


def markdown(text: str) -> str:
    """A docstring as Markdown: its arguments as a list of fields, its examples as code."""
    return "\n\n".join(map(_paragraph, PARAGRAPHS.split(text)))


def _paragraph(text: str) -> str:
    first, _, rest = text.partition("\n")
    if first.startswith(">>> "):
        return f"```pycon\n{text}\n```"
    if first.rstrip(":") not in FIELDS:
        return text
    entries = [(name, " ".join(words.split())) for name, words in ENTRY.findall(rest + "\n")]
    return "\n".join(f":{FIELDS[first.rstrip(':')]} {name}: {words}" for name, words in entries)


class Api(SphinxDirective):
    """The names in its content, one a line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        lines = [line for name in self.content if name.strip() for line in documented(name.strip())]
        box = nodes.container()
        self.state.nested_parse(StringList(lines, "docstrings"), 0, box)
        return box.children


class Command(SphinxDirective):
    """What a command says of itself, such as `symmeter measure --help`."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        words = self.arguments[0].split()
        told = subprocess.run(
            [sys.executable, "-m", *words],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        )
        return [nodes.literal_block("", textwrap.dedent(told.stdout).rstrip(), language="text")]


def one_parameter_a_line(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Lists of parameters have definitions and no terms, which screen readers cannot tell: they are lines."""
    if "body" in context:
        context["body"] = PARAMETERS.sub(_lines, context["body"])


def _lines(match: re.Match[str]) -> str:
    return f"<div>{match[1].replace('<dd>', '<div>').replace('</dd>', '</div>')}</div>"


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", one_parameter_a_line)
    app.add_directive("api", Api)
    app.add_directive("command", Command)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
