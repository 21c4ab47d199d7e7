"""The row of pages over the dashboard."""

from __future__ import annotations

import traitlets as t

from face3d_widgets.widgets.base import FaceWidget

__all__ = ["PageTabs"]


class PageTabs(FaceWidget, script="tabs.js"):
    """A row of buttons, one of which is the page that is shown.

    Attributes
    ----------
    pages : list of [name, title]
    value : str
        Name of the page that is shown.
    """

    pages = t.List(t.List(t.Unicode()), help="Names and titles.").tag(sync=True)
    value = t.Unicode("", help="The page that is shown.").tag(sync=True)

    @t.validate("value")
    def _known(self, proposal: dict[str, str]) -> str:
        names = [name for name, _ in self.pages]
        if proposal["value"] not in names:
            raise t.TraitError(
                f"there is no page {proposal['value']!r}; choose one of: {', '.join(names)}"
            )
        return proposal["value"]
