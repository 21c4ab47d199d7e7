"""Scripts of the folder `static`, with which a browser draws."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["own_script", "script_path"]


def script_path(name: str) -> Path:
    """The path of a script."""
    return Path(__file__).with_name("static") / name


@cache
def own_script(name: str) -> str:
    """A script's text."""
    return script_path(name).read_text("utf-8")
