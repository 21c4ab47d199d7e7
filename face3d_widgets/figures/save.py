"""Figures that leave the program: pictures of a size in millimetres, and stand-alone HTML."""

from __future__ import annotations

import io
import json
import re
import struct
from typing import Any

import plotly.graph_objects as go
from PIL import Image

from face3d_widgets.figures.coloring import colored_parts
from face3d_widgets.figures.drawing_browser import the_browser
from face3d_widgets.figures.errors import BrowserError, FigureError
from face3d_widgets.figures.figure_raster import FigureRaster
from face3d_widgets.figures.scripts import own_script
from face3d_widgets.figures.signed import png_chunk, signed_pdf, signed_png, signed_webp
from face3d_widgets.figures.view_picture import picture_url

__all__ = ["IMAGE_FORMATS", "figure_as_shown", "figure_to_html", "figure_to_image", "figure_to_png"]

#: What `figure_to_image` writes, the default first.
IMAGE_FORMATS = ("png", "svg", "pdf", "webp")

_BACKGROUNDS = {"white": (255, 255, 255), "transparent": None}
_MM_PER_INCH = 25.4
# Of a figure that no screen shows.
_SCREEN = (640, 560)
# WebGL's canvas has at most 8192 pixels a side in the browsers that draw for us.
_MOST_PIXELS = 8000
# Above this many pixels, a picture drawn without a browser is fine enough without
# smoothed edges.
_SMOOTHED_PIXELS = 1_500_000


def figure_as_shown(figure: go.Figure) -> go.Figure:
    """A copy with the present camera and only what is visible; a thread may work on it.

    Of a figure in an open page it keeps the size on the screen, and so the crop. What
    colours mean, which a page says beside the figure, is written into it.
    """
    traces = [trace.to_plotly_json() for trace in figure.data if trace.visible is not False]
    for trace in traces:
        for colored in colored_parts(trace):
            if colored.get("colorbar", {}).get("title"):
                colored["showscale"] = True
    shown = go.Figure(data=traces, layout=figure.layout.to_plotly_json())
    size = getattr(figure, "screen_size", None)
    if size is not None:
        shown.update_layout(width=size[0], height=size[1])
    return shown


def figure_to_html(figure: go.Figure, title: str) -> bytes:
    """One HTML file that opens offline and turns in any browser; without WebGL it is a picture.

    Parameters
    ----------
    figure : Figure or FigureWidget
        Saved with its present camera. What it does not show is left out.
    title : str
        The page's title, plain text.
    """
    from html import escape

    shown = figure_as_shown(figure)
    shown.update_layout(width=None, height=None)  # as large as the window
    page = shown.to_html(
        include_plotlyjs=True,
        full_html=True,
        default_height="100vh",
        config={"displaylogo": False, "responsive": True},
    )
    head = f'<title>{escape(title)}</title><meta name="viewport" content="width=device-width">'
    head += f"<style>body{{margin:0}}</style><script>{own_script('markers.js')}</script>"
    page = page.replace("<head>", f"<head>{head}", 1)
    if "scene" in shown.layout.to_plotly_json():
        flat = f"showFlat(document.body, {json.dumps(picture_url(shown, *_SCREEN))});"
        script = f"<script>{own_script('flat_page.js')}{flat}</script>"
        page = page.replace("</body>", f"{script}</body>")
    return page.encode()


def figure_to_image(
    figure: go.Figure,
    format: str = "png",
    width_mm: float = 160.0,
    dpi: float = 300.0,
    background: str = "white",
    without_browser: bool = False,
) -> bytes:
    """The figure as it is on the screen, as a picture of a width in millimetres.

    Camera, colours and crop are those of the screen; points, lines and letters keep their
    size in relation to the whole.

    Parameters
    ----------
    figure : Figure or FigureWidget
        With the size on the screen where `figure_as_shown` knows it or the layout gives
        it, else 640 x 560. `layout.meta["title"]` is a PDF's title.
    format : {"png", "svg", "pdf", "webp"}
        PNG says its resolution, so that it prints at that width. SVG and PDF have that
        width too; 3D is a picture of `dpi` inside them, and only what is flat, such as
        the scale of a depth map, is lines and letters. WebP cannot say its resolution.
    width_mm : float
        Width when printed, 10 to 2000.
    dpi : float
        Pixels per inch, 36 to 2400.
    background : {"white", "transparent"}
        A PDF's page is always white.
    without_browser : bool
        Draw PNG or WebP with the package's own renderer: the 3D view alone, with edges,
        letters and what is partly clear not quite as in the browser.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    BrowserError
        When no browser is installed, or it fails or takes too long.
    FigureError
        When the renderer without a browser is asked for what it cannot draw.
    ValueError
        For a format, a size or a background that is not offered.
    """
    _check(format, width_mm, dpi, background)
    shown = figure_as_shown(figure)
    screen = (shown.layout.width or _SCREEN[0], shown.layout.height or _SCREEN[1])
    pixels = round(width_mm / _MM_PER_INCH * dpi)
    height = pixels * screen[1] / screen[0]
    if max(pixels, height) > _MOST_PIXELS:
        raise ValueError(
            f"{width_mm:g} mm at {dpi:g} dpi are {pixels} x {height:.0f} pixels, and "
            f"{_MOST_PIXELS} are the most; choose less of either"
        )
    if without_browser:
        if format not in ("png", "webp"):
            raise FigureError(f"Without a browser there is PNG and WebP, but no {format.upper()}.")
        return _drawn_here(shown, format, pixels, round(height), screen[0], dpi, background)
    ratio = pixels / screen[0]
    # An SVG's width is written into it below; a PDF's page has 96 of Plotly's pixels an inch.
    scale = {"svg": 1.0, "pdf": ratio * 96 / dpi}.get(format, ratio)
    data = _drawn_by_browser(shown, format, screen, ratio, scale, background)
    if format == "png":
        return signed_png(_with_resolution(data, dpi))
    if format == "webp":
        return signed_webp(data)
    if format == "pdf":
        return signed_pdf(data, str((shown.layout.meta or {}).get("title", "")))
    return _with_width(data, width_mm, width_mm * screen[1] / screen[0])


