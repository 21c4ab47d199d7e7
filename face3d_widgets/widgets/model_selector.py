"""Which network estimates the depth."""

from __future__ import annotations

from typing import Any

import traitlets as t

from face3d_widgets.depth import (
    DEFAULT_MODEL,
    ModelError,
    ModelInfo,
    is_ready,
    model_info,
    ready_models,
)
from face3d_widgets.widgets.base import FaceWidget

__all__ = ["ModelSelector"]


class ModelSelector(FaceWidget, script="model_selector.js"):
    """The networks that are ready on this machine, with what a person wants to know of each.

    `face_lite` always is; a MiDaS network is once its weights are there, which
    `face3d fetch` sees to.

    Attributes
    ----------
    value : str
        Name of the chosen network. Setting one that is unknown or not ready
        raises a `ModelError` that says what to do.
    """

    value = t.Unicode(DEFAULT_MODEL, help="Name of the chosen network.").tag(sync=True)
    options = t.List(t.Dict(), read_only=True, help="The networks.").tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.set_trait("options", [_option(info) for info in ready_models()])

    @t.validate("value")
    def _known(self, proposal: dict[str, Any]) -> str:
        info = model_info(proposal["value"])
        if not is_ready(info.name):
            raise ModelError(
                f"{info.title} is not on this machine; fetch it with: face3d fetch {info.name}."
            )
        return info.name


def _option(info: ModelInfo) -> dict[str, str]:
    facts = f"{info.year} · {info.parameters / 1e6:.1f} M parameters · {info.size / 1e6:.1f} MB"
    return {"name": info.name, "title": info.title, "facts": facts, "summary": info.summary}
