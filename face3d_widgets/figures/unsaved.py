"""Traits that a page shows and no saved notebook keeps."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import uuid4

import ipywidgets
import traitlets as t
from ipywidgets.widgets.widget import _remove_buffers

__all__ = ["UnsavedTraits", "unsaved_script"]


@cache
def unsaved_script() -> str:
    """The page's half: JavaScript that goes before a widget's own."""
    return (files(__package__) / "static" / "unsaved.js").read_text("utf-8")


class UnsavedTraits(ipywidgets.Widget):
    """A widget some of whose traits never get into a saved notebook: a face, a file's name.

    All that a widget sends as its state may be saved with the notebook: JupyterLab takes it
    from the page, nbclient (nbconvert, papermill) from the messages, `ipywidgets.embed` from
    the kernel. So a trait that is tagged `sync=True, saved=False` stands in the state as it
    was before anybody set it. Its value goes to the page in messages of our own, which
    nobody keeps, and only once a page has asked for what there is.

    The page reads it like any other trait, by the model that `unsaved.js` gives.

    Attributes
    ----------
    unsaved : frozenset of str
        Names of such traits that another class declares and does not tag.
    """

    unsaved: frozenset[str] = frozenset()
    _model_id: str | None
    # By which a page finds out whether a kernel is behind it.
    _id = t.Unicode("").tag(sync=True)
    _unsaved = t.List(t.Unicode(), read_only=True, help="What to ask for.").tag(sync=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._told = False
        super().__init__(*args, **kwargs)
        self.on_msg(self._on_asked)

    def open(self) -> None:
        """Become known to the page."""
        if self.comm is None:
            self._id = self._model_id = self._model_id or uuid4().hex
        super().open()

    @t.default("_unsaved")
    def _default_unsaved(self) -> list[str]:
        return sorted({*self.trait_names(sync=True, saved=False), *self.unsaved})

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The state that may be saved."""
        state = super().get_state(key, drop_defaults)
        for name in state.keys() & set(self._unsaved):
            state[name] = self.traits()[name].default(self)
        return state

    def send_state(self, key: str | Iterable[str] | None = None) -> None:
        """Send traits to the page, those that are not to be saved as a message."""
        if key is None:
            super().send_state()
            return
        keys = {key} if isinstance(key, str) else {*key}
        unsaved = keys & set(self._unsaved)
        # First of all: what the state says of them (`pending`) must not come before.
        if unsaved and self._told:
            self._tell(super().get_state(unsaved), whole=False)
        super().send_state(keys - unsaved)

    def _whole(self) -> dict[str, Any]:
        """The message for a page that has just been opened."""
        return super().get_state(self._unsaved)

    def _tell(self, values: dict[str, Any], whole: bool) -> None:
        values, paths, buffers = _remove_buffers(values)
        message = {"type": "unsaved", "values": values, "paths": paths, "whole": whole}
        self.send(message, buffers)

    def _on_asked(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("type") == "unsaved":
            self._told = True
            self._tell(self._whole(), whole=True)
