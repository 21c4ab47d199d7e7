"""The model turning, as GIF or as MP4, drawn without a browser."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from face3d_widgets.figures.cameras import camera, eye_at
from face3d_widgets.figures.errors import FigureError
from face3d_widgets.figures.face_figure import FaceFigure
from face3d_widgets.figures.figure_raster import FigureRaster
from face3d_widgets.figures.scene import Scene
from face3d_widgets.figures.signed import MAKER
from face3d_widgets.types import ViewParams

__all__ = ["FILM_FORMATS", "film_size", "turntable"]

#: What `turntable` writes, the default first.
FILM_FORMATS = ("gif", "mp4")

# Points and lines have their size on a screen that is about so high.
_SCREEN_HEIGHT = 560
# A GIF is put together in memory, one byte a pixel of every frame.
_MOST_PIXELS = 300_000_000
# H.264's constant rate factor: 18 is taken for visually lossless, 23 is its default.
_QUALITY = "20"
# H.273's code point of BT.709, as primaries, transfer and matrix.
_BT709 = 1


def turntable(
    scene: Scene,
    view: ViewParams,
    camera_now: dict[str, Any] | None = None,
    format: str = "gif",
    seconds: float = 4.0,
    frames: int = 48,
    size: tuple[int, int] = (480, 480),
    swing: float | None = 45.0,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> bytes:
    """A film of the model that turns and ends where it began.

    Parameters
    ----------
    scene : Scene
    view : ViewParams
        Both as for `FaceFigure.draw`.
    camera_now : dict or None
        `figure.layout.scene.camera`, whose height and distance the film keeps; None is
        the camera of the start.
    format : {"gif", "mp4"}
        A GIF has 256 colours, and plays everywhere, over and over; frames in a row that
        are alike become one that stays longer. An MP4 is H.264.
    seconds : float
        For one turn to and fro, or around: 0.5 to 60.
    frames : int
        4 to 1000. GIF knows hundredths of a second, and browsers show nothing shorter
        than two.
    size : (width, height)
        Pixels, 64 to 2048; an MP4 has even sides, so odd ones lose a pixel.
    swing : float or None
        Degrees to either side of straight before the face. A photo shows no back, so the
        film swings; None goes all the way around.
    progress : callable or None
        Called with the share done, 0 to 1.
    cancelled : callable or None
        Asked before each frame; True ends the work.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    FigureError
        When it was cancelled, or PyAV for MP4 is not installed.
    ValueError
        For what lies outside these limits.
    """
    _check(format, seconds, frames, size, swing)
    width, height = size if format == "gif" else (size[0] // 2 * 2, size[1] // 2 * 2)
    face_figure = FaceFigure(go.Figure())
    face_figure.draw(scene, view)
    raster = FigureRaster(face_figure.figure)
    report = progress or (lambda share: None)
    eyes = _eyes(camera_now or camera(), frames, swing)

    def picture(eye: dict[str, float]) -> NDArray[np.uint8]:
        if cancelled is not None and cancelled():
            raise FigureError("The film was cancelled.")
        place = {**camera(), "eye": eye}
        rgba = raster.draw(width, height, height / _SCREEN_HEIGHT, place)
        return np.ascontiguousarray(rgba[..., :3])

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for k, eye in enumerate(eyes):
            yield picture(eye)
            report((k + 1) / frames)

    if format == "gif":
        middle_and_ends = [picture(eyes[k * frames // 4]) for k in (0, 1, 3)]
        return _gif(pictures(), np.concatenate(middle_and_ends), frames, seconds)
    return _mp4(pictures(), width, height, frames, seconds)


def _check(
    format: str, seconds: float, frames: int, size: tuple[int, int], swing: float | None
) -> None:
    if format not in FILM_FORMATS:
        raise ValueError(f"there is no format {format!r}; choose one of: {FILM_FORMATS}")
    if not 0.5 <= seconds <= 60:
        raise ValueError(f"seconds must lie between 0.5 and 60, not {seconds}")
    if not 4 <= frames <= 1000:
        raise ValueError(f"frames must lie between 4 and 1000, not {frames}")
    if not all(64 <= side <= 2048 for side in size):
        raise ValueError(f"width and height must lie between 64 and 2048, not {size}")
    if frames * size[0] * size[1] > _MOST_PIXELS:
        raise ValueError(
            f"{frames} frames of {size[0]} x {size[1]} pixels are too much for the memory; "
            "choose fewer or smaller ones"
        )
    if swing is not None and not 0 < swing <= 180:
        raise ValueError(f"swing must lie above 0 and up to 180 degrees, not {swing}")


def _eyes(now: dict[str, Any], frames: int, swing: float | None) -> list[dict[str, float]]:
    """Places of the camera in each frame; the frame after the last would be the first."""
    x, y, z = (float(now["eye"][axis]) for axis in "xyz")
    distance = math.hypot(x, y, z)
    elevation = math.degrees(math.asin(z / distance))
    turn = 2 * math.pi / frames
    if swing is None:
        azimuths = [math.degrees(turn * k) for k in range(frames)]
    else:
        azimuths = [swing * math.sin(turn * k) for k in range(frames)]
    return [eye_at(azimuth, elevation, distance) for azimuth in azimuths]


def _gif(
    pictures: Iterator[NDArray[np.uint8]],
    samples: NDArray[np.uint8],
    frames: int,
    seconds: float,
) -> bytes:
    """One palette for all frames, so that colours do not flicker; the rest is dithered."""
    palette = Image.fromarray(samples).quantize(256, Image.Quantize.MEDIANCUT)
    indexed = [
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        for picture in pictures
    ]
    # Hundredths of a second that add up to the whole.
    ends = np.round(np.arange(frames + 1) * seconds * 100 / frames)
    durations = np.maximum(np.diff(ends), 2).astype(int) * 10
    file = io.BytesIO()
    indexed[0].save(
        file,
        "gif",
        save_all=True,
        append_images=indexed[1:],
        duration=durations.tolist(),
        loop=0,
        optimize=False,
        comment=MAKER.encode(),
    )
    return file.getvalue()


def _mp4(
    pictures: Iterator[NDArray[np.uint8]], width: int, height: int, frames: int, seconds: float
) -> bytes:
    """H.264 in BT.709, and said so.

    A player that is told nothing guesses by the height: BT.601 below 720 rows, BT.709 from
    there on. The same green would be two greens.

    References
    ----------
    ITU-R BT.709-6 (2015). ITU-T H.273 (2024), coding-independent code points.
    """
    try:
        import av
        from av.video.reformatter import ColorRange, Colorspace
    except ImportError as error:
        raise FigureError(
            "An MP4 needs PyAV; install it with: pip install av. A GIF does without."
        ) from error

    file = io.BytesIO()
    # The index comes first, so that a page plays the film while it loads. Room for it is
    # left at the start, since a file in memory cannot be written over from its end.
    room = {"moov_size": str(4096 + 32 * frames)}
    rate = (frames / Fraction(seconds)).limit_denominator(1001)
    with av.open(file, "w", format="mp4", options=room) as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": _QUALITY, "preset": "medium"}
        codec = stream.codec_context
        codec.color_primaries = codec.color_trc = codec.colorspace = _BT709
        codec.color_range = ColorRange.MPEG
        container.metadata["comment"] = MAKER
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
            )
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return file.getvalue()


def film_size(mp4: bytes) -> tuple[int, int, float]:
    """Width and height in pixels and the seconds of a film, as its container has them.

    Raises
    ------
    ValueError
        For what is no film.
    """
    import av

    try:
        with av.open(io.BytesIO(mp4)) as container:
            stream = container.streams.video[0]
            seconds = float((stream.duration or 0) * (stream.time_base or 0))
            return stream.width, stream.height, seconds
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError(f"this is no film: {error}") from None
