"""One folder, local or at any fsspec address, whose files are written whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from symmeter.errors import SymmeterError, WriteError, first_line
from symmeter.files import clean, put, read_regular
from symmeter.optional import require


class StoreError(WriteError):
    """The store cannot be written to any more: the disk is full, or the folder is gone."""


class Folder:
    """Files by their path below the folder, with slashes.

    Local files are read and written by Python itself, which is faster than fsspec and fails in plainer words.
    """

    def __init__(self, url: str | os.PathLike):
        """SymmeterError for an address that fsspec does not know."""
        fsspec = require("fsspec", "sweep")
        self.url = str(url)
        try:
            self.fs, self.root = fsspec.core.url_to_fs(os.path.expanduser(self.url))
        except (ValueError, ImportError) as error:
            raise SymmeterError(f"store {self.url}: {first_line(error)}") from error
        protocols = self.fs.protocol if isinstance(self.fs.protocol, tuple) else (self.fs.protocol,)
        self.local = "file" in protocols

    def write(self, path: str, content: bytes) -> None:
        """A whole file or none, also when the disk is full or the process is killed.

        What a power cut tears apart, the check sums of a store find.
        """
        if not self.local:
            self.fs.pipe_file(self._place(path), content)  # object stores put a whole object at once
            return
        with self._writing(path):
            put(Path(self._made(path)), content)

    def create(self, path: str, content: bytes) -> bool:
        """A new file; False when there is one already."""
        with self._writing(path):
            place = self._made(path)
            with contextlib.suppress(FileExistsError):
                if self.local:
                    with open(place, "xb") as file:
                        file.write(content)
                else:
                    self.fs.pipe_file(place, content, mode="create")
                return True
        return False

    def make(self) -> None:
        """Make the folder itself, where it is not there: no other method does, so what is deleted stays away."""
        if self.local:
            with self._writing("the folder"):
                os.makedirs(self.root, exist_ok=True)

    def _made(self, path: str) -> str:
        """The place of a file, with the folders between it and this one."""
        place = self.root
        for name in path.split("/")[:-1] if self.local else ():
            place = f"{place}/{name}"
            with contextlib.suppress(FileExistsError):
                os.mkdir(place)
        return self._place(path)

    @contextlib.contextmanager
    def _writing(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = "the folder is gone" if error.errno == errno.ENOENT else error.strerror or error
            raise StoreError(f"store {self.url}: {path} cannot be written: {reason}") from error

    def read(self, path: str) -> bytes | None:
        """The content of a file; None where there is none, OSError for what is no regular file."""
        place = self._place(path)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return read_regular(place) if self.local else self.fs.cat_file(place)
        return None

    def move(self, path: str, other: str) -> None:
        """Move a file, if it is there."""
        with self._writing(other), contextlib.suppress(FileNotFoundError):
            if self.local:
                os.replace(self._place(path), self._made(other))
            else:
                self.fs.mv(self._place(path), self._place(other))

    def clean(self, folders: Iterable[str]) -> None:
        """Take away what processes that were killed in the middle of a file have left in some folders."""
        for folder in folders if self.local else ():
            clean(Path(self._place(folder)))

    def remove(self, path: str) -> None:
        """Take a file away, if it is there."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self.fs.rm_file(self._place(path))

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return bool(self.fs.exists(self._place(path)))

    def names(self, folder: str, ending: str = "") -> set[str]:
        """The names in a folder that have this ending, without it; none where there is no such folder."""
        place = self._place(folder) if folder else self.root
        found: Iterable[str] = ()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if self.local:
                found = os.listdir(place)
            else:
                self.fs.invalidate_cache()
                found = map(os.path.basename, self.fs.ls(place, detail=False))
        return {name.removesuffix(ending) for name in found if name.endswith(ending)}

    def _place(self, path: str) -> str:
        return f"{self.root}/{path}"
