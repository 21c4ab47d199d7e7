"""The panel of files: their kinds, their choices, and what will be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets as t

from face3d_widgets.geometry import HEAD_WIDTH
from face3d_widgets.session import FILE_KINDS, FileChoices
from face3d_widgets.types import SolidParams
from face3d_widgets.widgets.base import FaceWidget

__all__ = ["CHOICES", "ExportPanel"]

_TITLES = {
    "model": "Model",
    "print": "Print",
    "depth": "Depth",
    "picture": "Picture",
    "all": "All",
}
# The choices that matter, by kind or by group; a kind's own come first.
_MATTERS = {
    "model": ["n_faces", "model_size", "head_mm", "model_width_mm"],
    "points": ["density", "model_size", "head_mm", "model_width_mm"],
    "xyz": ["density", "model_size", "head_mm", "model_width_mm"],
    "print": ["print_width_mm"],
    "relief": ["print_width_mm", "print_depth"],
    "lithophane": ["print_width_mm", "thickest_mm"],
    "depth": [],
    "depth-map": ["width_mm", "dpi"],
    "picture": ["width_mm", "dpi", "background"],
    "pdf": ["width_mm", "dpi"],
    "html": [],
    "gif": ["whole_turn"],
    "mp4": ["whole_turn"],
    "all": ["n_faces", "model_size", "head_mm", "model_width_mm"],
}
#: Traits that change what a file will be.
CHOICES = (
    *("kind", "n_faces", "model_size", "head_mm", "model_width_mm"),
    *("print_width_mm", "print_depth", "thickest_mm"),
    *("width_mm", "dpi", "background", "whole_turn"),
)


def _groups() -> list[dict[str, Any]]:
    """The kinds of files by group, as the browser needs them."""
    return [
        {
            "name": group,
            "title": title,
            "kinds": [
                {
                    "name": kind.name,
                    "label": kind.label,
                    "help": kind.help,
                    "choices": _MATTERS.get(kind.name, _MATTERS[group]),
                }
                for kind in FILE_KINDS.values()
                if kind.group == group
            ],
        }
        for group, title in _TITLES.items()
    ]


class ExportPanel(FaceWidget, script="export_panel.js"):
    """One kind of file, the choices that matter for it, and a button that saves it.

    The panel makes nothing itself: `on_save` names who does, and `deliver` hands the
    bytes to the browser. Nothing is written to the server's disk.

    Attributes
    ----------
    enabled : bool
        False while there is nothing to save.
    kind : str
        One of `face3d_widgets.session.FILE_KINDS`.
    n_faces : int
        Triangles of a surface; 0 is all that the photo's pixels give.
    model_size : {"auto", "head", "width"}
        A model is as large as its head or its width says; "auto" leaves it to the ruler,
        and without one it is life-size by a guess.
    head_mm, model_width_mm : float
        Width of the head with ears and hair, and of the whole model.
    print_width_mm, thickest_mm : float
        Width of a solid, and thickness of a lithophane where it is dark.
    print_depth : float
        Height of a relief over its plate, percent of its width.
    width_mm, dpi : float
        Of a figure on paper.
    background : {"white", "transparent"}
    whole_turn : bool
        A turntable goes full circle.
    preview : str
        What will be written.
    preview_state : {"", "busy", "large", "bad"}
    busy : str
        The kind being made, or "".
    progress : float
        Share of it that is done, 0 to 1.
    code_shown : bool
        Whether the Python code is looked at.
    code : str
        Lines that reproduce the result; kept up to date while they are looked at.
    """

    enabled = t.Bool(False).tag(sync=True)
    kind = t.Enum(list(FILE_KINDS), default_value="glb").tag(sync=True)
    n_faces = t.Int(100_000, min=0).tag(sync=True)
    model_size = t.Enum(("auto", "head", "width"), default_value="auto").tag(sync=True)
    head_mm = t.Float(1000 * HEAD_WIDTH, min=1, max=10_000).tag(sync=True)
    model_width_mm = t.Float(150.0, min=1, max=10_000).tag(sync=True)
    print_depth = t.Float(100 * SolidParams.depth_share, min=1, max=100).tag(sync=True)
    print_width_mm = t.Float(80.0, min=10, max=500).tag(sync=True)
    thickest_mm = t.Float(3.0, min=1, max=10).tag(sync=True)
    width_mm = t.Float(120.0, min=10, max=500).tag(sync=True)
    dpi = t.Float(300.0, min=50, max=1200).tag(sync=True)
    background = t.Enum(("white", "transparent"), default_value="white").tag(sync=True)
    whole_turn = t.Bool(False).tag(sync=True)
    preview = t.Unicode("").tag(sync=True, saved=False)
    preview_state = t.Enum(("", "busy", "large", "bad"), default_value="").tag(sync=True)
    busy = t.Unicode("").tag(sync=True)
    progress = t.Float(0.0).tag(sync=True)
    code_shown = t.Bool(False).tag(sync=True)
    code = t.Unicode("").tag(sync=True, saved=False)
    _groups = t.List(t.Dict(), _groups(), read_only=True).tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._savers: list[Callable[[str], None]] = []
        self._cancellers: list[Callable[[], None]] = []
        self.on_msg(self._on_message)

    @property
    def choices(self) -> FileChoices:
        """The choices, for `ReconstructionSession.order`."""
        return FileChoices(
            n_faces=self.n_faces or None,
            solid=SolidParams(
                width_mm=self.print_width_mm,
                thickest_mm=self.thickest_mm,
                depth_share=self.print_depth / 100,
            ),
            head_mm=self.head_mm if self.model_size == "head" else None,
            model_width_mm=self.model_width_mm if self.model_size == "width" else None,
            width_mm=self.width_mm,
            dpi=self.dpi,
            background=self.background,
            whole_turn=self.whole_turn,
        )

    @staticmethod
    def traits_of(choices: FileChoices) -> dict[str, Any]:
        """The values of the traits that make these `choices`."""
        values = {
            "n_faces": choices.n_faces or 0,
            "model_size": "auto",
            "print_width_mm": choices.solid.width_mm,
            "print_depth": round(100 * choices.solid.depth_share, 6),
            "thickest_mm": choices.solid.thickest_mm,
            "width_mm": choices.width_mm,
            "dpi": choices.dpi,
            "background": choices.background,
            "whole_turn": choices.whole_turn,
        }
        if choices.head_mm is not None:
            values |= {"model_size": "head", "head_mm": choices.head_mm}
        if choices.model_width_mm is not None:
            values |= {"model_size": "width", "model_width_mm": choices.model_width_mm}
        return values

    def on_save(self, handler: Callable[[str], None]) -> None:
        """Call `handler(kind)` when the button is pressed."""
        self._savers.append(handler)

    def on_cancel(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when the making of a file shall end."""
        self._cancellers.append(handler)

    def deliver(self, data: bytes, name: str, mime: str) -> None:
        """Download `data` in the browser as a file called `name`."""
        self.send({"type": "file", "name": name, "mime": mime}, [data])

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "save" and self.enabled and not self.busy:
            for save in self._savers:
                save(self.kind)
        elif message.get("type") == "cancel" and self.busy:
            for cancel in self._cancellers:
                cancel()
