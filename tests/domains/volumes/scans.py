"""Scans that tests write: a marked volume as NIfTI and as DICOM slices, in any orientation."""

from io import BytesIO
from pathlib import Path

import nibabel
import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

SPACING = (1.0, 1.5, 2.5)  # along x, y, z
VOXELS = (
    np.random.default_rng(0).integers(0, 200, (6, 5, 4)).astype(np.float32)
)  # (x, y, z), to the right, front, up


def write_nifti(path: Path, codes: str = "RAS", voxels: np.ndarray = VOXELS, spacing=SPACING) -> Path:
    """The volume in a file whose axes point as `codes` say."""
    affine = np.diag([*spacing, 1.0])
    own, wanted = map(nibabel.orientations.axcodes2ornt, ("RAS", codes))
    turn = nibabel.orientations.ornt_transform(own, wanted)
    image = nibabel.Nifti1Image(voxels, affine).as_reoriented(turn.tolist())
    nibabel.save(image, path)
    return path


def write_series(
    folder: Path, voxels: np.ndarray = VOXELS, uid: str | None = None, prefix: str = "slice"
) -> Path:
    """The volume as slices across z, whose rows run to the left and to the back, in files of no order."""
    folder.mkdir(exist_ok=True, parents=True)
    uid = uid or generate_uid()
    to_left_back = voxels[::-1, ::-1]  # DICOM counts positions to the left and to the back
    x, y, z = SPACING
    width, height, depth = voxels.shape
    for k in range(depth):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = MRImageStorage, generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        slice_ = FileDataset(BytesIO(), {}, file_meta=meta, preamble=b"\0" * 128)
        slice_.SOPClassUID, slice_.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
        slice_.SeriesInstanceUID, slice_.Modality = uid, "MR"
        slice_.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        slice_.ImagePositionPatient = [-(width - 1) * x, -(height - 1) * y, k * z]
        slice_.PixelSpacing = [y, x]
        slice_.RescaleSlope, slice_.RescaleIntercept = 0.5, -10
        slice_.Rows, slice_.Columns = height, width
        slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
        slice_.BitsAllocated = slice_.BitsStored = 16
        slice_.HighBit, slice_.PixelRepresentation = 15, 0
        slice_.PixelData = np.ascontiguousarray(to_left_back[:, :, k].T.astype(np.uint16)).tobytes()
        slice_.save_as(folder / f"{prefix}{(k * 7 + 3) % 11:02}.dcm", enforce_file_format=True)
    return folder
