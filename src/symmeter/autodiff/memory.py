"""How much memory there is, how much a chunk took, and what running out of it looks like."""

import contextlib
import ctypes
import sys
from collections.abc import Callable, Iterator
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
        for line in Path(path).read_text().splitlines():
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


def reuse_freed_memory() -> bool:
    """Tell the C library to keep freed memory for the next allocation; True where it listened.

    By default glibc returns every large buffer to the system, which hands it back page by page, zeroed: up to
    half of the time of forward mode on a CPU. A setting of the whole process, hence made by the command and not
    by the library.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4  # from malloc.h
    settings = {m_trim_threshold: 2**31 - 1, m_top_pad: 2**26, m_mmap_max: 0}
    return all(bool(mallopt(key, value)) for key, value in settings.items())
