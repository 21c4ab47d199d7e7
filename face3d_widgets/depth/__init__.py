"""Photo to inverse depth. The only room that imports torch, and only when a network runs."""

from face3d_widgets.depth.estimator import DepthEstimator
from face3d_widgets.depth.networks import (
    ALIASES,
    NETWORK_NAMES,
    build_network,
    canonical_name,
    load_checkpoint,
)
from face3d_widgets.depth.releases import WeightsError
from face3d_widgets.depth.states import (
    ModelState,
    is_ready,
    model_state,
    model_states,
    ready_models,
)
from face3d_widgets.depth.weights import FetchCancelled, fetch_weights, find_weights
from face3d_widgets.depth.zoo import (
    DEFAULT_MODEL,
    MODELS,
    ModelError,
    ModelInfo,
    model_info,
)

__all__ = [
    "ALIASES",
    "DEFAULT_MODEL",
    "MODELS",
    "NETWORK_NAMES",
    "DepthEstimator",
    "FetchCancelled",
    "ModelError",
    "ModelInfo",
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
