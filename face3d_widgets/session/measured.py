"""Facts of a file, read from its bytes: counts, lengths, and whether a shape is closed."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from face3d_widgets.figures import film_size
from face3d_widgets.session.file_kinds import FILE_KINDS

__all__ = ["FileFacts", "measure_file"]

_MM_PER_INCH, _POINTS_PER_INCH = 25.4, 72
_PLY_TYPES = {"float": "<f4", "uchar": "u1"}


@dataclass(frozen=True)
class FileFacts:
    """Facts that were found in a file; None of what its kind does not have.

    Attributes
    ----------
    faces, points : int or None
        Triangles of a surface or a solid; points of a cloud.
    extent_mm : (x, y, z) or None
        Sides of its box, along the file's axes.
    closed : bool or None
        Whether every edge has exactly two triangles that run along it in opposite ways:
        there is an inside, as a printer needs it. Corners at one place are one corner.
    pixels : (width, height) or None
    paper_mm : (width, height) or None
        Size on paper, where the file says it.
    seconds : float or None
    files : int or None
        In a zip of everything.
    """

    faces: int | None = None
    points: int | None = None
    extent_mm: tuple[float, float, float] | None = None
    closed: bool | None = None
    pixels: tuple[int, int] | None = None
    paper_mm: tuple[float, float] | None = None
    seconds: float | None = None
    files: int | None = None

    @property
    def text(self) -> str:
        """For a person: "20,000 faces, 141 × 190 × 60.3 mm, open"."""
        parts = []
        if self.files is not None:
            parts.append(f"{self.files} files")
        if self.faces is not None:
            parts.append(f"{self.faces:,} faces")
        if self.points is not None:
            parts.append(f"{self.points:,} points")
        if self.extent_mm is not None:
            parts.append(f"{' × '.join(map(_length, self.extent_mm))} mm")
        if self.closed is not None:
            parts.append("closed" if self.closed else "open")
        if self.paper_mm is not None:
            parts.append(f"{_length(self.paper_mm[0])} × {_length(self.paper_mm[1])} mm")
        if self.pixels is not None:
            parts.append(f"{self.pixels[0]:,} × {self.pixels[1]:,} pixels")
        if self.seconds is not None:
            parts.append(f"{self.seconds:.3g} seconds")
        return ", ".join(parts)


def measure_file(kind: str, data: bytes) -> FileFacts:
    """Read a file of a kind that `make_file` makes.

    Parameters
    ----------
    kind : str
        One of `FILE_KINDS`.
    data : bytes

    Returns
    -------
    FileFacts
        Empty for a page of HTML, which has no size of its own, and for what is no such file.
    """
    read = _READERS.get(FILE_KINDS[kind].suffix)
    if read is None:
        return FileFacts()
    try:
        return read(data)
    except (ValueError, LookupError, OSError, EOFError, zipfile.BadZipFile):
        return FileFacts()


def _length(mm: float) -> str:
    return f"{mm:.1f}".removesuffix(".0")


# --- shapes ------------------------------------------------------------------------------------


def _facts_of(vertices: NDArray, faces: NDArray | None, mm: float = 1.0) -> FileFacts:
    """Of (n, 3) float places and (m, 3) int corners; None are points."""
    sides = np.ptp(vertices.astype(np.float64), axis=0) * mm
    extent = (float(sides[0]), float(sides[1]), float(sides[2]))
    if faces is None:
        return FileFacts(points=len(vertices), extent_mm=extent)
    closed = _is_closed(_numbered(vertices)[faces])
    return FileFacts(faces=len(faces), extent_mm=extent, closed=closed)


def _numbered(vertices: NDArray) -> NDArray[np.int64]:
    """(n,): the number of each vertex' place; those at one place have one number."""
    places = vertices + 0.0  # no negative zeros
    order = np.lexsort(places.T)
    another = (np.diff(places[order], axis=0) != 0).any(axis=1)
    number = np.empty(len(places), np.int64)
    number[order] = np.concatenate([[0], np.cumsum(another)])
    return number


def _is_closed(corners: NDArray[np.int64]) -> bool:
    """Tell whether every edge is run along once to and once fro."""
    a, b, c = corners.T
    corners = corners[(a != b) & (b != c) & (c != a)]  # a triangle without area has no say
    if len(corners) == 0:
        return False
    start = corners.ravel()
    end = np.roll(corners, -1, axis=1).ravel()
    size = int(corners.max()) + 1
    there, back = np.sort(start * size + end), np.sort(end * size + start)
    return bool((np.diff(there) != 0).all() and np.array_equal(there, back))


