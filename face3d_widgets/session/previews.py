"""Previews of files before they are made."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from face3d_widgets import export
from face3d_widgets.geometry import TO_KEEP_MORE, solid_size
from face3d_widgets.session.file_kinds import FILE_KINDS
from face3d_widgets.session.files import IN_ZIP, SURFACES
from face3d_widgets.session.model_size import ModelSize
from face3d_widgets.session.order import Order

__all__ = ["FilePreview", "preview_file"]

# Measured on the samples. Plotly's script is nearly all of a page. The faces of a head, cut
# at depth edges and decimated, pack less well as text than those of a sheet.
_OBJ_BYTES_PER_FACE = 3.2
_PNG_BYTES_PER_PIXEL = 0.4
_PAGE_BYTES = 4_840_000
_BYTES_PER_POINT = {"points": 19.0, "mesh": 40.0, "wireframe": 90.0}


@dataclass(frozen=True)
class FilePreview:
    """The preview of a file before it is made.

    Attributes
    ----------
    text : str
        Points or faces and size, "20,000 faces, 141 × 190 × 60 mm, life-size by a guess".
    n_bytes : int or None
        About how large; None where it shows only afterwards.
    """

    text: str
    n_bytes: int | None


def preview_file(kind: str, order: Order) -> FilePreview:
    """Preview what `make_file` would make, without making it.

    Sizes are within 15 percent. Those of figures and films depend on what there is to
    see and are not told.

    Raises
    ------
    ValueError
        When there is no such kind, or nothing is left of the model to be saved.
    """
    if kind not in FILE_KINDS:
        raise ValueError(f"there is no file {kind!r}; choose one of: {', '.join(FILE_KINDS)}")
    if kind in SURFACES:
        return _surface(kind, order)
    if kind in ("points", "xyz"):
        return _points(kind, order)
    if FILE_KINDS[kind].group == "print":
        size = solid_size(order.geometry, order.params, replace(order.choices.solid, style=kind))
        n_bytes = export.estimated_size("stl", size.vertices, size.faces)
        return FilePreview(f"{size.faces:,} faces, {_extent(size.extent)}", n_bytes)
    if kind in ("depth", "pfm", "npy"):
        suffix, n_pixels = FILE_KINDS[kind].suffix[1:], order.inverse_depth.values.size
        text = f"{order.photo.width:,} × {order.photo.height:,} pixels"
        return FilePreview(text, export.estimated_size(suffix, n_pixels=n_pixels))
    if kind in ("gif", "mp4"):
        turn = "whole turn" if order.choices.whole_turn else "swings to both sides"
        return FilePreview(f"{order.choices.film_seconds:g} seconds, {turn}", None)
    if kind == "html":
        return FilePreview("One page with all it needs", _page_bytes(order))
    if kind == "all":
        return _everything(order)
    width, dpi = order.choices.width_mm, order.choices.dpi
    return FilePreview(f"{width:g} mm wide, {width / 25.4 * dpi:,.0f} pixels", None)


def _surface(kind: str, order: Order) -> FilePreview:
    params = replace(order.params, mm_per_unit=None)
    size = order.geometry.surface_size(params, order.choices.n_faces)
    if size.faces == 0:
        raise ValueError(f"nothing is left of the surface; {TO_KEEP_MORE}")
    textured = len(export.texture_jpeg(order.photo)) if kind in ("glb", "obj") else None
    suffix = FILE_KINDS[kind].suffix[1:]
    n_bytes = export.estimated_size(suffix, size.vertices, size.faces, texture=textured)
    if kind == "obj":
        n_bytes += round(_OBJ_BYTES_PER_FACE * size.faces)
    known = order.size_of(size.extent)
    text = f"{size.faces:,} faces, {_extent(size.extent, known)}"
    if kind == "stl":
        text += ", an open sheet: for a print, choose one under Print"
    return FilePreview(text, n_bytes)


def _points(kind: str, order: Order) -> FilePreview:
    points = order.cloud.points
    if len(points) == 0:
        raise ValueError(f"nothing is left of the points; {TO_KEEP_MORE}")
    n_bytes = export.estimated_size("ply" if kind == "points" else "xyz", len(points))
    extent = tuple(map(float, np.ptp(points, axis=0)))
    text = f"{len(points):,} points, {_extent(extent, order.cloud_size)}"
    return FilePreview(text, n_bytes)


def _everything(order: Order) -> FilePreview:
    sizes = {order.file_name(kind): preview_file(kind, order).n_bytes or 0 for kind in IN_ZIP}
    pixels = order.choices.width_mm / 25.4 * order.choices.dpi
    sizes[order.file_name("png")] = round(_PNG_BYTES_PER_PIXEL * pixels**2)
    text = f"{len(IN_ZIP) + 2} files, {_surface('glb', order).text}"
    return FilePreview(text, export.estimated_bundle_size(sizes))


def _page_bytes(order: Order) -> int:
    drawn = min(order.params.n_points, order.inverse_depth.values.size)
    return round(_PAGE_BYTES + _BYTES_PER_POINT[order.view.draw_as] * drawn)


def _extent(extent: tuple[float, ...], size: ModelSize | None = None) -> str:
    """Width, height and depth in millimetres; of relative lengths with what is said of them."""
    scale = 1.0 if size is None else size.mm_per_unit
    digits = 0 if max(extent) * scale >= 20 else 1
    text = " × ".join(f"{length * scale:.{digits}f}" for length in extent) + " mm"
    return text if size is None else f"{text}, {size.words}"
