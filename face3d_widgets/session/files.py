"""The bytes of every file that a result can leave as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from face3d_widgets import export
from face3d_widgets.depth import model_info
from face3d_widgets.figures import (
    BrowserError,
    FigureError,
    depth_map_figure,
    figure_to_html,
    figure_to_image,
    screen_range,
    turntable,
)
from face3d_widgets.geometry import TO_KEEP_MORE, make_solid
from face3d_widgets.session.file_kinds import FILE_KINDS
from face3d_widgets.session.measured import measure_file
from face3d_widgets.session.model_size import ModelSize
from face3d_widgets.session.order import Order, Progress
from face3d_widgets.types import InverseDepth

__all__ = ["IN_ZIP", "SURFACES", "SavedFile", "make_file"]

SURFACES = ("glb", "obj", "ply", "stl")
#: What the zip of everything holds, in the order of its README.
IN_ZIP = ("glb", "obj", "ply", "stl", "points", "depth", "pfm", "npy", "html", "png")

_DEPTH_FILES: dict[str, Callable[[InverseDepth], bytes]] = {
    "depth": export.depth_to_png16,
    "pfm": export.inverse_depth_to_pfm,
    "npy": export.inverse_depth_to_npy,
}
_FILM_HEIGHT, _FRAMES_PER_SECOND = 480, 12
_SWING = 45.0  # degrees to either side
_THIN = 0.4  # mm, the width of most printers' nozzles
_NOT_FOR_PRINTING = (
    "It is an open sheet, which no printer can fill: for a print, save a bust, a relief or a "
    "lithophane."
)


@dataclass(frozen=True, eq=False)
class SavedFile:
    """A file that is ready to be handed over.

    Attributes
    ----------
    name : str
    data : bytes
    mime : str
    note : str
        What else a person should know of it, one sentence or nothing.
    facts : str
        What was measured in `data`, and how a model's size is known: "20,000 faces,
        141 × 190 × 60.3 mm, open, life-size by a guess".
    """

    name: str
    data: bytes
    mime: str
    note: str = ""
    facts: str = ""


def make_file(
    kind: str,
    order: Order,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SavedFile:
    """Make one file.

    Parameters
    ----------
    kind : str
        One of `FILE_KINDS`.
    order : Order
    progress : callable, optional
    cancelled : callable, optional
        Asked between the frames of a turntable and the files of a zip; True stops.

    Raises
    ------
    ValueError
        When there is no such kind, or nothing is left of the model to be saved.
    FigureError
        When a figure cannot be drawn, for want of a browser, or the work was cancelled.
    """
    if kind not in FILE_KINDS:
        raise ValueError(f"there is no file {kind!r}; choose one of: {', '.join(FILE_KINDS)}")
    work = _Work(order, progress or (lambda step, share: None), cancelled or (lambda: False))
    data = work.everything() if kind == "all" else work.make(kind)
    return SavedFile(
        order.file_name(kind),
        data,
        FILE_KINDS[kind].mime,
        note=" ".join(work.notes),
        facts=", ".join(filter(None, [measure_file(kind, data).text, _how_large(kind, order)])),
    )


def _how_large(kind: str, order: Order) -> str:
    """The source of a model's size where it is no solid; "" of anything else."""
    if kind in ("points", "xyz"):
        return order.cloud_size.words
    return order.size.words if kind in (*SURFACES, "all") else ""


def _settings(order: Order) -> export.SavedParameters:
    """The settings with which the page shows what an order was made of."""
    # Imported here: the record of a whole page knows the session, which makes files.
    from face3d_widgets.session.replay import settings_of
    from face3d_widgets.session.replay_state import OWN_PHOTO, Replay, Spot

    replay = Replay(
        photo=OWN_PHOTO,
        model=order.inverse_depth.model,
        view=order.view,
        spot=Spot(ruler=order.ruler),
        kind="all",
        choices=order.choices,
    )
    return settings_of(replay, order.photo, order.params)


