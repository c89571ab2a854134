"""What the networks are measured on: a path for each name, made here where no file has it."""

import importlib
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.places import Places

RATE, LONG, FRAME = 16000, 2048, 512  # samples a second, of a sound and of a frame
SOLIDS, SOUNDS, CRYSTALS = 204, 200, 20
POINTS = 512
FACE = 0.9  # the score from which a face counts
UPRIGHT = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # solids stand along z, those of ModelNet along y


def photographs(places: Places) -> Path:
    """200 photographs of 1000 classes."""
    return _there(places.shared / "images" / "photos")


def cifar10(places: Places) -> Path:
    """The test images of CIFAR-10, from copies as JPEG."""
    return _there(places.shared / "images" / "cifar10" / "test.npz")


def ethanol(places: Places) -> Path:
    """100 frames of a molecule in motion."""
    return _there(places.shared / "atoms" / "md17_ethanol_100.xyz")


def digits(places: Places) -> Path:
    """Handwritten digits of scikit-learn, those that `symmeter demo` holds out."""
    return _made(places, "digits.npz", _write_digits)


def faces(places: Places) -> Path:
    """Those of the photographs in which the detector itself finds a face."""
    folder = places.work / "data" / "faces"
    if not folder.is_dir():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for file in _with_faces(photographs(places)):
            shutil.copy(file, part)
        part.rename(folder)
    return folder


def solids(places: Places) -> Path:
    """Points on boxes, cylinders, cones, balls, rings and capsules of many proportions, upright along y."""
    return _made(places, "solids.npz", _write_solids)


def tones(places: Places) -> Path:
    """Sung vowels and plain tones, of any pitch between 80 and 640 Hz, in a little noise."""
    return _made(places, "tones.npz", lambda file: _write_sounds(file, LONG))


def vowels(places: Places) -> Path:
    """The same, as short as the detector of voices takes them."""
    return _made(places, "vowels.npz", lambda file: _write_sounds(file, FRAME))


def silicon(places: Places) -> Path:
    """Cubes of eight atoms of silicon, each moved a little."""
    return _made(places, "silicon.extxyz", _write_silicon)


DATA: Mapping[str, Callable[[Places], Path]] = {
    one.__name__: one
    for one in (photographs, cifar10, digits, faces, solids, tones, vowels, ethanol, silicon)
}


def _there(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"no {path.name} in the folder of data")
    return path


def _made(places: Places, name: str, write: Callable[[Path], Any]) -> Path:
    """A file that `write` makes where it is not there."""
    file = places.work / "data" / name
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"part-{name}")
        write(part)
        part.rename(file)
    return file


def _write_digits(file: Path) -> None:
    from symmeter.demo.networks import load_digits

    held_out = load_digits()
    pixels = (held_out.test_x[:, 0] * 255).round().byte().numpy()
    np.savez(file, images=pixels[..., None].repeat(1, -1), labels=held_out.test_y.numpy())


def _with_faces(folder: Path) -> list[Path]:
    from PIL import Image

    package: Any = importlib.import_module("facenet_pytorch")
    network = package.MTCNN(keep_all=True).eval()
    found = []
    for file in sorted(folder.glob("*.png")):
        boxes, scores = network.detect(Image.open(file).convert("RGB"))
        if boxes is not None and scores.max() > FACE:
            found.append(file)
    return found


def _write_solids(file: Path) -> None:
    from trimesh import creation, sample

    random, clouds = np.random.default_rng(0), []
    for number in range(SOLIDS):
        wide, high, thin = random.uniform(0.4, 1.0), random.uniform(0.3, 2.0), random.uniform(0.1, 0.4)
        makers: list[Callable[[], Any]] = [
            lambda w=wide, h=high, t=thin: creation.box((w, w * (0.5 + t), h)),
            lambda w=wide, h=high: creation.cylinder(w / 2, h),
            lambda w=wide, h=high: creation.cone(w / 2, h),
            lambda w=wide: creation.icosphere(subdivisions=3, radius=w),
            lambda t=thin: creation.torus(1.0, t),
            lambda h=high, t=thin: creation.capsule(h, t),
        ]
        mesh = makers[number % len(makers)]()
        points = sample.sample_surface(mesh, POINTS, seed=number)[0]
        points = np.asarray(points) @ UPRIGHT.T
        points = points - points.mean(0)
        clouds.append(points / np.linalg.norm(points, axis=1).max())
    np.savez(file, points=np.stack(clouds).astype(np.float32))


def _write_sounds(file: Path, length: int) -> None:
    """Every second one is its first harmonic alone; those of others are as loud as in a vowel."""
    random, t = np.random.default_rng(0), np.arange(length) / RATE
    sounds = []
    for number in range(SOUNDS):
        pitch = 80 * 8 ** random.random()
        low, high = random.uniform(300, 800), random.uniform(900, 2300)
        sound = 0.01 * random.standard_normal(length)
        for k in range(1, 2 if number % 2 else int(4000 / pitch)):
            formants = sum(math.exp(-(((k * pitch - f) / 200) ** 2)) for f in (low, high))
            sound += (0.1 + formants) * np.sin(2 * math.pi * (k * pitch * t + random.random()))
        sounds.append(0.3 * sound / np.abs(sound).max())
    np.savez(file, signals=np.stack(sounds)[:, None].astype(np.float32), sample_rate=RATE)


def _write_silicon(file: Path) -> None:
    import ase.io
    from ase.build import bulk

    random, frames = np.random.default_rng(0), []
    for _ in range(CRYSTALS):
        frames.append(bulk("Si", cubic=True))
        frames[-1].positions += random.normal(0, 0.05, (8, 3))
    ase.io.write(file, frames, format="extxyz")
