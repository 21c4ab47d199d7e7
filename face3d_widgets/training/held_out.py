"""Score a network on portraits that it does not learn from, while it learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from face3d_widgets.geometry.scores import score_inverse_depth
from face3d_widgets.training.augment import Sample, make_sample
from face3d_widgets.training.shards import Labels, TrainingRender
from face3d_widgets.types import Intrinsics

__all__ = ["HELD_OUT", "draw_held_out", "score_held_out"]

#: So many portraits at the end of the set are never learned from.
HELD_OUT = 64
_SEED = 20_000  # of their samples, the same in every run
_DISTANCE = 12.0  # scores want a camera: a head at 1.2 m, as a selfie's
_LEAST_FACE = 0.005  # of the picture; with less a score says little


def draw_held_out(renders: Sequence[TrainingRender], size: int) -> list[Sample]:
    """The fixed samples that are scored, one for each portrait."""
    return [
        make_sample(render, size, np.random.default_rng([_SEED, i]))
        for i, render in enumerate(renders)
    ]


def score_held_out(
    network: nn.Module, samples: Sequence[Sample], device: str = "cpu"
) -> dict[str, float]:
    """Means over the samples of what `geometry.scores` measures.

    Parameters
    ----------
    network : FaceLite
        In eval mode.
    samples : sequence of Sample
        Those with hardly any face in them do not count.
    device : str
        Where the network is.

    Returns
    -------
    dict
        head_r2, face_r2, face_ord, normals (mean, in degrees); person_iou, head_iou of
        the masks; count.
    """
    rows = []
    for sample in samples:
        picture = torch.from_numpy(sample.image).to(device).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            maps = network.maps(picture)[0].float().cpu().numpy()  # type: ignore[operator]
        row = _score(maps, sample)
        if row:
            rows.append(row)
    found = {
        key: float(np.nanmean([row[key] for row in rows])) for key in (rows[0] if rows else ())
    }
    return {**found, "count": float(len(rows))}


def _score(maps: NDArray[np.float32], sample: Sample) -> dict[str, float]:
    valued = sample.weight > 0
    head = (sample.labels >= Labels.HEAD) & (sample.labels != Labels.UNKNOWN) & valued
    face = (sample.labels == Labels.FACE) & valued
    if face.mean() < _LEAST_FACE:
        return {}
    side = float(sample.labels.shape[0])
    depth = 1 / np.maximum(sample.relief + _DISTANCE, 1.0)
    camera = Intrinsics(1.2 * side, 1.2 * side, side / 2, side / 2)
    scores = score_inverse_depth(maps[0], depth, head, face, camera)
    known = sample.labels != Labels.UNKNOWN
    return {
        "head_r2": scores.head_r2,
        "face_r2": scores.face_r2,
        "face_ord": scores.face_ord,
        "normals": scores.normal_mean,
        "person_iou": _overlap(maps[1] > 0, sample.labels >= Labels.PERSON, known),
        "head_iou": _overlap(maps[2] > 0, sample.labels >= Labels.HEAD, known),
    }


def _overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_], known: NDArray[np.bool_]) -> float:
    both, either = (found & truth & known).sum(), ((found | truth) & known).sum()
    return float(both / max(either, 1))
