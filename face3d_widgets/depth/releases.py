"""The official weights of the networks: what is published, and under which names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from face3d_widgets.depth.errors import WeightsError
from face3d_widgets.depth.registry import MODELS, Checkpoint

__all__ = [
    "CHECKPOINTS",
    "Checkpoint",
    "WeightsError",
    "checkpoint_info",
    "get_again",
    "owner",
]

#: The official weights of each network that has some.
CHECKPOINTS: Mapping[str, Checkpoint] = MappingProxyType(
    {name: spec.checkpoint for name, spec in MODELS.items() if spec.checkpoint is not None}
)


def checkpoint_info(name: str) -> Checkpoint:
    """The published checkpoint of a network.

    Raises
    ------
    WeightsError
        When no weights of that name are published.
    """
    try:
        return CHECKPOINTS[name]
    except KeyError:
        known = ", ".join(CHECKPOINTS)
        raise WeightsError(
            f"There are no weights to fetch for {name!r}; choose one of: {known}."
        ) from None


def owner(path: Path) -> Checkpoint | None:
    """The checkpoint that a file is by its name."""
    return next((c for c in CHECKPOINTS.values() if path.name in c.files), None)


def get_again(path: Path) -> str:
    """Advice on a weights file that is no good."""
    official = owner(path)
    if official is None:
        return "choose the official file, or save the network's state_dict() and choose that"
    return f"delete it and run: face3d fetch {official.name}"
