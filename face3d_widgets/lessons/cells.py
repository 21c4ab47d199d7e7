"""The output of a lesson's cell: a question, the check of an answer, a figure, a table.

All of it works in JupyterLab and on a Voila page, where nobody sees or edits code.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from face3d_widgets.lessons.exercises import EXERCISES, Verdict
from face3d_widgets.lessons.questions import QUESTIONS

if TYPE_CHECKING:
    from face3d_widgets.figures import Figure

__all__ = ["check", "predict", "show", "table"]

# The type by which JupyterLab and Voila know a Plotly figure.
_PLOTLY = "application/vnd.plotly.v1+json"
_HEIGHT = 420  # pixels, of a figure that has none

# ipywidgets cuts long choices off after one line.
_STYLE = """<style>
.f3d-ask .widget-radio-box label { height: auto; white-space: normal; line-height: 1.4;
  margin: 0 0 .4em; font-size: 15px; }
.f3d-ask .widget-html-content { white-space: normal; line-height: 1.45; font-size: 15px; }
</style>"""
# Dark letters on a light ground hold in a dark JupyterLab too; a sign tells as colour does.
_LOOKS = {
    "right": ("✓ ", "#e3f3ec", "#00674a"),
    "hint": ("→ ", "#fdf1e3", "#8a4600"),
}


def predict(name: str) -> widgets.VBox:
    """A question to think about before the run; each choice answers when it is clicked.

    Parameters
    ----------
    name : str
        One of `QUESTIONS`.
    """
    if name not in QUESTIONS:
        raise ValueError(f"there is no question {name!r}; choose one of: {', '.join(QUESTIONS)}")
    question = QUESTIONS[name]
    choices = widgets.RadioButtons(
        options=list(question.choices), value=None, layout={"width": "auto"}
    )
    answer = widgets.HTML()

    def answered(change: dict[str, Any]) -> None:
        chosen = change["new"]
        if chosen is not None:
            answer.value = _note(Verdict(chosen == question.right, question.choices[chosen]))

    choices.observe(answered, "value")
    asked = widgets.HTML(f"{_STYLE}<b>Predict.</b> {escape(question.text)}")
    return _box([asked, choices, answer])


def check(name: str, answer: Any) -> widgets.VBox:
    """Tell whether an answer holds, and help where it does not.

    Change the answer in the notebook and run the cell again, or write it into the box.

    Parameters
    ----------
    name : str
        One of `EXERCISES`.
    answer : number, or lists of numbers
        What was found; the exercise says what it wants.
    """
    if name not in EXERCISES:
        raise ValueError(f"there is no exercise {name!r}; choose one of: {', '.join(EXERCISES)}")
    exercise = EXERCISES[name]
    verdict = widgets.HTML(_note(exercise.check(answer)))
    box = widgets.Text(
        value=_written(answer),
        description="Your answer",
        continuous_update=False,
        layout={"width": "100%", "max_width": "460px"},
        style={"description_width": "90px"},
    )

    def written(change: dict[str, Any]) -> None:
        try:
            given = ast.literal_eval(change["new"].strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            verdict.value = _note(
                Verdict(
                    False,
                    "That cannot be read. Write a number with a decimal point (0.125, not 1/8), "
                    "or a list of numbers in square brackets with commas between them.",
                )
            )
        else:
            verdict.value = _note(exercise.check(given))

    box.observe(written, "value")
    return _box([widgets.HTML(_STYLE), box, verdict])


def show(figure: Figure, caption: str) -> None:
    """Show a figure in a notebook or on a page, without buttons and as wide as there is room.

    Parameters
    ----------
    figure : Figure
        It is shown as it is now; later changes need another call.
    caption : str
        What there is to see, in a sentence or two; also for those who cannot see it.
    """
    from IPython.display import HTML, display

    from face3d_widgets.figures import figure_as_shown
    from face3d_widgets.figures.charts import static_config

    drawing = json.loads(figure_as_shown(figure).to_json())
    drawing["layout"].setdefault("height", _HEIGHT)
    drawing["layout"]["paper_bgcolor"] = "white"
    drawing["config"] = static_config()
    display({_PLOTLY: drawing, "text/plain": caption}, raw=True)
    display(HTML(f"<p style='max-width:760px'><small>{escape(caption)}</small></p>"))


def table(rows: Sequence[Mapping[str, object]], caption: str = "") -> widgets.HTML:
    """A table; numbers keep four significant digits.

    Parameters
    ----------
    rows : sequence of mappings
        Heading to value, the same headings in each.
    caption : str
        One sentence above it.
    """

    def side(value: object) -> str:
        return (
            f"padding:.2em .7em;text-align:{'right' if isinstance(value, int | float) else 'left'}"
        )

    def cell(value: object) -> str:
        text = f"{value:.4g}" if isinstance(value, float) else escape(str(value))
        return f"<td style='{side(value)}'>{text}</td>"

    heads = "".join(
        f"<th scope='col' style='{side(value)}'>{escape(head)}</th>"
        for head, value in (rows[0].items() if rows else ())
    )
    body = "".join(f"<tr>{''.join(cell(value) for value in row.values())}</tr>" for row in rows)
    return widgets.HTML(
        f"<p style='line-height:1.4;font-size:15px'>{escape(caption)}</p>"
        "<div style='overflow-x:auto'><table style='border-collapse:collapse;font-size:15px'>"
        f"<thead style='border-bottom:2px solid #888'><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>",
        layout={"width": "100%", "min_width": "0"},
    )


def _box(children: list[widgets.Widget]) -> widgets.VBox:
    box = widgets.VBox(children, layout={"max_width": "760px", "margin": "8px 0"})
    box.add_class("f3d-ask")
    return box


def _note(verdict: Verdict) -> str:
    sign, ground, ink = _LOOKS["right" if verdict.right else "hint"]
    return (
        f"<div role='status' style='background:{ground};color:{ink};border-left:4px solid {ink};"
        f"padding:.5em .8em;border-radius:4px'>{sign}{escape(verdict.text)}</div>"
    )


def _written(answer: Any) -> str:
    """An answer as it would be written, arrays as lists."""
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
    return repr(answer)
