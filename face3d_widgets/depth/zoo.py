"""One table of every network that the program knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["DEFAULT_MODEL", "MODELS", "ModelError", "ModelInfo", "model_info"]


class ModelError(ValueError):
    """A network cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class ModelInfo:
    """What is known of one network before it is loaded.

    Attributes
    ----------
    name : str
        The name used in Python, in file names and on the command line.
    title : str
        The name shown to people.
    summary : str
        One sentence for the model selector.
    parameters : int
        Number of weights.
    size : int
        Bytes of the weights file.
    licence : str
    input_side : int
        Longer side, in pixels, of the picture the network sees.
    relief_unit : float or None
        See `InverseDepth.relief_unit`.
    """

    name: str
    title: str
    summary: str
    parameters: int
    size: int
    licence: str
    input_side: int
    relief_unit: float | None = None


DEFAULT_MODEL = "face_lite"

MODELS: Mapping[str, ModelInfo] = MappingProxyType(
    {
        info.name: info
        for info in [
            ModelInfo(
                name="face_lite",
                title="Face Lite",
                summary=(
                    "Ships with the program and is ready at once: relative depth of a head, "
                    "learned from synthetic heads only. It is not a MiDaS network."
                ),
                parameters=3_721_073,
                size=7_551_150,
                licence="MIT; encoder weights Apache-2.0",
                input_side=192,
                relief_unit=0.1,
            ),
        ]
    }
)


def model_info(name: str) -> ModelInfo:
    """Look a network up.

    Raises
    ------
    ModelError
        When there is none of that name.
    """
    try:
        return MODELS[name]
    except KeyError:
        known = ", ".join(MODELS)
        raise ModelError(f"There is no model called {name!r}; choose one of: {known}.") from None
