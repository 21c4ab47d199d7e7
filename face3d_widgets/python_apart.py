"""Python in a process of its own, for what shall leave nothing behind in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

__all__ = ["python_apart", "was_killed"]


def python_apart(code: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start Python with some code; it finds modules where this process does.

    Parameters
    ----------
    code : str
    *arguments : str
        Its `sys.argv[1:]`.
    **options
        Of `subprocess.Popen`. What is written to the standard error goes nowhere: a notebook
        would show it.

    Raises
    ------
    OSError
        When no process can be started.
    """
    path = os.pathsep.join(entry for entry in sys.path if entry)
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NO_WINDOW
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
        **options,
    )


def was_killed(status: int) -> bool:
    """Tell whether a process of this exit status was ended by the system, which lacked memory."""
    return status == -getattr(signal, "SIGKILL", 0) < 0
