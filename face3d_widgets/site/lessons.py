"""Lessons run and turned into sections of the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from face3d_widgets.site.errors import SiteError
from face3d_widgets.site.formulas import with_formulas
from face3d_widgets.site.plots import PLOTLY, plot
from face3d_widgets.site.still_widgets import still_widget

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["lesson_section", "run_notebook", "section_id"]

_WIDGET = "application/vnd.jupyter.widget-view+json"
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_CELL_AT_MOST = 180  # seconds


def run_notebook(path: Path) -> NotebookNode:
    """A notebook with its outputs and widgets.

    Raises
    ------
    SiteError
        When a cell fails or takes longer than three minutes.
    """
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=_CELL_AT_MOST,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # its warnings are not this person's
    )
    try:
        client.execute()
    except (nbclient.exceptions.CellExecutionError, nbclient.exceptions.CellTimeoutError) as error:
        last = str(error).strip().splitlines()[-1]
        raise SiteError(
            f"{path.name} does not run to its end ({last}). Open it in JupyterLab to see where, "
            "or leave the lessons out with --no-lessons."
        ) from error
    return notebook


def section_id(name: str) -> str:
    """The place of a notebook in the page, "lesson-02" for "02_scale_and_shift.ipynb"."""
    return f"lesson-{name.partition('_')[0]}"


def lesson_section(notebook: NotebookNode, name: str) -> str:
    """HTML of a notebook that was run.

    Parameters
    ----------
    notebook : NotebookNode
        From `run_notebook`.
    name : str
        Its file's name.
    """
    models = notebook.metadata.get("widgets", {}).get(_WIDGET_STATE, {}).get("state", {})
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(_text(cell.source))
        elif cell.cell_type == "code":
            parts.append(_code(cell.source))
            parts.append(_outputs(cell.outputs, models))
    return f'<section id="{section_id(name)}" class="lesson">{"".join(parts)}</section>'


def _text(source: str) -> str:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    html = MarkdownWithMath(renderer=renderer).render(with_formulas(source))
    # All lessons share one page, where an id may stand once.
    html = re.sub(r'(<h\d) id="[^"]*"', r"\1", html)
    return re.sub(
        r'href="(\w+\.ipynb)"', lambda found: f'href="#{section_id(found[1])}"', str(html)
    )


def _code(source: str) -> str:
    from nbconvert.filters import Highlight2HTML

    shown = Highlight2HTML()(source, language="python")
    return f'<details class="code"><summary>Python</summary>{shown}</details>'


def _outputs(outputs: Iterable[Mapping[str, Any]], models: Mapping[str, Any]) -> str:
    return "".join(f'<div class="output">{_output(output, models)}</div>' for output in outputs)


def _output(output: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    if output["output_type"] == "stream":
        return f"<pre>{escape(output['text'])}</pre>"
    data = output.get("data", {})
    words = data.get("text/plain", "")
    if PLOTLY in data:
        return plot(data[PLOTLY], words)
    if _WIDGET in data:
        return still_widget(models, data[_WIDGET]["model_id"])
    for kind in _PICTURES:
        if kind in data:
            return f'<img src="data:{kind};base64,{"".join(data[kind].split())}" alt="">'
    if "text/html" in data:
        return str(data["text/html"])
    return f"<pre>{escape(words)}</pre>" if words else ""
