"""Reruns of a notebook's cell: what it made before is given up for what it makes anew.

The new takes the old one's place on the page. ipywidgets keeps the old one all the same, in
case somebody shows it again, and so does IPython's `Out`: photo, mesh and all.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets

from face3d_widgets.depth.memory import give_memory_back

__all__ = ["made_here"]


@dataclass(frozen=True, eq=False)
class _Made:
    widget: weakref.ref[ipywidgets.Widget]
    cell: str
    run: str
    shown: Callable[[], bool]


_made: list[_Made] = []
_last_run: dict[str, str] = {}  # by cell
_followed: weakref.WeakSet[Any] = weakref.WeakSet()  # shells that tell of their cells


def made_here(widget: ipywidgets.Widget, seen_by: ipywidgets.Widget) -> None:
    """Close a widget once its cell was run again and nobody shows it or has a name for it.

    Parameters
    ----------
    widget : Widget
        What the cell that runs now has made; one that was told before and is a child of it
        goes with it.
    seen_by : Widget
        What says "mounted" and "unmounted" whenever it comes to the page and leaves it.
    """
    shell = _shell()
    cell, run = _running(shell)
    if shell is None or not cell:
        return
    n_views = 0

    def count(_: Any, message: dict[str, Any], __: Any) -> None:
        nonlocal n_views
        kind = message.get("type")
        n_views += (kind == "mounted") - (kind == "unmounted")
        if kind == "unmounted":
            _sweep()

    seen_by.on_msg(count)
    children = getattr(widget, "children", ())
    _made[:] = [m for m in _made if not any(m.widget() is child for child in children)]
    _made.append(_Made(weakref.ref(widget), cell, run, lambda: n_views > 0))
    _last_run[cell] = run
    if shell not in _followed:
        _followed.add(shell)
        shell.events.register("post_run_cell", _on_run)


def _on_run(*_: object) -> None:
    """A cell has been run."""
    cell, run = _running(_shell())
    if cell in _last_run:
        _last_run[cell] = run
    _sweep()


def _sweep() -> None:
    """Close what is gone."""
    shell, closed = _shell(), False
    for made in list(_made):
        widget = made.widget()
        if widget is None or widget.comm is None:
            _made.remove(made)
        elif _last_run[made.cell] != made.run and not made.shown() and not _named(shell, widget):
            _made.remove(made)
            widget.close()
            _forget_output(shell, widget)
            closed = True
        del widget
    if closed:
        give_memory_back()


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()


def _running(shell: Any) -> tuple[str, str]:
    """The cell that runs now, and which of its runs; ("", "") where nobody says."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = parent.get("metadata", {}).get("cellId") or ""
    return cell, parent.get("header", {}).get("msg_id", "")


def _named(shell: Any, widget: ipywidgets.Widget) -> bool:
    """Tell whether a variable of the person's is a widget, or a collection that has it."""
    for name, value in list(shell.user_ns.items()):
        if name.startswith("_") or name == "Out":
            continue
        if isinstance(value, dict):
            value = list(value.values())
        inside = value if isinstance(value, list | tuple | set) else (value,)
        if any(one is widget for one in inside):
            return True
    return False


def _forget_output(shell: Any, widget: ipywidgets.Widget) -> None:
    """Take a widget out of IPython's results of cells: `Out`, `_` and their like."""
    outputs = shell.user_ns.get("_oh", {})
    for number in [n for n, value in list(outputs.items()) if value is widget]:
        del outputs[number]
    # The hidden ones are those that IPython does not count as the person's.
    for names in (shell.user_ns, shell.user_ns_hidden):
        for name in [n for n, value in list(names.items()) if value is widget]:
            if name.strip("_").isdigit():
                del names[name]
            elif not name.strip("_"):
                names[name] = None
    for name in ("_", "__", "___"):
        if getattr(shell.displayhook, name, None) is widget:
            setattr(shell.displayhook, name, None)
