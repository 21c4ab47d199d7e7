"""The pages beside the model's: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

import ipywidgets
import traitlets as t

from face3d_widgets.depth import ModelError
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.widgets.jobs import Jobs
from face3d_widgets.widgets.status import StatusLine

__all__ = ["FIRST_PAGE", "PAGES", "Page", "PageSpec", "set_or_name"]

#: The model's own page, by name and title.
FIRST_PAGE = ("model", "Model")


class Page(Protocol):
    """A page beside the model's; it is made when it is first looked at."""

    layout: ipywidgets.Layout

    def enter(self) -> None:
        """Begin to be seen, or to show what has changed."""

    def leave(self) -> None:
        """Give way to another page."""

    def close(self) -> None:
        """End what is under way."""

    def state(self) -> Any:
        """The choices on it, as a record that links and files hold; None for nothing."""

    def restore(self, state: Any, broken: list[str]) -> None:
        """Choose the same again, and add the names of what cannot be had to `broken`."""

    def on_choice(self, handler: Callable[[object], None]) -> None:
        """Call `handler(change)` when another choice was made on it."""


@dataclass(frozen=True)
class PageSpec:
    """One page.

    Attributes
    ----------
    name : str
        In links too; `Replay` has a field of that name for the page's state.
    title : str
    maker : str
        "module:class" in this room, imported when the page is first looked at: the first
        page stays as quick as it is.
    """

    name: str
    title: str
    maker: str

    def make(self, session: ReconstructionSession, jobs: Jobs, status: StatusLine) -> Page:
        """Make the page."""
        module, _, name = self.maker.partition(":")
        made = getattr(import_module(f"{__package__}.{module}"), name)
        return cast(Page, made(session, jobs, status))


#: In the order of their tabs.
PAGES = (
    PageSpec("compare", "Compare", "compare:ComparePage"),
    PageSpec("lab", "True-error lab", "lab:LabPage"),
)


def set_or_name(widget: Any, trait: str, value: Any, name: str, broken: list[str]) -> None:
    """Set a trait, or add its name to `broken` where it cannot have this value."""
    try:
        setattr(widget, trait, value)
    except (t.TraitError, ModelError):
        broken.append(name)
