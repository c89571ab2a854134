"""Code in a Python of its own: what it prints, and the most memory that it took."""

import subprocess
import sys

# Not ru_maxrss, which begins with what the process had that started this one.
_PEAK = """
def peak():
    import pathlib, re
    return int(re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024  # MiB
"""


def printed(code: str, *arguments: object) -> list[str]:
    """The words that code prints, without warnings; `peak()` there is the most memory so far, in MiB."""
    command = [sys.executable, "-W", "ignore", "-c", _PEAK + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
