"""What an installation takes on the disk, by extras and by system: `python benchmarks/size.py`.

Each set is installed into an empty folder by uv, for Linux and for others, whose wheels are unpacked and never
run. On Linux torch comes with the libraries of CUDA; on macOS and Windows it is built for the CPU alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "lock.txt"
SETS = ("", "vision", "all")
SYSTEMS = {
    "Linux": "x86_64-manylinux_2_28",
    "macOS": "aarch64-apple-darwin",
    "Windows": "x86_64-pc-windows-msvc",
}
CUDA = ("nvidia", "triton", "cuda")  # how folders of what torch needs for CUDA begin


def size(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def installed(extras: str, system: str, folder: Path) -> None:
    """Install symmeter with these extras for a system into an empty folder."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.exit("size.py needs uv: make install")
    what = f"symmeter[{extras}] @ {ROOT.as_uri()}" if extras else f"symmeter @ {ROOT.as_uri()}"
    words = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder)]
    words += ["--python-platform", SYSTEMS[system], "--constraint", str(LOCK), what]
    subprocess.run(words, check=True, env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"})


def parts(folder: Path) -> dict[str, int]:
    """Bytes of torch, of the libraries of CUDA, and of all else."""
    found = {"torch": 0, "CUDA": 0, "other": 0}
    for path in folder.iterdir():
        name = path.name.lower()
        part = "CUDA" if name.startswith(CUDA) else "torch" if name == "torch" else "other"
        found[part] += size(path) if path.is_dir() else path.stat().st_size
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="without extras, and this system only")
    a = parser.parse_args()
    print("| extras | system | MB | torch | CUDA | all else |\n|---|---|---|---|---|---|")
    for extras in SETS[: 1 if a.quick else None]:
        for system in list(SYSTEMS)[: 1 if a.quick else None]:
            with tempfile.TemporaryDirectory() as name:
                installed(extras, system, Path(name))
                found = parts(Path(name))
            cells = [f"{bytes_ / 1e6:.0f}" for bytes_ in (sum(found.values()), *found.values())]
            print(f"| {extras or 'none'} | {system} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
