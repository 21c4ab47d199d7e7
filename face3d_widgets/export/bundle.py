"""Everything in one zip: the files, what reproduces them, and what they are."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from face3d_widgets import __version__
from face3d_widgets.export.zip_file import zip_files

__all__ = ["bundle"]

# What a file is, by the end of its name; the first match counts.
_KINDS = (
    ("_depth.png", "Inverse depth, 16-bit grey: black is farthest, white is nearest."),
    (".pfm", "Inverse depth as the network gave it, 32-bit floats, for vision tools."),
    (".npy", "Inverse depth as the network gave it, 32-bit floats, for numpy.load."),
    (".glb", "The surface with the photo on it, for viewers, Blender, game engines and web pages."),
    (
        ".obj.zip",
        "The surface with the photo on it, as OBJ: unpack it and keep its files together.",
    ),
    ("_bust.stl", "A standing head, closed, for 3D printing."),
    ("_relief.stl", "The face on a plate, closed, for 3D printing."),
    ("_lithophane.stl", "The photo as a standing plate, closed, for 3D printing."),
    (
        ".stl",
        "The shape alone: an open sheet, which no printer can fill. For 3D printing, save\n"
        "    a bust, a relief or a lithophane instead.",
    ),
    ("_points.ply", "Points with their colours, for MeshLab and CloudCompare."),
    (".ply", "The surface with colours at its corners, for MeshLab and CloudCompare."),
    (".xyz", "Points as text, one to a line: x y z red green blue."),
    (".html", "The model to turn round in a browser; it needs no internet."),
    (".gif", "The model turning round."),
    (".mp4", "The model turning round."),
    (".svg", "A figure that can be enlarged at will."),
    (".pdf", "A figure for print."),
    (".png", "A figure."),
    (".webp", "A figure."),
    ("parameters.json", "The numbers that make the same result from the same photo."),
)

_UNITS = {
    "mm": """\
Lengths are in millimetres. In the GLB file they are in metres, as its format asks.""",
    "relative": """\
Lengths are relative: 1 is the height of the picture at the person's distance.
The GLB file calls that one metre. Mark a known distance with the ruler to have
millimetres.""",
}

_TEXT = """\
{stem}: a 3D model from one photo
{rule}

Made with face3d_widgets {version}. The depth was guessed by {model}.

FILES

{files}
AXES AND LENGTHS

In every 3D file x goes to the right, y up, and z towards whoever looks at the
face. The camera stands at 0, 0, 0. A model made for printing rests on z = 0: a
relief lies on its back, a bust and a lithophane stand and look along -y.

{unit}

HOW FAR TO TRUST IT

A network that has seen many pictures guessed which parts are near and which
are far. What it could not see, such as the back of the head, is not there or is
made up. It is a likeness and no measurement.

Inverse depth is greater for what is nearer. It is no distance: distance is
1 / (scale * value + shift), for a scale and a shift that one photo cannot tell.

PRIVACY

The photo's pixels are in the files that show it. Where, when and with what
camera it was taken is in none of them.
"""


def bundle(
    stem: str,
    files: Mapping[str, bytes],
    *,
    parameters: bytes,
    model_title: str,
    unit: str = "relative",
    size: str = "",
    facts: Mapping[str, str] | None = None,
) -> bytes:
    """One zip with a folder: `README.txt`, `parameters.json` and the files.

    Parameters
    ----------
    stem : str
        Name of the folder: the photo's name.
    files : mapping of str to bytes
        By file name, in the order in which the README lists them.
    parameters : bytes
        From `parameters_to_json`.
    model_title : str
        The network's name as people say it, "MiDaS DPT-Large".
    unit : {"relative", "mm"}
        Of the 3D files.
    size : str
        How their size is known, one or two sentences.
    facts : mapping of str to str, optional
        What was measured in a file, by its name: "20,000 faces, 141 × 190 × 60 mm, open".

    Returns
    -------
    bytes
        The same for the same contents.

    Raises
    ------
    ValueError
        For a name that is no plain file name, or that is taken already.
    """
    if taken := {"README.txt", "parameters.json"} & files.keys():
        raise ValueError(f"{', '.join(sorted(taken))} comes with the zip; give yours another name")
    everything = {**files, "parameters.json": parameters}
    told = _UNITS[unit]
    if size:
        told += "\n" + textwrap.fill(size, 80)
    readme = _TEXT.format(
        stem=stem,
        rule="=" * len(f"{stem}: a 3D model from one photo"),
        version=__version__,
        model=model_title,
        files="".join(
            _entry(name, data, (facts or {}).get(name)) for name, data in everything.items()
        ),
        unit=told,
    )
    return zip_files({"README.txt": readme.encode(), **everything}, folder=stem)


def _entry(name: str, data: bytes, facts: str | None) -> str:
    """A file's name, what it is, and what was measured in it."""
    entry = f"{name}\n    {_kind(name)}\n"
    if facts is None:
        return entry
    size = f"{len(data) / 1e6:.2f} MB"
    return f"{entry}    {f'{facts}, {size}' if facts else size}\n"


def _kind(name: str) -> str:
    return next((text for end, text in _KINDS if name.lower().endswith(end)), "Another file.")
