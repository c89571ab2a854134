"""The allocator: freed memory is kept while something is measured, and no longer."""

import subprocess
import sys

import pytest

from symmeter.autodiff.memory import _Allocator, freed_memory_reused

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc's allocator is set")

FAULTS = """
import resource, sys, torch
from contextlib import nullcontext
from symmeter.autodiff.memory import freed_memory_reused

def faults(size=2**24):
    "Pages that the system hands out while large buffers come and go, for each buffer of 64 MB."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(6):
        torch.empty(size).fill_(1.0)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * 2**24 // size

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

def held():
    with freed_memory_reused():
        for _ in range(4):  # glibc before 2.38 takes a few aligned blocks until those that are free serve the next
            faults()
        return faults(), resident()

usual = faults()
kept, while_held = held()
given_back = resident()
after = faults(3 * 2**24)  # larger than what was freed inside of the heap
print(usual, kept, after, while_held, given_back)
"""


def in_a_fresh_process():
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    return map(int, done.stdout.split())


@pytest.mark.slow
@linux
def test_freed_memory_is_kept_while_held_and_given_back_after():
    usual, kept, after, while_held, given_back = in_a_fresh_process()
    assert kept < usual / 10
    assert after > usual / 2
    assert given_back < while_held - 2**25


@pytest.fixture
def unused(monkeypatch):
    """An allocator that nobody has held yet: a command that ran in this process holds the usual one for good."""
    monkeypatch.setattr("symmeter.autodiff.memory._ALLOCATOR", _Allocator())


@linux
@pytest.mark.usefixtures("unused")
def test_the_settings_stay_while_anybody_needs_them(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "symmeter.autodiff.memory._Allocator._call", staticmethod(lambda *given: calls.append(given) or True)
    )
    with freed_memory_reused():
        held = len(calls)
        with freed_memory_reused():
            pass
        assert len(calls) == held
    assert calls[-1] == ("malloc_trim", 0)


@pytest.mark.usefixtures("unused")
def test_where_there_is_no_such_allocator_nothing_happens(monkeypatch):
    monkeypatch.setattr("symmeter.autodiff.memory.sys.platform", "darwin")
    with freed_memory_reused() as listened:
        assert not listened
