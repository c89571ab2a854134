"""Files that say their own SHA-256, so that whoever reads one knows whether it is what was written there.

A file of any format holds, somewhere in its text, `symmeter-sha256:` and 64 digits: a field of a JSON file, metadata of
a Parquet file. The digest is of the file's path in its folder and of all its bytes but those digits, so it finds a bit
that has changed, a file that was cut, one of another cell, and one that somebody else has put there.
"""

import hashlib
import json
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar

from symmeter.errors import SymmeterError, first_line
from symmeter.sweeps.folder import Folder
from symmeter.verbs.warned import warn

T = TypeVar("T")
_WORD, _DIGITS = b"symmeter-sha256:", 64
BLANK = _WORD.decode() + "0" * _DIGITS  # what a file holds in place of its seal until it is written
SEAL = "seal"  # the name of the field
ASIDE = "damaged"  # the folder for what is set aside


class DamagedFile(SymmeterError):
    """A file that is not what was written."""


class SealedFolder(Folder):
    """A folder whose files are sealed when they are written, and checked when they are read."""

    def keep(self, path: str, content: bytes) -> None:
        """Write a file, which holds BLANK, with its seal."""
        self.write(path, sealed(path, content))

    def opened(self, path: str, parse: Callable[[bytes], T]) -> T | None:
        """What a file says; None where there is none, DamagedFile in one line that names it where that is not known."""
        try:
            content = self.read(path)
            if content is None:
                return None
            if sealed(path, content) != content:
                raise ValueError("its SHA-256 is another")
            return parse(content)
        except Exception as error:  # packages that parse raise many kinds
            raise DamagedFile(f"store {self.url}: {path} is damaged ({first_line(error)})") from error

    def needed(self, path: str, parse: Callable[[bytes], T]) -> T:
        """The same; DamagedFile also where there is none."""
        found = self.opened(path, parse)
        if found is None:
            raise DamagedFile(f"store {self.url}: {path} is missing")
        return found

    def opened_or_warned(self, path: str, parse: Callable[[bytes], T]) -> T | None:
        """The same; None, and a warning that names the file, where it is damaged."""
        try:
            return self.opened(path, parse)
        except DamagedFile as error:
            warn(str(error))
            return None

    def set_aside(self, path: str) -> None:
        """Move a file, if it is there, to where it is kept and does not count any more."""
        numbered = (f"{ASIDE}/{path}" + f".{n}" * (n > 0) for n in count())
        self.move(path, next(place for place in numbered if not self.exists(place)))


def sealed(path: str, content: bytes) -> bytes:
    """The content with the digest that it has at this path in place of what stood there.

    >>> content = sealed("a.json", json_file({"x": 1}))
    >>> sealed("a.json", content) == content, sealed("b.json", content) == content
    (True, False)
    """
    before, word, rest = content.rpartition(_WORD)
    parts = path.encode(), b"\0", before, word, rest[_DIGITS:]
    digest = hashlib.sha256(b"".join(parts)).hexdigest().encode()
    return before + word + digest + rest[_DIGITS:]


def json_file(record: dict[str, Any]) -> bytes:
    """A JSON file with room for a seal; what JSON cannot say is said in words."""
    return (json.dumps({**record, SEAL: BLANK}, indent=1, default=str) + "\n").encode()


def json_record(content: bytes) -> dict[str, Any]:
    """What a JSON file says beside its seal; ValueError where it is no object."""
    record = json.loads(content)
    if not isinstance(record, dict):
        raise ValueError("no JSON object")
    record.pop(SEAL, None)
    return record


def is_sealed(content: bytes) -> bool:
    """Whether a file has a seal, of whatever value."""
    return _WORD in content
