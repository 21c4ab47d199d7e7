"""Every kind of file that a result can leave as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FILE_KINDS", "FileKind"]


@dataclass(frozen=True)
class FileKind:
    """One kind of file.

    Attributes
    ----------
    name : str
        Short and unique, such as "glb" or "bust".
    group : {"model", "print", "depth", "picture", "all"}
    label : str
        What a button says.
    help : str
        What it is good for, in a few words.
    content : str
        Part of the file's name, such as "mesh".
    suffix : str
        With its dots, ".obj.zip".
    mime : str
    """

    name: str
    group: str
    label: str
    help: str
    content: str
    suffix: str
    mime: str


_BINARY, _GLB = "application/octet-stream", "model/gltf-binary"
_ZIP, _PDF, _SVG = "application/zip", "application/pdf", "image/svg+xml"

FILE_KINDS: Mapping[str, FileKind] = MappingProxyType(
    {
        row[0]: FileKind(*row)
        for row in (
            # The surface, or the points, as they are.
            ("glb", "model", "GLB", "For viewers, Blender and games", "mesh", ".glb", _GLB),
            ("obj", "model", "OBJ", "A zip with its texture", "mesh", ".obj.zip", _ZIP),
            ("ply", "model", "PLY", "The surface with colours", "mesh", ".ply", _BINARY),
            ("stl", "model", "STL", "An open sheet, not for printing", "mesh", ".stl", _BINARY),
            ("points", "model", "Points PLY", "For CloudCompare", "points", ".ply", _BINARY),
            ("xyz", "model", "Points XYZ", "Plain text", "points", ".xyz", "text/plain"),
            # Closed solids.
            ("bust", "print", "Bust", "Stands, flat behind", "bust", ".stl", _BINARY),
            ("relief", "print", "Relief", "The face on a plate", "relief", ".stl", _BINARY),
            (
                "lithophane",
                "print",
                "Lithophane",
                "Stands before a light",
                "lithophane",
                ".stl",
                _BINARY,
            ),
            # What the network said.
            ("depth", "depth", "PNG, 16 bit", "A grey picture", "depth", ".png", "image/png"),
            ("pfm", "depth", "PFM", "Floats, for vision tools", "depth", ".pfm", _BINARY),
            ("npy", "depth", "NPY", "Floats, for NumPy", "depth", ".npy", _BINARY),
            ("depth-map", "depth", "Figure", "PDF with a colour bar", "depth-map", ".pdf", _PDF),
            # The view.
            ("png", "picture", "PNG", "For slides and pages", "view", ".png", "image/png"),
            ("webp", "picture", "WebP", "Smaller than PNG", "view", ".webp", "image/webp"),
            ("svg", "picture", "SVG", "For drawing programs", "view", ".svg", _SVG),
            ("pdf", "picture", "PDF", "For a paper", "view", ".pdf", _PDF),
            ("html", "picture", "HTML", "A page that turns offline", "view", ".html", "text/html"),
            ("gif", "picture", "GIF", "A film, plays everywhere", "turntable", ".gif", "image/gif"),
            ("mp4", "picture", "MP4", "A finer film", "turntable", ".mp4", "video/mp4"),
            ("all", "all", "Everything", "All of these in one zip", "everything", ".zip", _ZIP),
        )
    }
)
