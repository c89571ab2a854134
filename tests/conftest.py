"""Fixtures and settings that every test shares."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Before torch is there: threads that spin while they wait take the cores from those that work, on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import torch

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure(config: pytest.Config) -> None:
    """Draw without a screen, never ask the network, and share the cores among the workers of xdist."""
    os.environ["MPLBACKEND"] = "Agg"
    os.environ["HF_HUB_OFFLINE"] = "1"
    pytest.register_assert_rewrite("tests.contracts")  # so that a contract that fails shows its values
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        torch.set_num_threads(max(1, torch.get_num_threads() // workers))
    # No deadline: the first call of a torch operator is slow. The same examples in every run under CI.
    hypothesis.settings.register_profile("symmeter", deadline=None, derandomize=bool(os.environ.get("CI")))
    hypothesis.settings.load_profile("symmeter")


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Python's own handler of Ctrl-C: a job in the background is started deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _shared(name: str) -> Path:
    """The folder ``name`` of ``../shared``; where there is none, skip the test, or fail it under CI."""
    path = SHARED / name
    if not path.is_dir():
        reason = f"needs the folder ../shared/{name} beside the checkout"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI is set")
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real trained weights and real images."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_oracles() -> Path:
    """Reference values, computed by independent code."""
    return _shared("oracles")


@pytest.fixture(autouse=True)
def _same_start() -> Iterator[None]:
    """Start each test from the same random state, and let no test change the default dtype for the next."""
    torch.manual_seed(0)
    dtype = torch.get_default_dtype()
    yield
    torch.set_default_dtype(dtype)
