"""Memory that a program may still take, and the networks that fit into it.

A container kills a program that passes its limit, page, photos and all. So a
network is weighed before it is loaded, against the free memory of the machine
and against every limit of the control groups (v1 and v2) that this process is in.

References
----------
Linux kernel, cgroup v2, memory interface files.
https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from face3d_widgets.depth.errors import ModelError
from face3d_widgets.depth.registry import ModelSpec, best_first, model_info

__all__ = ["available_memory", "best_that_fits", "check_memory", "fits", "give_memory_back"]

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
# What is left for the page, the photo and everybody else.
_RESERVE = 150_000_000


def available_memory() -> int:
    """Bytes that this process can still take without swapping or being killed.

    The least of the machine's available memory and of what is left under each
    limit of the process's control groups. Cached files that the system would drop
    count as free in both.
    """
    import psutil

    return min([int(psutil.virtual_memory().available), *_left_in_groups()])


def fits(model: str, freed: int = 0) -> bool:
    """Tell whether a network can be loaded and run now.

    Parameters
    ----------
    model : str
    freed : int
        Bytes that will be given back first, those of the network held now.
    """
    return model_info(model).memory + _RESERVE <= available_memory() + freed


def best_that_fits(freed: int = 0) -> ModelSpec | None:
    """The best network that can be loaded and run now; None where none can."""
    return next((spec for spec in best_first() if fits(spec.name, freed)), None)


def check_memory(model: str, freed: int = 0) -> None:
    """Refuse a network that does not fit.

    Raises
    ------
    ModelError
        The message says what it needs, what is free, and which network to use instead.
    """
    info = model_info(model)
    if fits(info.name, freed):
        return
    free = max(0, available_memory() + freed - _RESERVE)
    other = best_that_fits(freed)
    instead = f"use {other.title} ({other.name})" if other else "close other programs"
    raise ModelError(
        f"{info.title} needs about {info.memory / 1e9:.1f} GB of memory and "
        f"{free / 1e9:.1f} GB are free; {instead}."
    )


def give_memory_back() -> None:
    """Return what freed networks held to the system and to the GPU.

    glibc keeps gigabytes after a large network until it is asked; PyTorch keeps
    its GPU cache.
    """
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.backends.mps.is_available():
            torch.mps.empty_cache()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):
            libc.malloc_trim(0)


def _left_in_groups() -> Iterator[int]:
    """Bytes left under each memory limit of this process's control groups."""
    with suppress(OSError):
        for line in _OWN_GROUPS.read_text("utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                names, root = ("memory.max", "memory.current", "inactive_file"), _CGROUPS
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                root = _CGROUPS / "memory"
            else:
                continue
            # A container sees its own group as the root: what is not there is passed over.
            group = root / path.lstrip("/")
            for folder in (group, *group.parents):
                left = _left_in(folder, *names)
                if left is not None:
                    yield left
                if folder == root:
                    break


def _left_in(folder: Path, limit: str, usage: str, droppable: str) -> int | None:
    """Bytes left in one group; None where it has no limit or is not there."""
    try:
        allowed = int((folder / limit).read_text("ascii"))
        used = int((folder / usage).read_text("ascii"))
    except (OSError, ValueError):  # the file is not there, or says "max"
        return None
    with suppress(OSError, ValueError):
        stat = (folder / "memory.stat").read_text("ascii")
        used -= next(
            int(line.split()[1]) for line in stat.splitlines() if line.split()[0] == droppable
        )
    return max(0, allowed - max(0, used))
