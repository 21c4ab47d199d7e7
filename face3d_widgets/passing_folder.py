"""A folder that goes with its program, however that ends.

What a program that is killed leaves behind, the next one removes: as long as a program runs it
holds a lock in its folder, which the system takes back at its end.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

__all__ = ["passing_folder"]

_HELD = "held.lock"
_NEW = 60.0  # seconds in which a folder may not be locked yet
_locks: list[FileLock] = []  # of this process, until its end


def passing_folder(prefix: str, root: str | os.PathLike[str] | None = None) -> Path:
    """A new folder that only this account can open; those of killed programs are removed.

    Parameters
    ----------
    prefix : str
        Of its name; other folders are not touched.
    root : path, optional
        Where it lies; the system's place for temporary files where none is given.
    """
    from filelock import FileLock

    root = Path(root or tempfile.gettempdir())
    _remove_left(root, prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    lock = FileLock(folder / _HELD)
    lock.acquire()
    _locks.append(lock)
    atexit.register(_remove, folder, lock)
    return folder


def _remove(folder: Path, lock: FileLock) -> None:
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_left(root: Path, prefix: str) -> None:
    """Remove the folders of this account whose programs have gone."""
    from filelock import FileLock, Timeout

    for held in root.glob(f"{prefix}*/{_HELD}"):
        with suppress(OSError, Timeout):
            facts = held.parent.lstat()
            own = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
            if own and time.time() - held.stat().st_mtime > _NEW:
                with FileLock(held, timeout=0):
                    pass
                shutil.rmtree(held.parent, ignore_errors=True)
