"""Files of every kind of data that are damaged, absurd, or not what their names say."""

import gzip
import io
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from tests.domains.volumes.scans import write_nifti, write_series

Make = Callable[[Path], object]


def image(path: Path) -> None:
    Image.fromarray(np.full((8, 8, 3), 100, np.uint8)).save(path)


def heic(path: Path) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    image(path)


def sound(path: Path) -> None:
    import soundfile

    soundfile.write(str(path), np.linspace(-0.5, 0.5, 200), 8000)


def edf(path: Path) -> None:
    import pyedflib

    heads = pyedflib.highlevel.make_signal_headers(["a"], sample_frequency=100)
    pyedflib.highlevel.write_edf(str(path), np.linspace(-1, 1, 200)[None], heads)


def text(content: str) -> Make:
    return lambda path: path.write_text(content)


def content(data: bytes) -> Make:
    return lambda path: path.write_bytes(data)


def array(*shape: int) -> Make:
    return lambda path: np.save(path, np.ones(shape, np.float32))


def arrays(**named: np.ndarray) -> Make:
    return lambda path: np.savez(path, **named)


FRAME = "2\nProperties=species:S:1:pos:R:3\nH 0 0 0\nO 0 0 1\n"
CIF = "data_a\n_cell_length_a 3\n_cell_length_b 3\n_cell_length_c 3\n_cell_angle_alpha 90\n"
PLY = "ply\nformat ascii 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\nend_header\n0 0 1\n"
ONES = np.ones((2, 1, 16), np.float32)

# Whole files, by kind of data and name.
WHOLE: dict[tuple[str, str], Make] = {
    **{("images", f"a.{ending}"): image for ending in ("png", "jpg", "gif", "bmp", "tif", "webp", "ppm")},
    ("images", "a.avif"): image,
    ("images", "a.heic"): heic,
    ("images", "a.npy"): lambda path: np.save(path, np.ones((2, 8, 8, 3), np.uint8)),
    ("images", "a.npz"): arrays(images=np.ones((2, 8, 8, 3), np.uint8)),
    **{("signals", f"a.{ending}"): sound for ending in ("wav", "flac", "ogg")},
    ("signals", "a.edf"): edf,
    ("signals", "a.csv"): text("1,2\n3,4\n"),
    ("signals", "a.npy"): array(1, 16),
    ("signals", "a.npz"): arrays(signals=ONES),
    ("volumes", "a.nii"): write_nifti,
    ("volumes", "a.nii.gz"): write_nifti,
    ("volumes", "a.npy"): array(4, 4, 4),
    ("volumes", "a.npz"): arrays(volumes=np.ones((2, 1, 4, 4, 4), np.float32)),
    ("video", "a.npz"): arrays(videos=np.ones((2, 3, 2, 4, 4), np.float32)),
    ("points", "a.ply"): text(PLY.format(1)),
    ("points", "a.off"): text("OFF\n3 1 0\n0 0 0\n0 0 1\n0 1 0\n3 0 1 2\n"),
    ("points", "a.xyz"): text("0 0 1\n0 1 0\n"),
    ("points", "a.npz"): arrays(points=np.ones((2, 4, 3), np.float32)),
    ("atoms", "a.xyz"): text(FRAME),
    ("atoms", "a.extxyz"): text(FRAME),
    ("atoms", "a.cif"): text(CIF),
}


def changed(change: Callable[[bytes], bytes]) -> Callable[[Make], Make]:
    """A whole file, and then its bytes changed."""

    def damage(whole: Make) -> Make:
        def make(path: Path) -> None:
            whole(path)
            path.write_bytes(change(path.read_bytes()))

        return make

    return damage


def instead(make: Make) -> Callable[[Make], Make]:
    return lambda whole: make


