"""The state of each network: ready, to fetch, or too big."""

from __future__ import annotations

from dataclasses import dataclass

from face3d_widgets.depth.errors import ModelError
from face3d_widgets.depth.memory import check_memory
from face3d_widgets.depth.registry import MODELS, ModelSpec, model_info
from face3d_widgets.depth.speeds import measured_seconds
from face3d_widgets.depth.weights import find_weights

__all__ = ["STATES", "ModelState", "is_ready", "model_state", "model_states", "ready_models"]

STATES = ("ready", "to fetch", "too big")


@dataclass(frozen=True)
class ModelState:
    """One network on this machine, now.

    Attributes
    ----------
    info : ModelSpec
    state : {"ready", "to fetch", "too big"}
        Too big counts first: what does not fit need not be fetched.
    reason : str
        Where it is too big: why, and what to use instead. Else "".
    seconds : float or None
        What its last photo took here, loading not counted; None where it never ran.
    """

    info: ModelSpec
    state: str
    reason: str
    seconds: float | None


def is_ready(model: str) -> bool:
    """Tell whether a network's weights are on this machine."""
    info = model_info(model)
    return info.checkpoint is None or find_weights(info.name) is not None


def ready_models() -> list[ModelSpec]:
    """The networks whose weights are here, the one in the package first."""
    return [info for info in MODELS.values() if is_ready(info.name)]


def model_state(model: str, freed: int = 0) -> ModelState:
    """The state of a network before it is loaded.

    Parameters
    ----------
    model : str
    freed : int
        Bytes that the network held now would give back first.

    Raises
    ------
    ModelError
        When there is no such network.
    """
    info = model_info(model)
    state, reason = ("ready" if is_ready(info.name) else "to fetch"), ""
    try:
        check_memory(info.name, freed)
    except ModelError as error:
        state, reason = "too big", str(error)
    return ModelState(info, state, reason, measured_seconds(info.name))


def model_states(freed: int = 0) -> list[ModelState]:
    """The state of every network, the one in the package first."""
    return [model_state(name, freed) for name in MODELS]
