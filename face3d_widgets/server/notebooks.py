"""The notebooks that the server publishes, in the package or in the repository."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["FIRST_LESSON", "dashboard_notebook", "lesson_notebooks", "notebooks_folder"]

#: The lessons' list of contents, in the folder `lessons`.
FIRST_LESSON = "00_index.ipynb"


def notebooks_folder() -> Path:
    """The folder of `dashboard.ipynb`; the lessons are in `lessons` beneath it.

    Raises
    ------
    FileNotFoundError
        When neither the installed package nor the repository has it.
    """
    package = Path(str(files("face3d_widgets")))
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / "dashboard.ipynb").is_file():
            return folder
    raise FileNotFoundError(
        "dashboard.ipynb is missing from the installation; install face3d_widgets again."
    )


def dashboard_notebook() -> Path:
    """The notebook that makes the dashboard.

    Raises
    ------
    FileNotFoundError
        As `notebooks_folder`.
    """
    return notebooks_folder() / "dashboard.ipynb"


def lesson_notebooks() -> list[Path]:
    """The lessons in their order, the list of contents first.

    Raises
    ------
    FileNotFoundError
        When there are none.
    """
    folder = notebooks_folder() / "lessons"
    if not (folder / FIRST_LESSON).is_file():
        raise FileNotFoundError(
            "The lessons are missing from the installation; install face3d_widgets again."
        )
    return sorted(folder.glob("[0-9]*.ipynb"))
