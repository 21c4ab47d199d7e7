"""Photo to inverse depth. The only room that imports torch, and only when a network runs."""

from face3d_widgets.depth.errors import ModelError, WeightsError
from face3d_widgets.depth.estimator import DepthEstimator
from face3d_widgets.depth.networks import (
    ALIASES,
    NETWORK_NAMES,
    build_network,
    canonical_name,
    load_checkpoint,
)
from face3d_widgets.depth.registry import (
    DEFAULT_MODEL,
    MODELS,
    ModelSpec,
    model_info,
)
from face3d_widgets.depth.states import (
    ModelState,
    is_ready,
    model_state,
    model_states,
    ready_models,
)
from face3d_widgets.depth.weights import FetchCancelled, fetch_weights, find_weights

ModelInfo = ModelSpec  # its name in earlier versions

__all__ = [
    "ALIASES",
    "DEFAULT_MODEL",
    "MODELS",
    "NETWORK_NAMES",
    "DepthEstimator",
    "FetchCancelled",
    "ModelError",
    "ModelInfo",
    "ModelSpec",
    "ModelState",
    "WeightsError",
    "build_network",
    "canonical_name",
    "fetch_weights",
    "find_weights",
    "is_ready",
    "load_checkpoint",
    "model_info",
    "model_state",
    "model_states",
    "ready_models",
]
