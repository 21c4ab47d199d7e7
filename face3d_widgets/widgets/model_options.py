"""The options of the model selector, in words."""

from __future__ import annotations

import re
from typing import Any

from face3d_widgets.depth import MODELS, ModelState, is_ready
from face3d_widgets.depth.download import megabytes
from face3d_widgets.widgets.model_fetch import amount, bytes_kept, host

__all__ = ["describe"]


def describe(state: ModelState, in_use: bool, trouble: str, fetching: str) -> dict[str, Any]:
    """One network for the page, which only puts the words where they belong.

    Parameters
    ----------
    state : ModelState
    in_use : bool
        It is loaded: then it is ready, however full the memory is now.
    trouble : str
        The sentence about what went wrong with it last, or "".
    fetching : str
        The network that is being fetched, or "".

    Returns
    -------
    dict
        "name", "title", "label" (in the list), "state" (its group there), "facts"
        (pairs of names and values), "summary", "note" (what to say of it now),
        "bad" (whether that is a trouble), and "button": None or what pressing it
        sends, {"type": "use" or "fetch", "name"}, with its "label".
    """
    info = state.info
    group = "ready" if in_use else state.state
    note, button = ("", None) if in_use else _note_and_button(state, trouble, fetching)
    return {
        "name": info.name,
        "title": info.title,
        "label": f"{info.title}, {megabytes(info.size)}" if group == "to fetch" else info.title,
        "state": group,
        "facts": _facts(state),
        "summary": info.summary,
        "note": note,
        "bad": bool(note) and note == trouble,
        "button": button,
    }


def _note_and_button(
    state: ModelState, trouble: str, fetching: str
) -> tuple[str, dict[str, str] | None]:
    """The sentence about a network that is not in use, and the button under it."""
    info = state.info
    if state.state == "too big":
        return state.reason, _instead(info.name, state.reason)
    if state.state == "ready":
        return trouble, _button("use", info.name, "Try again" if trouble else f"Use {info.title}")
    if fetching == info.name:
        return "", None
    if fetching:
        other = MODELS[fetching].title
        return f"It can be fetched once {other} is here, or its download is cancelled.", None
    kept = bytes_kept(info.name)
    here = f"; {amount(kept, info.size)} are here" if kept else ""
    offer = f"To fetch: {megabytes(info.size)} from {host(info.name)}{here}."
    label = "Try again" if trouble else "Go on fetching" if kept else "Fetch"
    return trouble or offer, _button("fetch", info.name, label)


def _instead(name: str, reason: str) -> dict[str, str] | None:
    """A button for the network that a refusal names in brackets."""
    named = [n for n in re.findall(r"\((\w+)\)", reason) if n in MODELS and n != name]
    if not named:
        return None
    verb = "Use" if is_ready(named[0]) else "Choose"  # where it has to be fetched first
    return _button("use", named[0], f"{verb} {MODELS[named[0]].title}")


def _button(kind: str, name: str, label: str) -> dict[str, str]:
    return {"type": kind, "name": name, "label": label}


def _facts(state: ModelState) -> list[list[str]]:
    info = state.info
    speed = "not measured yet"
    if state.seconds is not None:
        speed = f"{state.seconds:.{2 if state.seconds < 0.995 else 1}f} s on this machine"
    size = megabytes(info.size)
    return [
        ["Year", str(info.year)],
        ["Parameters", f"{info.parameters / 1e6:.1f} M"],
        ["Download", f"included ({size})" if info.checkpoint is None else size],
        ["Memory", f"about {megabytes(info.memory)}"],
        ["Speed", speed],
        ["Licence", info.licence],
    ]
