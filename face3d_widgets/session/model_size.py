"""The size of a model in a file: millimetres to its relative unit, and their source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from face3d_widgets.geometry import HEAD_WIDTH, FaceGeometry
from face3d_widgets.types import GeometryParams

__all__ = ["ModelSize", "model_size"]


@dataclass(frozen=True)
class ModelSize:
    """The size of a model that leaves the program.

    Attributes
    ----------
    mm_per_unit : float
        Millimetres a relative unit.
    words : str
        How it is known, for lists: "life-size by a guess".
    sentence : str
        The same for a README.
    """

    mm_per_unit: float
    words: str
    sentence: str


def model_size(
    geometry: FaceGeometry,
    params: GeometryParams,
    width: Callable[[], float],
    width_mm: float | None = None,
    head_mm: float | None = None,
) -> ModelSize:
    """The size that was asked for, else that of the ruler, else life-size as far as is known.

    Parameters
    ----------
    geometry : FaceGeometry
    params : GeometryParams
        Its `mm_per_unit` is the ruler's.
    width : callable
        Gives the width of the model, relative units; asked where `width_mm` is given.
    width_mm : float, optional
        Width of the model.
    head_mm : float, optional
        Width of the head with ears and hair. Without it a guess is an adult's, `HEAD_WIDTH`.
    """
    if width_mm is not None:
        return ModelSize(
            width_mm / max(width(), 1e-9),
            f"{width_mm:g} mm wide as asked",
            f"The model is made {width_mm:g} mm wide, as was asked.",
        )
    # Of a sheet at the subject's distance the whole picture is this high.
    picture = geometry.curve(params).subject_depth * geometry.photo.height
    head = geometry.stats.head_width * picture / geometry.camera(params).fy
    if head_mm is not None:
        return ModelSize(
            head_mm / head,
            f"its head {head_mm:g} mm wide as asked",
            f"The head is taken to be {head_mm:g} mm wide with ears and hair, as was said.",
        )
    if params.mm_per_unit is not None:
        return ModelSize(
            params.mm_per_unit,
            "to the scale that was set",
            "Their scale follows from two places in the photo whose distance was told.",
        )
    guess = 1000 * HEAD_WIDTH
    return ModelSize(
        guess / head,
        "life-size by a guess",
        f"The size is a guess: the head is taken for an adult's, {guess:.0f} mm wide with ears "
        "and hair. Say how wide it is, or mark a known distance with the ruler, to be sure.",
    )
