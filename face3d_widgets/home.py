"""A place for what programs keep, where the account has no home to write to.

In a container's account there may be no home folder, or none that can be written, or the
account's number has no name at all. Pages keep nothing: a folder that goes with the program
does as well.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from face3d_widgets.passing_folder import passing_folder

__all__ = ["have_home", "keep_nothing_at_home"]

_FOLDERS = {  # what is kept, below the folder
    "JUPYTER_DATA_DIR": "jupyter",
    "JUPYTER_RUNTIME_DIR": "jupyter-runtime",
    "JUPYTER_CONFIG_DIR": "jupyter-config",
    "MPLCONFIGDIR": "matplotlib",
    "IPYTHONDIR": "ipython",
    "XDG_CACHE_HOME": "cache",
}


def have_home() -> None:
    """Give this process a home folder, gone with it, where its account has none."""
    if _home() is None:
        os.environ["HOME"] = str(_own_folder())


def keep_nothing_at_home() -> None:
    """Let this process and its kernels write nothing below a home that cannot be written to.

    IPython's folder is a new one in any case, unless `IPYTHONDIR` names one: what a person
    lets IPython do at its start is meant for other notebooks than these pages.
    """
    have_home()
    home = Path(os.environ.get("HOME") or Path.home())
    names = {"IPYTHONDIR"}
    if not _can_be_written(home):
        names = {*_FOLDERS}
        if (home / ".cache" / "face3d_widgets").is_dir():  # what was fetched is found there
            names.remove("XDG_CACHE_HOME")
    for name in names:
        if not os.environ.get(name):
            made = _own_folder() / _FOLDERS[name]
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.environ[name] = str(made)


@cache
def _own_folder() -> Path:
    return passing_folder("f3d-home-")


def _can_be_written(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _home() -> Path | None:
    """The account's home folder; None where neither HOME nor the list of accounts names one."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() else None
