"""Keep a training run on disk so that it can go on, and write its weights at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from face3d_widgets.whole_file import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

__all__ = ["checkpoint_path", "load_checkpoint", "save_checkpoint", "save_weights"]


def checkpoint_path(out: Path) -> Path:
    """The file of the state of the run that writes `out`."""
    return out.with_suffix(".checkpoint.pt")


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state in one step: a kill at any time leaves the old one or the new one."""
    with replacing(path) as part:
        torch.save(dict(state), part)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The state that was kept.

    Raises
    ------
    FileNotFoundError
        When there is none.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"there is no run to go on with at {path}; start one without --resume"
        )
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def save_weights(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write weights as float16 safetensors, with what is known of the run; in one step.

    Counters of batches seen, which nothing reads, are left out.
    """
    from safetensors.torch import save_file

    half = {
        name: value.detach().cpu().half().contiguous()
        for name, value in weights.items()
        if value.is_floating_point()
    }
    with replacing(path) as part:
        save_file(half, part, dict(metadata))
