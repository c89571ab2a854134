"""Pages may show files of the repository, and link to any: to the page that shows it, or else to where it is kept.

A page that consists of the line `{include} ../FILE.md` shows that file.
"""

import posixpath
import re
from pathlib import Path, PurePosixPath
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
SHOWN = re.compile(r"^```\{include\} (\S+)\n```$", flags=re.MULTILINE)
LINK = re.compile(r"(!?\[[^\]]*\])\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")  # of pages, and with ! of images


def shown_files(docs: Path) -> dict[str, str]:
    """The page of every file of the repository that one shows: `SECURITY.md` is shown by `security`."""
    pages: dict[str, str] = {}
    for page in docs.glob("*.md"):
        for target in SHOWN.findall(page.read_text()):
            pages[_place("docs", target)] = page.stem
    return pages


def resolved(text: str, folder: str, page: str, shown: dict[str, str], url: str) -> str:
    """Markdown of a file in this folder of the repository, with links as they must be on this page of the site."""
    home = PurePosixPath("docs", page).parent

    def target(match: re.Match[str]) -> str:
        words, place, anchor = match[1], _place(folder, match[2]), match[3] or ""
        if place in shown:
            place = f"docs/{shown[place]}.md"
        if words.startswith("!") or place.startswith("docs/"):
            return f"{words}({_relative(home, place)}{anchor})"
        kind = "tree" if (ROOT / place).is_dir() else "blob"
        return f"{words}({url}/{kind}/main/{place}{anchor})"

    return LINK.sub(target, text)


def _place(folder: str, target: str) -> str:
    """Where a link from a file in this folder leads, from the root of the repository."""
    return (ROOT / folder / target).resolve().relative_to(ROOT).as_posix()


def _relative(home: PurePosixPath, place: str) -> str:
    """The way from a page in the folder `home` to a place, both from the root of the repository."""
    return posixpath.relpath(place, home)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    shown, url = shown_files(Path(app.srcdir)), app.config.html_theme_options["github_url"]
    target = SHOWN.search(source[0])
    if target:
        place = _place("docs", target[1])
        app.env.note_dependency(str(ROOT / place))
        whole = (ROOT / place).read_text()
        source[0] = resolved(whole, PurePosixPath(place).parent.as_posix(), page, shown, url)
    else:
        source[0] = resolved(source[0], f"docs/{PurePosixPath(page).parent}", page, shown, url)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
