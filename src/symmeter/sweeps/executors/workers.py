"""Who measures the cells: an executor by name, and what it is made with."""

from dataclasses import dataclass

from symmeter.errors import SymmeterError, nearest
from symmeter.optional import require
from symmeter.sweeps.executors.executor import Executor, Limits
from symmeter.sweeps.executors.local import Local
from symmeter.verbs.arguments import shown

EXECUTORS = ("local", "ray")
_NEEDED = ("fsspec", "psutil", "pandas", "pyarrow")


@dataclass(frozen=True)
class Workers:
    """Who measures the cells: an Executor, or the name of one with the arguments that it is made with."""

    executor: str | Executor = "local"
    jobs: int | None = None
    limits: Limits | None = None
    device: str | None = None
    address: str | None = None

    def check(self) -> "Workers":
        """Itself; SymmeterError where a package is missing, or no cell could use the device."""
        for package in _NEEDED + ("ray",) * (self.executor == "ray"):
            require(package, "ray" if self.executor == "ray" else "sweep")
        if self.executor == "local":
            _check_device(self.device)
        return self

    def start(self) -> Executor:
        """The executor."""
        executor = known_executor(self.executor)
        if isinstance(executor, Executor):
            return executor
        if executor == "local":
            return Local(self.jobs, self.limits, self.device)
        from symmeter.sweeps.executors.ray import Ray

        return Ray(self.jobs, self.limits, self.device, self.address)


def known_executor(executor: str | Executor) -> str | Executor:
    """Itself. Said before anything is read, and also where there is nothing to do."""
    if isinstance(executor, Executor) or executor in EXECUTORS:
        return executor
    close = (
        nearest(executor, EXECUTORS) if isinstance(executor, str) else "; choose from " + ", ".join(EXECUTORS)
    )
    raise SymmeterError(f"unknown executor {shown(executor)}{close}")


def _check_device(device: str | None) -> None:
    """SymmeterError for a device that no cell could use. It is not taken into use here, where nothing is computed."""
    import torch

    try:
        wanted = torch.device(device or "cpu")
        found = torch.cuda.device_count() if wanted.type == "cuda" else 1
    except RuntimeError:
        wanted, found = None, 0
    if wanted is None or (wanted.index or 0) >= found:
        choices = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise SymmeterError(f"device {device!r} cannot be used here; choose {choices}")
