"""The page's title, light and dark, and how it works."""

from __future__ import annotations

import dataclasses

import traitlets as t

from face3d_widgets.widgets.base import FaceWidget
from face3d_widgets.widgets.viewer import FaceViewer

__all__ = ["PageHeader"]


class PageHeader(FaceWidget, script="header.js"):
    """Title, theme, and a panel that explains each step with the numbers now in use.

    Attributes
    ----------
    shown : bool
        The panel is looked at; nothing of it is made before.
    steps : list of dict
        The fields of `face3d_widgets.session.how_it_works.Step`, kept up to date while the
        panel is open.

    Parameters
    ----------
    viewer : FaceViewer
        Whose result is explained.
    """

    shown = t.Bool(False, help="The panel is looked at.").tag(sync=True)
    steps = t.List(t.Dict(), help="What it says.").tag(sync=True, saved=False)

    def __init__(self, viewer: FaceViewer) -> None:
        super().__init__()
        self._viewer = viewer
        self.observe(self.refresh, "shown")
        viewer.add_overlay(self.refresh)

    def refresh(self, _: object = None) -> None:
        """Explain what is drawn now, if anybody looks."""
        if not (self.shown and self._viewer.session.has_result):
            return
        # Imported when it is wanted: the page stays as quick as it is.
        from face3d_widgets.session.how_it_works import explain

        self.steps = [dataclasses.asdict(step) for step in explain(self._viewer.session)]