PAGE = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n"
DAMAGE: dict[str, Callable[[Make], Make]] = {
    "empty": instead(content(b"")),
    "folder": instead(Path.mkdir),
    "page": instead(content(PAGE)),
    "zeros": instead(content(bytes(3000))),
    "ones": instead(content(b"\xff" * 3000)),
    "program": instead(content(b"\x7fELF" + bytes(range(256)) * 4)),
    "archive": instead(lambda path: zipfile.ZipFile(path, "w").close()),
    "a tenth": changed(lambda data: data[: len(data) // 10]),
    "half": changed(lambda data: data[: len(data) // 2]),
    "turned": changed(lambda data: data[::-1]),
    "spoilt": changed(lambda data: data[:4] + bytes(value ^ 0x5A for value in data[4:])),
    "late": changed(lambda data: b"\n\n\0garbage" + data),
}


def png(width: int, height: int) -> bytes:
    """A PNG that says it is of this size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def npy(shape: str, kind: str = "<f4") -> bytes:
    """A .npy that says it is of this shape."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(64)


def nifti(*shape: int) -> bytes:
    """A NIfTI header that says it is of this shape, and few voxels."""
    import nibabel

    head = nibabel.Nifti1Header()
    head.set_data_dtype(np.float32)
    head.set_data_shape((2, 2, 2))
    packed = bytearray(head.binaryblock)
    struct.pack_into("<8h", packed, 40, len(shape), *shape, *[1] * (7 - len(shape)))
    return bytes(packed) + bytes(4 + 64)


def wav(frames: int) -> bytes:
    """A WAV whose header says it has so many bytes of samples."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(20))
    found = bytearray(stream.getvalue())
    struct.pack_into("<I", found, 40, frames)
    return bytes(found)


def bomb(name: str) -> Make:
    """An archive of a few megabytes with an array that unpacks to 300 megabytes."""

    def make(path: Path) -> None:
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(f"{name}.npy", "w") as file,
        ):
            file.write(npy("(2, 3, 9460, 9460)"))
            for _ in range(300):
                file.write(bytes(2**20))

    return make


def packed_scan(path: Path) -> None:
    """A scan of 800 megabytes, of which 300 are there, packed."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(nifti(600, 600, 600))
        for _ in range(300):
            file.write(bytes(2**20))


def slices(path: Path, tag: str, value: object) -> None:
    """A series of slices, of which one says something absurd."""
    import pydicom

    write_series(path)
    first = sorted(path.iterdir())[0]
    read = pydicom.dcmread(first)
    setattr(read, tag, value)
    read.save_as(first)


HUGE = 1_000_000_000_000
# What is absurd: by kind of data, name and words for it; and what the line says.
ABSURD: dict[tuple[str, str, str], tuple[Make, str]] = {
    ("images", "a.png", "2^31 wide"): (content(png(2**31 - 1, 2**31 - 1)), "a.png"),
    ("images", "a.png", "100,000 wide"): (content(png(100_000, 100_000)), "a.png.*decompression bomb"),
    ("images", "a.png", "nothing wide"): (content(png(0, 0)), "a.png"),
    ("images", "a.bmp", "huge"): (content(b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 2**30, 2**30, 1, 24, 0, 0, 0, 0, 0, 0)), "a.bmp"),
    ("images", "a.gif", "huge"): (content(b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";"), "a.gif"),
    ("images", "a.npz", "bomb"): (bomb("images"), "a.npz.*would unpack to"),
    ("images", "a.npz", "objects"): (arrays(images=np.array([{}, None], dtype=object)), "a.npz"),
    ("images", "a.npz", "other names"): (arrays(a=np.ones(3)), "needs an array named images; it has a"),
    ("images", "a.npz", "floats"): (arrays(images=np.ones((2, 8, 8, 3))), "must be uint8"),
    ("images", "a.npz", "labels too few"): (arrays(images=np.ones((2, 8, 8, 3), np.uint8), labels=np.ones(1)), "1 labels for 2"),
    ("images", "a.npz", "labels of words"): (arrays(images=np.ones((2, 8, 8, 3), np.uint8), labels=np.array(["a", "b"])), "labels must be whole"),
    ("images", "a.npz", "labels NaN"): (arrays(images=np.ones((2, 8, 8, 3), np.uint8), labels=np.array([np.nan, 1])), "labels must be whole"),
    ("images", "a.npz", "labels infinite"): (arrays(images=np.ones((2, 8, 8, 3), np.uint8), labels=np.array([np.inf, 1])), "labels must be whole"),
    ("images", "a.npz", "no images"): (arrays(images=np.ones((0, 8, 8, 3), np.uint8)), "a.npz"),
    ("signals", "a.wav", "4 GB"): (content(wav(2**32 - 1)), ""),
    ("signals", "a.npy", "huge"): (content(npy(f"({HUGE},)")), "a.npy"),
    ("signals", "a.npy", "negative"): (content(npy("(-5,)")), "a.npy"),
    ("signals", "a.npy", "no shape"): (content(npy("'a'")), "a.npy"),
    ("signals", "a.npy", "objects"): (content(npy("(2,)", "|O")), "a.npy"),
    ("signals", "a.npy", "whole"): (content(npy("(2,)", "<i4")), "int32 of shape"),
    ("signals", "a.npy", "deep"): (content(npy("(" * 5000)), "a.npy"),
    ("signals", "a.npy", "nothing"): (lambda path: np.save(path, np.ones((1, 0))), "no samples"),
    ("signals", "a.npz", "bomb"): (bomb("signals"), "a.npz.*would unpack to"),
    ("signals", "a.csv", "words"): (text("a,b\nc,d\n"), "a.csv"),
    ("signals", "a.csv", "ragged"): (text("1,2\n3\n"), "a.csv"),
    ("signals", "a.csv", "names only"): (text("a,b\n"), "a.csv"),
    ("signals", "a.csv", "one long line"): (text("1," * 50_000), "a.csv"),
    ("volumes", "a.nii", "32767^3"): (content(nifti(32767, 32767, 32767)), "a.nii.*would unpack to"),
    ("volumes", "a.nii", "negative"): (content(nifti(-5, 5, 5)), "a.nii"),
    ("volumes", "a.nii", "nothing"): (content(nifti(0, 0, 0)), "a.nii"),
    ("volumes", "a.nii", "in time"): (content(nifti(2, 2, 2, 500)), "series of volumes"),
    ("volumes", "a.nii.gz", "bomb"): (packed_scan, "a.nii.gz.*would unpack to"),
    ("volumes", "a.npy", "huge"): (content(npy(f"({HUGE}, 4, 4)")), "a.npy"),
    ("volumes", "scans", "rows"): (lambda path: slices(path, "Rows", 65535), "scans"),
    ("volumes", "scans", "bits"): (lambda path: slices(path, "BitsAllocated", 7), "scans"),
    ("volumes", "scans", "no place"): (lambda path: slices(path, "ImagePositionPatient", None), "scans"),
    ("volumes", "scans", "far away"): (lambda path: slices(path, "ImagePositionPatient", [0, 0, 1e30]), "scans"),
    ("volumes", "scans", "spacing"): (lambda path: slices(path, "PixelSpacing", [0, 0]), "scans"),
    ("volumes", "a.npz", "bomb"): (bomb("volumes"), "a.npz.*would unpack to"),
    ("video", "a.npz", "bomb"): (bomb("videos"), "a.npz.*would unpack to"),
    ("video", "a.npz", "still"): (arrays(videos=np.ones((2, 3, 4, 4))), "give floating point videos"),
    ("points", "a.ply", "huge"): (text(PLY.format(HUGE)), "a.ply"),
    ("points", "a.ply", "negative"): (text(PLY.format(-1)), "a.ply"),
    ("points", "a.ply", "endless header"): (text("ply\n" + "comment a\n" * 100_000), "a.ply"),
    ("points", "a.off", "huge"): (text(f"OFF\n{HUGE} {HUGE} 0\n0 0 0\n"), "a.off"),
    ("points", "a.xyz", "words"): (text("a b c\n"), "a.xyz"),
    ("points", "a.npz", "bomb"): (bomb("points"), "a.npz.*would unpack to"),
    ("atoms", "a.xyz", "huge"): (text(f"{HUGE}\n\nH 0 0 0\n"), "a.xyz: ASE cannot read it: line 1 says"),
    ("atoms", "a.xyz", "negative"): (text("-1\n\nH 0 0 0\n"), "a.xyz"),
    ("atoms", "a.xyz", "unknown element"): (text("1\n\nXq 0 0 0\n"), "a.xyz: ASE cannot read it"),
    ("atoms", "a.xyz", "nothing"): (text("0\n\n"), "a.xyz|frame"),
    ("atoms", "a.extxyz", "bad header"): (text('1\nProperties=species:S:999999999:pos:R:3\nH 0 0 0\n'), "a.extxyz"),
    ("atoms", "a.extxyz", "bad lattice"): (text('1\nLattice="1 2"\nH 0 0 0\n'), "a.extxyz"),
}  # fmt: skip