class _Work:
    """The making of one file."""

    def __init__(self, order: Order, report: Progress, cancelled: Callable[[], bool]) -> None:
        self.order, self.report, self.cancelled = order, report, cancelled
        self.notes: list[str] = []

    def make(self, kind: str, size: ModelSize | None = None) -> bytes:
        """Any file but the zip of all; points as large as `size` says, or as alone."""
        order = self.order
        if kind in SURFACES:
            return self._surface(kind)
        if kind in ("points", "xyz"):
            return self._points(kind, size)
        if FILE_KINDS[kind].group == "print":
            self.report("Building the solid", 0.3)
            options = replace(order.choices.solid, style=kind)
            if kind != "lithophane" and options.wall < _THIN:
                self.notes.append(
                    f"Its wall is only {options.wall:.2g} mm thick, less than most printers can; "
                    "choose a larger width."
                )
            return export.surface_to_stl(make_solid(order.geometry, order.params, options))
        if kind in _DEPTH_FILES:
            return _DEPTH_FILES[kind](order.inverse_depth)
        if kind == "html":
            self.report("Writing the page", 0.5)
            return figure_to_html(order.figure, order.photo.name)
        if kind in ("gif", "mp4"):
            return self._film(kind)
        return self._picture(kind)

    def everything(self) -> bytes:
        order, files, facts = self.order, {}, {}
        report, self.report = self.report, lambda step, share: None
        for i, kind in enumerate(IN_ZIP):
            if self.cancelled():
                raise FigureError("The zip was cancelled.")
            report(f"Making {FILE_KINDS[kind].label}", i / (len(IN_ZIP) + 1))
            name = order.file_name(kind)
            files[name] = self.make(kind, order.size)
            facts[name] = measure_file(kind, files[name]).text
        self.notes = [note for note in self.notes if note != _NOT_FOR_PRINTING]  # README has it
        report("Packing", len(IN_ZIP) / (len(IN_ZIP) + 1))
        return export.bundle(
            order.photo.name,
            files,
            parameters=export.parameters_to_json(order.settings or _settings(order)),
            model_title=model_info(order.inverse_depth.model).title,
            unit="mm",
            size=order.size.sentence,
            facts=facts,
        )

    def _surface(self, kind: str) -> bytes:
        order = self.order
        self.report("Building the surface", 0.2)
        surface = order.surface
        self.report("Writing the file", 0.7)
        size = order.size.sentence
        if kind == "glb":
            return export.surface_to_glb(surface, order.photo, size)
        if kind == "obj":
            return export.surface_to_obj_zip(surface, order.photo, order.photo.name, size)
        if kind == "ply":
            return export.surface_to_ply(surface, f"{order.inverse_depth.model}. {size}")
        self.notes.append(_NOT_FOR_PRINTING)
        return export.surface_to_stl(surface)

    def _points(self, kind: str, size: ModelSize | None) -> bytes:
        self.report("Writing the file", 0.5)
        order, cloud = self.order, self.order.cloud
        if len(cloud) == 0:
            raise ValueError(f"nothing is left of the points; {TO_KEEP_MORE}")
        size = size or order.cloud_size
        if kind == "xyz":
            return export.point_cloud_to_xyz(cloud, size.mm_per_unit)
        comment = f"{order.inverse_depth.model}. {size.sentence}"
        return export.point_cloud_to_ply(cloud, comment, cloud.normals, size.mm_per_unit)

    def _film(self, kind: str) -> bytes:
        """The model turning, as high as wide as it is on the screen."""
        order, choices = self.order, self.order.choices
        step = "Drawing the turntable"
        self.report(step, 0.0)
        layout = order.figure.layout
        shape = (layout.width or 1) / (layout.height or 1)
        return turntable(
            order.scene,
            order.view,
            layout.scene.camera.to_plotly_json(),
            format=kind,
            seconds=choices.film_seconds,
            frames=max(4, round(choices.film_seconds * _FRAMES_PER_SECOND)),
            size=(round(_FILM_HEIGHT * min(max(shape, 0.5), 2)), _FILM_HEIGHT),
            swing=None if choices.whole_turn else _SWING,
            progress=lambda share: self.report(step, share),
            cancelled=self.cancelled,
        )

    def _picture(self, kind: str) -> bytes:
        self.report("Drawing the figure", 0.4)
        order, choices = self.order, self.order.choices
        figure, format = order.figure, kind
        title = f"{order.photo.name}, {model_info(order.inverse_depth.model).title}"
        if kind == "depth-map":
            # The limits of the page's own map.
            limits = screen_range(order.geometry.stats)
            values, colormap = order.inverse_depth.values, order.view.colormap
            figure, format = depth_map_figure(values, colormap, limits=limits), "pdf"
            title += ", inverse depth"
        figure.update_layout(meta={"title": title})
        size = choices.width_mm, choices.dpi, choices.background
        try:
            return figure_to_image(figure, format, *size)
        except BrowserError:
            if format not in ("png", "webp"):
                raise
            self.notes.append(
                "It was drawn without a browser: edges and letters differ a little from the screen."
            )
            return figure_to_image(figure, format, *size, without_browser=True)
