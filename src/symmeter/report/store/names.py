"""Long names of models, such as paths of their files: shortened in the middle for the page, and in names of files."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from symmeter.optional import require

_LENGTH = 48  # of a name that is shown whole
_STEP = 16
_BORDER = re.compile(r"[/\\]")


def shortened(names: Iterable[str]) -> dict[str, str]:
    """Short forms of the names that are too long; each is different from all others, and so longer where it must.

    >>> shortened(["timm:resnet50", "/data/of/our/whole/group/2026/resnet50/run_17/epoch_090.pt"])
    {'/data/of/our/whole/group/2026/resnet50/run_17/epoch_090.pt': '/data/of/…/2026/resnet50/run_17/epoch_090.pt'}
    """
    waiting, length = set(names), _LENGTH
    taken = {name for name in waiting if len(name) <= length}
    waiting -= taken
    found: dict[str, str] = {}
    while waiting:
        cut = {name: _cut(name, length) for name in sorted(waiting)}
        times = Counter(cut.values())
        settled = {name: short for name, short in cut.items() if times[short] == 1 and short not in taken}
        found |= {name: short for name, short in settled.items() if short != name}
        taken |= set(settled.values())
        waiting -= settled.keys() | {name for name in waiting if len(name) <= length}
        length += _STEP
    return found


def marked(short: Mapping[str, str]) -> Callable[[str], Any]:
    """A filter of templates: words as HTML in which each long name is shortened, with the whole on hover."""
    markup = require("markupsafe", "report")
    longest_first = sorted(short, key=len, reverse=True)
    abbreviation = markup.Markup('<abbr title="{}">{}</abbr>')

    def mark(words: str) -> Any:
        if words in short:
            return abbreviation.format(words, short[words])
        there = [name for name in longest_first if name in words] if len(words) > _LENGTH else []
        if not there:
            return words
        parts = re.split(f"({'|'.join(map(re.escape, there))})", words)
        made = [abbreviation.format(part, short[part]) if part in short else part for part in parts]
        return markup.Markup("").join(made)

    return mark


def slug(*words: str) -> str:
    """Words as a part of a file's name.

    >>> slug("symmeter", "my zoo", "stability against accuracy", "lee, translation_x")
    'symmeter-my-zoo-stability-against-accuracy-lee-translation-x'
    """
    return re.sub(r"[\W_]+", "-", " ".join(words).lower()).strip("-")


def _cut(name: str, length: int) -> str:
    """A name without its middle, cut at borders of folders where they are near."""
    if len(name) <= length:
        return name
    head = name[: length // 4]
    borders = [found.end() for found in _BORDER.finditer(head)]
    if borders and borders[-1] > 1:
        head = head[: borders[-1]]
    tail = name[len(head) + 1 - length :]
    near = _BORDER.search(tail, 0, len(tail) // 2)
    return f"{head}…{tail[near.start() :] if near else tail}"
