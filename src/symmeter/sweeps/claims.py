"""Who works on a cell: two sweeps on one store share the work instead of doing it twice."""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from symmeter.optional import require
from symmeter.sweeps.store import Store

BEAT, STALE = 15.0, 90.0  # seconds between signs of life, and after which a claim without any is void
_LOOK = 1.0  # seconds between looks at claims that are waited for


@dataclass(frozen=True)
class _Sight:
    """A claim as it was seen, and since when by our own clock it has been that."""

    content: bytes
    since: float


class Claims:
    """Claims of this sweep, kept alive by a thread until they are given back.

    A claim of a process of this machine that is no more is void at once. One of another machine is void when it has not
    changed for a while by the clock of this one: no time that another machine wrote is ever looked at.
    """

    def __init__(self, store: Store):
        self._store, self._mine = store, set[str]()
        self._beat, self._seen = 0, dict[str, _Sight]()
        self._owner = {
            "machine": _machine(),
            "pid": os.getpid(),
            "started": _started(os.getpid()),
            "id": uuid.uuid4().hex,
        }
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def take(self, key: str) -> bool:
        """Whether the cell is ours to do."""
        path = f"claims/{key}.json"
        if not self._store.create(path, self._content()):
            if self._held(key) is not False:
                return False
            self._store.remove(path)
            if not self._store.create(path, self._content()):
                return False
        with self._lock:
            self._mine.add(key)
        return True

    def forsaken(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys whose claims are gone, or void. Waits for signs of life of other machines."""
        left, undecided = set[str](), set(keys)
        while undecided:
            held = {key: self._held(key) for key in undecided}
            left |= {key for key, state in held.items() if state is False}
            undecided = {key for key, state in held.items() if state is None}
            if undecided:
                time.sleep(min(_LOOK, STALE / 10))
        return left

    def give_back(self, key: str) -> None:
        """The cell is done, or will not be."""
        with self._lock:
            self._mine.discard(key)
            self._store.remove(f"claims/{key}.json")

    def close(self) -> None:
        """Give back all."""
        self._ended.set()
        self._thread.join()
        for key in list(self._mine):
            self.give_back(key)

    def _live(self) -> None:
        while not self._ended.wait(BEAT):
            self._beat += 1
            for key in list(self._mine):
                with (
                    self._lock,
                    contextlib.suppress(Exception),
                ):  # the work itself says what is wrong with the store
                    if key in self._mine:
                        self._store.write(f"claims/{key}.json", self._content())

    def _content(self) -> bytes:
        return json.dumps({**self._owner, "beat": self._beat}).encode()

    def _held(self, key: str) -> bool | None:
        """Whether whoever made a claim is there; None as long as nobody can say."""
        content, now = self._store.read(f"claims/{key}.json"), time.monotonic()
        if content is None:
            return False
        with contextlib.suppress(ValueError, KeyError, TypeError):  # torn, or just being written
            claim = json.loads(content)
            if claim["machine"] == self._owner["machine"]:
                return _started(int(claim["pid"])) == claim["started"]
        sight = self._seen.setdefault(key, _Sight(content, now))
        changed, old = sight.content != content, now - sight.since > STALE
        if changed and old:  # it was alive some time ago
            self._seen[key] = _Sight(content, now)
            return None
        return changed or (False if old else None)


def _machine() -> str:
    """This machine since it was started, and the container: where process ids mean the same."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)


def _started(pid: int) -> float | None:
    """When a process began, which tells it from a later one of the same number; None when there is none.

    In ticks since the machine was started where the system says so, for its clock may be set meanwhile.
    """
    psutil = require("psutil", "sweep")
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            with contextlib.suppress(OSError):
                _, _, fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")
                return float(fields.split()[19])
            return process.create_time()
    return None
