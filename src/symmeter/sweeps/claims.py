"""Who works on a cell: two sweeps on one store share the work instead of doing it twice."""

import contextlib
import json
import os
import socket
import threading
import time
import uuid

from symmeter.optional import require
from symmeter.sweeps.store import Store

BEAT, STALE = 15.0, 90.0  # seconds between signs of life, and after which a claim of another machine is void


class Claims:
    """Claims of this sweep, kept alive by a thread until they are given back.

    A claim of a process of this machine that is no more is void at once; one of another machine when it has given no
    sign of life for a while.
    """

    def __init__(self, store: Store):
        self._store, self._mine = store, set[str]()
        self._owner = {
            "host": socket.gethostname(),
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
            if not self._void(self._store.read(path)):
                return False
            self._store.remove(path)
            if not self._store.create(path, self._content()):
                return False
        with self._lock:
            self._mine.add(key)
        return True

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
            with self._lock:
                mine = list(self._mine)
            for key in mine:
                with contextlib.suppress(Exception):  # the work itself will say what is wrong with the store
                    self._store.write(f"claims/{key}.json", self._content())

    def _content(self) -> bytes:
        return json.dumps({**self._owner, "time": time.time()}).encode()

    def _void(self, content: bytes | None) -> bool:
        """Whether whoever made a claim is gone."""
        with contextlib.suppress(ValueError, KeyError, TypeError):  # nobody can say whose it is
            claim = json.loads(content or b"")
            if claim["host"] == self._owner["host"]:
                return _started(int(claim["pid"])) != claim["started"]
            return time.time() - float(claim["time"]) > STALE
        return True


def _started(pid: int) -> float | None:
    """When a process began, which tells it from a later one of the same number; None when there is none."""
    psutil = require("psutil", "sweep")
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.create_time()
    return None
