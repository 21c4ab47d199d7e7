"""One `index.html` that holds everything: results, lessons, and the script that draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from face3d_widgets import __version__
from face3d_widgets.samples import SAMPLES
from face3d_widgets.site.errors import SiteError
from face3d_widgets.site.plots import json_script
from face3d_widgets.whole_file import write_whole

if TYPE_CHECKING:
    from face3d_widgets.session import Estimator

__all__ = ["SiteError", "export_site"]

_NAME = "index.html"
# How a page of ours is known again: it may be written anew, another page may not.
_MARK = '<meta name="generator" content="face3d_widgets'

Progress = Callable[[str, float], None]
"""Called with what is done now, and the share that is done already."""


def export_site(
    folder: str | Path,
    samples: Sequence[str] = tuple(SAMPLES),
    lessons: Sequence[Path] | None = None,
    progress: Progress | None = None,
    estimator: Estimator | None = None,
) -> Path:
    """Write a page with the samples' results and the lessons, which opens without a server.

    Nothing in it asks for another file or another machine, so it works from a USB stick.

    Parameters
    ----------
    folder : path
        Made where it is not there yet; `index.html` in it is written.
    samples : sequence of str
        Of `SAMPLES`.
    lessons : sequence of path, optional
        Notebooks to run, the list of contents first. The package's where none are given;
        empty for a page without lessons.
    progress : callable, optional
        Told what is done.
    estimator : Estimator, optional
        Of depth, for the samples.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    SiteError
        When a lesson fails, or the folder has another `index.html`.
    OSError
        When the file cannot be written.
    """
    from face3d_widgets.figures import CAMERAS, camera
    from face3d_widgets.server.notebooks import lesson_notebooks
    from face3d_widgets.session import ReconstructionSession
    from face3d_widgets.site.lessons import lesson_section, run_notebook, section_id
    from face3d_widgets.site.results import result_section

    if unknown := [name for name in samples if name not in SAMPLES]:
        raise SiteError(f"There is no sample {unknown[0]!r}; choose from: {', '.join(SAMPLES)}.")
    lessons = lesson_notebooks() if lessons is None else lessons
    path = Path(folder) / _NAME
    _check_place(path)
    report = progress or (lambda step, share: None)
    n_steps = len(samples) + len(lessons) + 1

    session = ReconstructionSession(estimator)
    results = []
    for number, name in enumerate(samples):
        report(SAMPLES[name], number / n_steps)
        results.append(result_section(session, name))
    sections = []
    for number, lesson in enumerate(lessons, start=len(samples)):
        report(lesson.stem.replace("_", " "), number / n_steps)
        sections.append(lesson_section(run_notebook(lesson), lesson.name))
    report("Writing", 1 - 1 / n_steps)
    page = _page(
        results="".join(results),
        lessons="".join(sections),
        first_lesson=section_id(lessons[0].name) if lessons else "",
        cameras=json_script({name: camera(name) for name in CAMERAS}),
    )
    write_whole(path, page.encode())
    report("Done", 1.0)
    return path


def _page(results: str, lessons: str, first_lesson: str, cameras: str) -> str:
    from pygments.formatters import HtmlFormatter

    from face3d_widgets.figures.scripts import own_script

    static = files(__package__) / "static"
    link = f'<a href="#{first_lesson}">Lessons</a>' if first_lesson else ""
    # Plotly's own file, read as data: only `figures` imports Plotly.
    plotly = (files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")
    return Template((static / "page.html").read_text("utf-8")).substitute(
        generator=f"{_MARK} {__version__}",
        style=(static / "site.css").read_text("utf-8")
        + HtmlFormatter(style="default").get_style_defs(".highlight"),
        plotly=plotly.replace("</script", "<\\/script"),
        script=own_script("flat_page.js") + (static / "site.js").read_text("utf-8"),
        link=link,
        results=results,
        lessons=lessons,
        cameras=cameras,
        version=__version__,
    )


def _check_place(path: Path) -> None:
    """Make the folder, and refuse to write over a page that is not ours."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise SiteError(f"{path.parent} is no folder; choose another.") from None
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as file:
            if _MARK not in file.read(2000):
                raise SiteError(f"{path} is another page; choose another folder.")
