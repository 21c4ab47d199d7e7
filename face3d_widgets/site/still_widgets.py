"""Widgets of a notebook that was run, as HTML that needs no kernel.

A question's choices open and tell what is said to each; an exercise shows where one
starts and what is said of that. Only checking an answer needs the running lesson.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from face3d_widgets.lessons import QUESTIONS

__all__ = ["still_widget"]

_CHECKED_ELSEWHERE = (
    "Try it on paper. The running lesson checks what you write: start it with "
    "<code>face3d lessons</code>."
)
_ONLY_RUNNING = "This part works in the running lesson: start it with <code>face3d lessons</code>."


def still_widget(models: Mapping[str, Any], model_id: str) -> str:
    """HTML of one widget and all that is in it.

    Parameters
    ----------
    models : mapping
        Id to widget, as a notebook keeps them
        (`metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]`).
    model_id : str
        Which.
    """
    model = models.get(model_id, {})
    name, state = model.get("model_name", ""), model.get("state", {})
    if name in ("VBoxModel", "HBoxModel", "BoxModel"):
        ids = [child.removeprefix("IPY_MODEL_") for child in state.get("children", [])]
        inside = "".join(still_widget(models, child) for child in ids)
        return f'<div class="box">{inside}</div>'
    if name in ("HTMLModel", "HTMLMathModel"):
        return f"<div>{state['value']}</div>" if state.get("value") else ""
    if name == "LabelModel":
        return f"<p>{escape(state.get('value', ''))}</p>"
    if name == "RadioButtonsModel":
        return _choices(state.get("_options_labels", []))
    if name == "TextModel":
        what, value = state.get("description", ""), state.get("value", "")
        return f"<p>{escape(what)}: <code>{escape(value)}</code>. {_CHECKED_ELSEWHERE}</p>"
    return f"<p>{_ONLY_RUNNING}</p>"


def _choices(labels: list[str]) -> str:
    known = [q for q in QUESTIONS.values() if list(q.choices) == list(labels)]
    if not known:
        return f"<ul>{''.join(f'<li>{escape(label)}</li>' for label in labels)}</ul>"
    question = known[0]
    parts = []
    for choice, said in question.choices.items():
        sign = "✓" if choice == question.right else "→"
        parts.append(
            f'<details class="choice"><summary>{escape(choice)}</summary>'
            f"<p>{sign} {escape(said)}</p></details>"
        )
    return f'<div class="choices">{"".join(parts)}</div>'
