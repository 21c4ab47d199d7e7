"""Seconds that each network took on this machine when it last ran."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from face3d_widgets.depth.cache import user_cache
from face3d_widgets.whole_file import write_whole

__all__ = ["measured_seconds", "record_seconds"]


def measured_seconds(model: str) -> float | None:
    """Seconds that a network took for its last photo here; None where it never ran.

    Loading is not counted.
    """
    with suppress(KeyError, TypeError, ValueError):
        return float(_read()[model])
    return None


def record_seconds(model: str, seconds: float) -> None:
    """Remember a measurement, for this user; quietly not, where nothing can be written.

    One within a tenth of what is known is not worth writing.
    """
    known = measured_seconds(model)
    if known is not None and abs(seconds - known) <= 0.1 * known:
        return
    file = _file()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**_read(), model: round(seconds, 4)}, indent=1)
        write_whole(file, text.encode())


def _file() -> Path:
    return user_cache() / "speeds.json"


def _read() -> dict[str, float]:
    with suppress(OSError, ValueError):
        content = json.loads(_file().read_text("utf-8"))
        if isinstance(content, dict):
            return content
    return {}
