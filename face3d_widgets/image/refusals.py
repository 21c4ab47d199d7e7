"""One sentence for the person about a picture that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from face3d_widgets.image.names import without_folder

__all__ = ["MAX_PIXELS", "TOO_MANY_PIXELS", "PhotoError", "Refusal", "speaking_of"]

MAX_PIXELS = 50_000_000

TOO_MANY_PIXELS = (
    f"has {{}} megapixels and the limit is {MAX_PIXELS // 10**6}; "
    "save it smaller and choose it again"
)
_TROUBLES: tuple[tuple[type[Exception], str], ...] = (
    (FileNotFoundError, "was not found; check the name and the folder"),
    (IsADirectoryError, "is a folder; choose one photo inside it"),
    (PermissionError, "may not be read; check its permissions"),
    (ImportError, "is in a format that this computer cannot read; save it as JPEG"),
    (MemoryError, "needs more memory than there is; save it smaller and choose it again"),
    (Image.DecompressionBombError, TOO_MANY_PIXELS.format("too many")),
)


class PhotoError(ValueError):
    """A picture that cannot be used; the text is one sentence for the person."""


class Refusal(Exception):
    """The part of the sentence that follows the name, without its full stop."""


@contextmanager
def speaking_of(name: str, otherwise: str) -> Iterator[None]:
    """Turn any exception into a `PhotoError` about `name`; `otherwise` is for unknown ones."""
    try:
        yield
    except Exception as error:  # decoders raise whatever they like on broken files
        known = (text for kind, text in _TROUBLES if isinstance(error, kind))
        what = str(error) if isinstance(error, Refusal) else next(known, otherwise)
        shown = "".join(c if c.isprintable() else " " for c in without_folder(name)).strip()
        shown = shown if len(shown) <= 60 else shown[:59] + "…"
        raise PhotoError(f"“{shown or 'photo'}” {what}.") from error
