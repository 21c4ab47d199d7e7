"""Names of photos, safe to be part of a file's name."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["safe_stem", "without_folder"]


def safe_stem(name: str) -> str:
    """`name` without folder and suffix: at most 60 letters, digits, "-" and "_".

    Examples
    --------
    >>> safe_stem("C:/Photos/Me & you (2).jpeg")
    'Me-you-2'
    """
    base = unicodedata.normalize("NFC", without_folder(name))
    stem = base.rpartition(".")[0] if "." in base else base
    return re.sub(r"[^\w]+|-+", "-", stem)[:60].strip("-") or "photo"


def without_folder(name: str) -> str:
    """The part after the last slash of either kind."""
    return re.split(r"[/\\]", name)[-1]
