"""A small table of facts."""

from __future__ import annotations

import traitlets as t

from face3d_widgets.widgets.base import FaceWidget

__all__ = ["FactTable"]


class FactTable(FaceWidget, script="fact_table.js"):
    """A table with a caption, whose first column names its rows.

    Attributes
    ----------
    caption : str
    columns : list of str
        What stands over each column.
    rows : list of list of str
        As many texts as there are columns. A text that begins with "!" is set off: it
        became worse.
    note : str
        A sentence under the table.
    """

    caption = t.Unicode("", help="What the table tells.").tag(sync=True)
    columns = t.List(t.Unicode(), help="Over each column.").tag(sync=True)
    rows = t.List(t.List(t.Unicode()), help="The texts.").tag(sync=True)
    note = t.Unicode("", help="A sentence under it.").tag(sync=True)
