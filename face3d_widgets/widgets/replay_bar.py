"""The link that replays, and settings as a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets as t

from face3d_widgets.export import LARGEST_FILE
from face3d_widgets.widgets.base import FaceWidget

__all__ = ["ReplayBar"]


class ReplayBar(FaceWidget, script="replay_bar.js"):
    """Copy a link, save and load settings, and what there is to say of what was opened.

    On a page of its own (`face3d dashboard`, Voila) the page's address follows `link`. In a
    notebook the address is the notebook's, so there is no link to be copied.

    Attributes
    ----------
    link : str
        Fragment of the address that shows the page as it is now, without "#".
    own_photo : bool
        The photo was uploaded, so the link cannot show it.
    notice : str
        What a person should know of the link or the file that was opened.
    """

    link = t.Unicode("", help="The address’s fragment.").tag(sync=True, saved=False)
    own_photo = t.Bool(False, help="The photo was uploaded.").tag(sync=True)
    notice = t.Unicode("", help="What to know of what was opened.").tag(sync=True, saved=False)
    _largest = t.Int(LARGEST_FILE, read_only=True).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._on_open: Callable[[str], None] = lambda text: None
        self._on_load: Callable[[str], None] = lambda text: None
        self._on_save: Callable[[], None] = lambda: None
        self._on_link: Callable[[], None] = lambda: None
        self.on_msg(self._on_message)

    def on_open(self, handler: Callable[[str], None]) -> None:
        """Call `handler(fragment)` for a page that is opened with a link."""
        self._on_open = handler

    def on_load(self, handler: Callable[[str], None]) -> None:
        """Call `handler(text)` for a file of settings."""
        self._on_load = handler

    def on_save(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when the settings shall be saved."""
        self._on_save = handler

    def on_link(self, handler: Callable[[], None]) -> None:
        """Call `handler()` before the link is copied; it brings `link` up to date."""
        self._on_link = handler

    def deliver(self, data: bytes, name: str) -> None:
        """Download `data` in the browser as a file called `name`."""
        self.send({"type": "file", "name": name, "mime": "application/json"}, [data])

    def _on_message(self, _: Any, message: dict[str, Any], __: Any) -> None:
        kind, text = message.get("type"), message.get("text")
        if kind == "save":
            self._on_save()
        elif kind == "link":
            self._on_link()
            self.send({"type": "link", "link": self.link})
        elif kind == "open" and isinstance(text, str):
            self._on_open(text)
        elif kind == "load" and isinstance(text, str):
            self._on_load(text)
        elif kind == "close":
            self.notice = ""
