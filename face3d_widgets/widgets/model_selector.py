"""Which network estimates the depth."""

from __future__ import annotations

from typing import Any

import traitlets as t

from face3d_widgets.depth import DEFAULT_MODEL, MODELS, ModelInfo, model_info
from face3d_widgets.widgets.base import FaceWidget

__all__ = ["ModelSelector"]


class ModelSelector(FaceWidget, script="model_selector.js"):
    """A list of the networks with what a person wants to know of each.

    Attributes
    ----------
    value : str
        Name of the chosen network; must be one of `face3d_widgets.depth.MODELS`.
    """

    value = t.Unicode(DEFAULT_MODEL, help="Name of the chosen network.").tag(sync=True)
    options = t.List(t.Dict(), read_only=True, help="The networks.").tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.set_trait("options", [_option(info) for info in MODELS.values()])

    @t.validate("value")
    def _known(self, proposal: dict[str, Any]) -> str:
        return model_info(proposal["value"]).name


def _option(info: ModelInfo) -> dict[str, str]:
    facts = f"{info.parameters / 1e6:.1f} M parameters · {info.size / 1e6:.1f} MB"
    return {"name": info.name, "title": info.title, "facts": facts, "summary": info.summary}