def figure_to_png(
    figure: go.Figure, width: int = 1400, height: int = 1100, scale: float = 1.0
) -> bytes:
    """The figure as PNG on white, whatever there is to draw it.

    A browser without a window draws it, or where there is none the package itself.

    Parameters
    ----------
    figure : Figure or FigureWidget
    width, height : int
        Pixels, before `scale`.
    scale : float
        Pixels of the PNG for each of these.

    Raises
    ------
    FigureError
        When there is no browser and the figure is not a 3D view.
    """
    shown = figure_as_shown(figure)
    try:
        return _drawn_by_browser(shown, "png", (width, height), scale, scale, "white")
    except BrowserError:
        size = (round(width * scale), round(height * scale))
        return _drawn_here(shown, "png", *size, width, 96.0, "white")


def _check(format: str, width_mm: float, dpi: float, background: str) -> None:
    if format not in IMAGE_FORMATS:
        raise ValueError(f"there is no format {format!r}; choose one of: {IMAGE_FORMATS}")
    if not 10 <= width_mm <= 2000:
        raise ValueError(f"width_mm must lie between 10 and 2000, not {width_mm}")
    if not 36 <= dpi <= 2400:
        raise ValueError(f"dpi must lie between 36 and 2400, not {dpi}")
    if background not in _BACKGROUNDS:
        raise ValueError(f"background must be one of {tuple(_BACKGROUNDS)}, not {background!r}")


def _drawn_by_browser(
    shown: go.Figure,
    format: str,
    screen: tuple[int, int],
    ratio: float,
    scale: float,
    background: str,
) -> bytes:
    figure: dict[str, Any] = shown.to_dict()
    layout = figure["layout"]
    layout["paper_bgcolor"] = "white" if background == "white" else "rgba(0,0,0,0)"
    # Squares are drawn three times as quickly without smoothed edges, and look the same.
    smooth = not any(trace.get("name") == "points" for trace in figure["data"])
    layout["meta"] = {**layout.get("meta", {}), "pixelRatio": ratio, "smooth": smooth}
    # The browser cuts fractions of a pixel off; a hair more keeps 1889.9999 at 1890.
    options = {"format": format, "width": screen[0], "height": screen[1], "scale": scale + 1e-5}
    return the_browser().draw(figure, options)


def _drawn_here(
    shown: go.Figure,
    format: str,
    width: int,
    height: int,
    screen_width: int,
    dpi: float,
    background: str,
) -> bytes:
    rgba = FigureRaster(shown).draw(
        width,
        height,
        pixel_ratio=width / screen_width,
        background=_BACKGROUNDS[background],
        samples=2 if width * height <= _SMOOTHED_PIXELS else 1,
    )
    picture = Image.fromarray(rgba)
    if background == "white":
        picture = picture.convert("RGB")
    file = io.BytesIO()
    if format == "png":
        picture.save(file, "png", dpi=(dpi, dpi), compress_level=4)
        return signed_png(file.getvalue())
    picture.save(file, "webp", quality=95, method=2)
    return signed_webp(file.getvalue())


def _with_resolution(png: bytes, dpi: float) -> bytes:
    """A PNG that says how many pixels there are to the metre (chunk pHYs, after IHDR).

    References
    ----------
    W3C (2003). Portable Network Graphics, 11.3.5.3. https://www.w3.org/TR/PNG/#11pHYs
    """
    per_meter = round(dpi / _MM_PER_INCH * 1000)
    return png_chunk(png, b"pHYs", struct.pack(">IIB", per_meter, per_meter, 1))


def _with_width(svg: bytes, width_mm: float, height_mm: float) -> bytes:
    """An SVG whose root has its size in millimetres; its viewBox stays in screen pixels."""
    root_end = svg.index(b">", svg.index(b"<svg")) + 1
    root = svg[:root_end].decode()
    size = {"width": width_mm, "height": height_mm}
    for side, mm in size.items():
        root = re.sub(rf'\b{side}="[^"]*"', f'{side}="{mm:.4g}mm"', root, count=1)
    return root.encode() + svg[root_end:]
