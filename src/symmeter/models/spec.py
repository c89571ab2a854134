"""What is asked of a source of networks, and the one line for whatever goes wrong while it answers."""

import ast
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symmeter.errors import SymmeterError, first_line
from symmeter.models.weights import quick_downloads

_LONGEST = 10_000  # characters of a literal
RANDOM = "pass --weights FILE, or --untrained to measure random weights"


@dataclass(frozen=True)
class ModelSpec:
    """What is asked of a source of networks: how it was written, the name in that, and its options."""

    text: str
    name: str
    weights: str | None
    kwargs: dict[str, Any]
    untrained: bool
    trust_remote_code: bool = False

    @property
    def pretrained(self) -> bool:
        """Whether the source's own weights are wanted."""
        return self.weights is None and not self.untrained


def parse_model_kwargs(items: Sequence[str] | None) -> dict[str, Any]:
    """["key=value", ...] into keyword arguments: Python literals, true/false/none in any case, else strings.

    >>> parse_model_kwargs(["num_classes=10", "in_chans=1", "global_pool=avg", "bias=TRUE", "size=(3, 4)"])
    {'num_classes': 10, 'in_chans': 1, 'global_pool': 'avg', 'bias': True, 'size': (3, 4)}
    """
    found: dict[str, Any] = {}
    for item in items or ():
        key, equals, text = item.partition("=")
        key = key.strip()
        if not equals or not key.isidentifier():
            raise SymmeterError(f"--model-kwargs {item!r}: write key=value, for example num_classes=10")
        if key in found:
            raise SymmeterError(f"--model-kwargs {key}: given twice")
        found[key] = _read_value(text.strip())
    return found


def _read_value(text: str) -> object:
    """A Python literal, or the text itself."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    if len(text) > _LONGEST:  # nested deeply enough, a literal would end the process
        return text
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return ast.literal_eval(text)
    return text


@contextlib.contextmanager
def building(spec: ModelSpec, fetched: str = "", way_out: str = RANDOM) -> Iterator[None]:
    """What a library raises while it builds a network, or while `fetched` is downloaded, becomes one line."""
    with quick_downloads() if fetched else contextlib.nullcontext(True) as answers:
        try:
            yield
        except SymmeterError:
            raise
        except Exception as error:
            words = f"{type(error).__name__}: {first_line(error)}"
            if _is_of_network(error):
                words = _undownloaded(fetched, error, answers) if fetched else words
                words = f"{words}; {way_out}"
            raise SymmeterError(f"{spec.text}: {words}") from error


def _undownloaded(fetched: str, error: Exception, answers: bool) -> str:
    """What could not be downloaded, and why; `answers`: whether the hub does."""
    offline = not answers or isinstance(getattr(error, "reason", None), OSError)
    reason = "no network?" if offline else first_line(error)
    return f"{fetched} could not be downloaded ({reason})"


def _is_of_network(error: Exception) -> bool:
    """Whether an exception is of files or of the network, as those of the libraries that download are."""
    return isinstance(error, OSError) or type(error).__module__.startswith(("http", "requests"))
