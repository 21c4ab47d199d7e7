"""A file that is there whole or not at all."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replacing", "write_whole"]

_KEPT = 40  # characters of a name, so that one sees whose file a broken-off one is


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write to; it takes the place of `path` when the block has ended well.

    It lies in the same folder and has the same ending. An older file stays until the new
    one is whole, and where the block fails nothing is left of the new one. A symbolic link
    stays a link: what it points to is written.

    Raises
    ------
    OSError
        When it cannot be written or put in its place; it names `path`, whose folder has no
        room or gives no right, and not the file that nobody asked for.
    """
    path = _followed(path)
    own = f"{os.getpid()}-{threading.get_ident()}"
    # A name as long as the system takes has no room for more.
    part = path.with_name(f".{path.stem[:_KEPT]}.{own}{path.suffix}")
    try:
        try:
            yield part
            part.replace(path)
        finally:
            with suppress(OSError):  # what went wrong before is what there is to say
                part.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(part), part):
            raise  # not of this file
        raise type(error)(error.errno, error.strerror, str(path)) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file; an older one of its name stays until the new one is whole.

    Raises
    ------
    OSError
        When it cannot be written, with its name; nothing is left of it then.
    """
    with replacing(path) as part:
        part.write_bytes(data)


def _followed(path: Path) -> Path:
    """The file that a path names in the end, whether it is there yet or not."""
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():  # it leads round in a ring
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target
