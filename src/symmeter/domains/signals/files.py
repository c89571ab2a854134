"""Signals in files: sound (wav, flac, ogg), EDF, tables and NumPy's arrays; folders of them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from symmeter.domains.signals import tables
from symmeter.domains.signals.recording import Recording
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.source import Source, check_unpacked, files_in, from_files, from_folder, has_files

SOUNDS, EDF = (".wav", ".flac", ".ogg"), (".edf", ".bdf")


@dataclass(frozen=True)
class Format:
    """A kind of file with one signal: `read` reads it, `rate` its rate alone; `package`, of an extra, reads it."""

    read: Callable[[Path], Recording]
    rate: Callable[[Path], float | None]
    package: tuple[str, str] | None = None


def sounds(path: Path) -> Recording:
    """Whatever libsndfile reads."""
    with require("soundfile", "audio").SoundFile(str(path)) as file:
        check_unpacked(path, file.frames * file.channels * 4)
        values = file.read(dtype="float32", always_2d=True)
        return Recording(torch.from_numpy(values.T.copy()), float(file.samplerate))


def rate_of_sounds(path: Path) -> float:
    """How many samples a second such a file has, from its header."""
    return float(require("soundfile", "audio").info(str(path)).samplerate)


def edf(path: Path) -> Recording:
    """All channels of an EDF file, in their own units; ValueError where they have rates of their own."""
    with require("pyedflib", "signals").EdfReader(str(path)) as file:
        rate = _one_rate(file)
        values = np.stack([file.readSignal(channel) for channel in range(file.signals_in_file)])
    return Recording(torch.from_numpy(values.astype(np.float32)), rate)


def rate_of_edf(path: Path) -> float:
    """The rate of all channels of an EDF file; ValueError where they differ."""
    with require("pyedflib", "signals").EdfReader(str(path)) as file:
        return _one_rate(file)


def _one_rate(file: Any) -> float:
    """Of an open EDF file."""
    rates = sorted(set(file.getSampleFrequencies().tolist()))
    if len(rates) > 1:
        raise ValueError(
            f"its channels have several sample rates ({', '.join(map('{:g}'.format, rates))} Hz)"
        )
    return float(rates[0])


def array(path: Path) -> Recording:
    """One array (C, L) or (L,)."""
    values = np.load(path, allow_pickle=False)
    if values.dtype.kind != "f" or values.ndim not in (1, 2):
        raise ValueError(f"{values.dtype} of shape {values.shape} is no signal (C, L) in floating point")
    return Recording(torch.from_numpy(np.atleast_2d(values)))


FORMATS: Mapping[str, Format] = {
    **dict.fromkeys(SOUNDS, Format(sounds, rate_of_sounds, ("soundfile", "audio"))),
    **dict.fromkeys(EDF, Format(edf, rate_of_edf, ("pyedflib", "signals"))),
    ".csv": Format(tables.read, tables.rate_at),
    ".npy": Format(array, lambda path: None),
}


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
        source = from_folder(place, tuple(FORMATS), "signal", read)
    else:
        source = from_files([(place, place.name, None)], str(place), "file", "signal", read)
    return replace(source, name=os.path.basename(os.path.abspath(place)), path=path)


def read_file(path: Path) -> Recording:
    """One file; whatever is wrong with it is raised. ValueError for one without samples."""
    found = FORMATS[path.suffix.lower()].read(path)
    if not found.samples.numel():
        raise ValueError("it has no samples")
    return found


def first_rate(path: str) -> float | None:
    """The rate of the first file that can be read and has one; None where there is none."""
    place = Path(path).expanduser()
    folders = [place, *sorted(inner for inner in place.iterdir() if inner.is_dir())] if place.is_dir() else []
    files = [file for folder in folders for file in files_in(folder, tuple(FORMATS))] or [place]
    return next(filter(None, map(_rate_of, files)), None)


def _rate_of(file: Path) -> float | None:
    try:
        return FORMATS[file.suffix.lower()].rate(file)
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
    if not place.is_dir() and ending not in FORMATS:
        known = ", ".join(extension[1:] for extension in FORMATS)
        raise SymmeterError(
            f"{path}: signals are read from {known}, a folder of these, or an .npz with signals"
        )
    package = FORMATS[ending].package if ending in FORMATS else None
    if package:
        require(*package)