def _glb(data: bytes) -> FileFacts:
    length = int.from_bytes(data[12:16], "little")
    tree = json.loads(data[20 : 20 + length])
    binary = data[28 + length :]

    def array(number: int, kind: str, width: int) -> NDArray:
        accessor = tree["accessors"][number]
        start = tree["bufferViews"][accessor["bufferView"]].get("byteOffset", 0)
        flat = np.frombuffer(binary, kind, accessor["count"] * width, start)
        return flat.reshape(-1, width)

    primitive = tree["meshes"][0]["primitives"][0]
    vertices = array(primitive["attributes"]["POSITION"], "<f4", 3)
    faces = array(primitive["indices"], "<u4", 1).reshape(-1, 3)
    return _facts_of(vertices, faces, 1000.0)  # glTF is in metres


def _stl(data: bytes) -> FileFacts:
    layout = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
    count = int.from_bytes(data[80:84], "little")
    table = np.frombuffer(data, layout, count, 84)
    vertices = table["corners"].reshape(-1, 3)
    return _facts_of(vertices, np.arange(len(vertices)).reshape(-1, 3))


def _ply(data: bytes) -> FileFacts:
    end = data.index(b"end_header\n") + len(b"end_header\n")
    lines = [line.split() for line in data[:end].decode("ascii").splitlines()]
    counts = {line[1]: int(line[2]) for line in lines if line[0] == "element"}
    columns = [
        (line[2], _PLY_TYPES[line[1]]) for line in lines if line[0] == "property" and len(line) == 3
    ]
    table = np.frombuffer(data, np.dtype(columns), counts["vertex"], end)
    vertices = np.stack([table[axis] for axis in "xyz"], axis=1)
    if "face" not in counts:
        return _facts_of(vertices, None)
    layout = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
    return _facts_of(
        vertices, np.frombuffer(data, layout, counts["face"], end + table.nbytes)["corners"]
    )


def _obj(data: bytes) -> FileFacts:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".obj")]
        text = archive.read(name)
    lines = text.split(b"\n")
    places = [line[2:] for line in lines if line.startswith(b"v ")]
    corners = [line[2:] for line in lines if line.startswith(b"f ")]
    vertices = np.array(b" ".join(places).split(), float).reshape(len(places), -1)[:, :3]
    numbers = np.array(b" ".join(corners).replace(b"/", b" ").split(), np.int64)
    per_corner = numbers.size // (3 * len(corners))
    return _facts_of(vertices, numbers.reshape(-1, 3, per_corner)[:, :, 0] - 1)


def _xyz(data: bytes) -> FileFacts:
    return _facts_of(np.array(data.split(), float).reshape(-1, 6)[:, :3], None)


# --- pictures and films ------------------------------------------------------------------------


def _picture(data: bytes) -> FileFacts:
    with Image.open(io.BytesIO(data)) as picture:
        width, height = picture.size
        dpi = picture.info.get("dpi")
        frames = getattr(picture, "n_frames", 1)
        if picture.format == "GIF":
            seconds = 0.0
            for k in range(frames):
                picture.seek(k)
                seconds += picture.info.get("duration", 0) / 1000
            return FileFacts(pixels=(width, height), seconds=seconds)
    paper = None
    if dpi is not None:
        paper = (width / dpi[0] * _MM_PER_INCH, height / dpi[1] * _MM_PER_INCH)
    return FileFacts(pixels=(width, height), paper_mm=paper)


def _svg(data: bytes) -> FileFacts:
    root = re.search(rb"<svg[^>]*>", data)
    sides = re.findall(rb'\b(width|height)="([\d.]+)mm"', root[0] if root else b"")
    paper = {name: float(mm) for name, mm in sides}
    return FileFacts(paper_mm=(paper[b"width"], paper[b"height"]))


def _pdf(data: bytes) -> FileFacts:
    box = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", data)
    if box is None:
        return FileFacts()
    width, height = (float(side) / _POINTS_PER_INCH * _MM_PER_INCH for side in box.groups())
    return FileFacts(paper_mm=(width, height))


def _film(data: bytes) -> FileFacts:
    width, height, seconds = film_size(data)
    return FileFacts(pixels=(width, height), seconds=seconds)


def _pfm(data: bytes) -> FileFacts:
    width, height = data.split(b"\n", 2)[1].split()
    return FileFacts(pixels=(int(width), int(height)))


def _npy(data: bytes) -> FileFacts:
    height, width = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False).shape
    return FileFacts(pixels=(width, height))


def _zip(data: bytes) -> FileFacts:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return FileFacts(files=len(archive.namelist()))


_READERS: Mapping[str, Callable[[bytes], FileFacts]] = {
    ".glb": _glb,
    ".stl": _stl,
    ".ply": _ply,
    ".obj.zip": _obj,
    ".xyz": _xyz,
    ".png": _picture,
    ".webp": _picture,
    ".gif": _picture,
    ".svg": _svg,
    ".pdf": _pdf,
    ".mp4": _film,
    ".pfm": _pfm,
    ".npy": _npy,
    ".zip": _zip,
}
