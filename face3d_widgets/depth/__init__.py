"""Photo to inverse depth. The only room that imports torch, and only when a network runs."""

from face3d_widgets.depth.estimator import DepthEstimator
from face3d_widgets.depth.zoo import (
    DEFAULT_MODEL,
    MODELS,
    ModelError,
    ModelInfo,
    model_info,
)

__all__ = [
    "DEFAULT_MODEL",
    "MODELS",
    "DepthEstimator",
    "ModelError",
    "ModelInfo",
    "model_info",
]
