"""How much memory there is, how much a chunk took, and what running out of it looks like."""

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch


def available_bytes(device: torch.device) -> int | None:
    """Bytes that can still be allocated on the device; None where the system does not say."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


@contextmanager
def peak_bytes(device: torch.device) -> Iterator[Callable[[], int]]:
    """Yields a function that tells how far the memory in use rose at its highest, in bytes (a lower bound)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield lambda: torch.cuda.max_memory_allocated(device) - before
        return
    before = _status("VmRSS")
    yield lambda: max(0, _status("VmHWM") - before)


def _status(field: str) -> int:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


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
