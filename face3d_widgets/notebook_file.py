"""Notebooks without what running them left there: outputs, and the state of widgets."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["NotebookError", "checkpoint_of", "without_outputs"]

_MAJOR = 4  # of the format; older ones keep their cells elsewhere


class NotebookError(ValueError):
    """The file is no notebook that can be cleaned; the message says why."""


def without_outputs(data: bytes, widgets_only: bool = False) -> bytes:
    """A notebook's file without outputs, run numbers and the state of widgets.

    That state lies in the notebook's own metadata, where *Clear Outputs* and
    `nbconvert --clear-output` leave it, with every picture that a widget showed.

    Parameters
    ----------
    data : bytes
        The file.
    widgets_only : bool
        Take out the state of widgets and their places in outputs, and leave other outputs.

    Raises
    ------
    NotebookError
        When it is no notebook, or one of a format before version 4.
    """
    try:
        notebook = json.loads(data)
        major, cells, metadata = notebook["nbformat"], notebook.get("cells"), notebook["metadata"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise NotebookError("is no Jupyter notebook") from None
    if major != _MAJOR or not isinstance(cells, list) or not isinstance(metadata, dict):
        raise NotebookError("has another format of notebooks; open it in JupyterLab and save it")
    metadata.pop("widgets", None)
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        if widgets_only:
            cell["outputs"] = [one for one in cell.get("outputs", []) if not _of_widget(one)]
        else:
            cell["outputs"], cell["execution_count"] = [], None
    # As Jupyter writes it.
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def checkpoint_of(path: Path) -> Path:
    """The copy that JupyterLab keeps of a notebook as it was saved last by hand."""
    return path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"


def _of_widget(output: object) -> bool:
    data = output.get("data", {}) if isinstance(output, dict) else {}
    return any(kind.startswith("application/vnd.jupyter.widget") for kind in data)
