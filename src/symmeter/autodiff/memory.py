"""How much memory there is, how much a chunk took, and what running out of it looks like."""

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch


def available_bytes(device: torch.device) -> int | None:
    """Bytes that can still be allocated on the device; None where the system does not say."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return _bytes_in("/proc/meminfo", "MemAvailable")


@contextlib.contextmanager
def peak_bytes(device: torch.device) -> Iterator[Callable[[], int]]:
    """Yields a function that tells how far the memory in use rose at its highest, in bytes (a lower bound)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield lambda: torch.cuda.max_memory_allocated(device) - before
        return
    status = "/proc/self/status"
    before = _bytes_in(status, "VmRSS") or 0
    yield lambda: max(0, (_bytes_in(status, "VmHWM") or 0) - before)


def _bytes_in(path: str, field: str) -> int | None:
    """What Linux says of memory in one of its files, such as `MemAvailable:  812 kB`; None where it says nothing."""
    with contextlib.suppress(OSError):
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            name, _, amount = line.partition(":")
            if name == field:
                return int(amount.split()[0]) * 1024
    return None


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "allocate memory" in text)


# Settings of glibc's allocator, with keys from malloc.h: -1 M_TRIM_THRESHOLD, -2 M_TOP_PAD, -3 M_MMAP_THRESHOLD,
# -4 M_MMAP_MAX. The usual thresholds are those to which a process has come once it has freed large buffers.
_KEEPING = {-1: 2**31 - 1, -2: 2**26, -4: 0}
_USUAL = {-1: 2**26, -2: 2**17, -3: 2**25, -4: 2**16}


class _Allocator:
    """The settings of glibc's allocator, which are those of the whole process: held while somebody needs them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0

    def hold(self) -> bool:
        """Keep freed memory from now on; True where the C library listens."""
        with self._lock:
            self._holders += 1
            return self._holders > 1 or self._set(_KEEPING)

    def release(self) -> None:
        """Back to the usual settings when nobody needs others; what was kept goes back to the system."""
        with self._lock:
            self._holders -= 1
            if not self._holders and self._set(_USUAL):
                self._call("malloc_trim", 0)

    def _set(self, settings: Mapping[int, int]) -> bool:
        listened = [self._call("mallopt", key, value) for key, value in settings.items()]
        return all(listened)

    @staticmethod
    def _call(name: str, *arguments: int) -> bool:
        """A function of the C library; False where there is none, or where it refuses."""
        if not sys.platform.startswith("linux"):
            return False
        try:
            return bool(getattr(ctypes.CDLL(None), name)(*arguments))
        except (OSError, AttributeError):
            return False


_ALLOCATOR = _Allocator()


def reuse_freed_memory() -> bool:
    """Tell the C library to keep freed memory for the next allocation, for good; True where it listened.

    By default glibc returns every large buffer to the system, which hands it back page by page, zeroed: up to
    half of the time of forward mode on a CPU. For a process of our own, such as the command.
    """
    return _ALLOCATOR.hold()


@contextlib.contextmanager
def freed_memory_reused() -> Iterator[bool]:
    """The same while it lasts, for a process that is not ours: the usual settings come back, and so does the memory.

    >>> with freed_memory_reused() as listened:
    ...     _ = torch.rand(1000, 1000)
    >>> listened == sys.platform.startswith("linux")
    True
    """
    listened = _ALLOCATOR.hold()
    try:
        yield listened
    finally:
        _ALLOCATOR.release()
