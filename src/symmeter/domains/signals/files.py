"""Signals in files: sound (wav, flac, ogg), EDF, CSV with channels as columns, and NumPy's; folders of them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import Source, check_unpacked, files_in, from_files, from_folder, has_files

SOUNDS, EDF = (".wav", ".flac", ".ogg"), (".edf", ".bdf")


@dataclass(frozen=True)
class Recording:
    """One signal (C, L), and how many samples it has a second, None where that is not known."""

    samples: Tensor
    rate: float | None = None


def sounds(path: Path) -> Recording:
    """Whatever libsndfile reads."""
    with require("soundfile", "audio").SoundFile(str(path)) as file:
        check_unpacked(path, file.frames * file.channels * 4)
        values = file.read(dtype="float32", always_2d=True)
        return Recording(torch.from_numpy(values.T.copy()), float(file.samplerate))


def edf(path: Path) -> Recording:
    """All channels of an EDF file, in their own units; ValueError where they have rates of their own."""
    with require("pyedflib", "signals").EdfReader(str(path)) as file:
        rates = sorted(set(file.getSampleFrequencies().tolist()))
        if len(rates) > 1:
            raise ValueError(
                f"its channels have several sample rates ({', '.join(map('{:g}'.format, rates))} Hz)"
            )
        values = np.stack([file.readSignal(channel) for channel in range(file.signals_in_file)])
    return Recording(torch.from_numpy(values.astype(np.float32)), float(rates[0]))


def csv(path: Path) -> Recording:
    """A table of numbers, one column for each channel; a first line of names is passed over."""
    first, *_ = path.read_text(encoding="utf-8").splitlines() or [""]
    named = any(character.isalpha() for character in first.lower().replace("e", "").replace("nan", ""))
    values = np.loadtxt(path, delimiter=",", skiprows=int(named), ndmin=2, dtype=np.float32)
    return Recording(torch.from_numpy(values.T.copy()))


def array(path: Path) -> Recording:
    """One array (C, L) or (L,)."""
    values = np.load(path, allow_pickle=False)
    if values.dtype.kind != "f" or values.ndim not in (1, 2):
        raise ValueError(f"{values.dtype} of shape {values.shape} is no signal (C, L) in floating point")
    return Recording(torch.from_numpy(np.atleast_2d(values)))


READERS: Mapping[str, Callable[[Path], Recording]] = {
    **dict.fromkeys(SOUNDS, sounds),
    **dict.fromkeys(EDF, edf),
    ".csv": csv,
    ".npy": array,
}
_PACKAGES = {**dict.fromkeys(SOUNDS, ("soundfile", "audio")), **dict.fromkeys(EDF, ("pyedflib", "signals"))}


def is_sound(data: str | Path) -> bool:
    """Whether a path is of sounds or EDF, as far as its name, or the names in a folder, show it.

    >>> is_sound("clip.wav"), is_sound("table.csv")
    (True, False)
    """
    place = Path(data).expanduser()
    if place.is_dir():
        return has_files(place, (*SOUNDS, *EDF))
    return place.suffix.lower() in (*SOUNDS, *EDF)


def from_path(path: str, checked: Callable[[Recording, str], Recording]) -> Source:
    """The signals that lie there, each as `checked` leaves it, which is given its name."""
    check_path(path)
    place = Path(path).expanduser()
    read = lambda file: checked(read_file(file), file.name)
    if place.is_dir():
        source = from_folder(place, tuple(READERS), "signal", read)
    else:
        source = from_files([(place, place.name, None)], str(place), "file", "signal", read)
    return replace(source, name=os.path.basename(os.path.abspath(place)), path=path)


def read_file(path: Path) -> Recording:
    """One file; whatever is wrong with it is raised. ValueError for one without samples."""
    found = READERS[path.suffix.lower()](path)
    if not found.samples.numel():
        raise ValueError("it has no samples")
    return found


def first_rate(path: str) -> float | None:
    """The rate of the first file that can be read and has one; None where there is none."""
    place = Path(path).expanduser()
    folders = [place, *sorted(inner for inner in place.iterdir() if inner.is_dir())] if place.is_dir() else []
    files = [file for folder in folders for file in files_in(folder, tuple(READERS))] or [place]
    return next(filter(None, map(_rate_of, files)), None)


def _rate_of(file: Path) -> float | None:
    try:
        return read_file(file).rate
    except SymmeterError:
        raise
    except Exception:  # it is skipped and named when it is its turn
        return None


def check_path(path: str) -> None:
    """SymmeterError for a path where no signal can be, or without the package that reads it."""
    place = Path(path).expanduser()
    if not place.exists():
        raise SymmeterError(f"{path}: no such file or folder")
    ending = place.suffix.lower()
    if not place.is_dir() and ending not in READERS:
        known = ", ".join(extension[1:] for extension in READERS)
        raise SymmeterError(
            f"{path}: signals are read from {known}, a folder of these, or an .npz with signals"
        )
    if ending in _PACKAGES:
        require(*_PACKAGES[ending])
