"""From a synthetic portrait to one training sample, never twice the same.

Frame it, change its colours in ways that leave its shape alone, put it before a
background, hold something before it, spoil it as cameras do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.backgrounds import draw_background, match_light
from face3d_widgets.training.camera_faults import camera_faults
from face3d_widgets.training.framing import Framed, draw_frame, frame_render
from face3d_widgets.training.natural import shuffled
from face3d_widgets.training.occluders import Occluder, draw_occluder
from face3d_widgets.training.recolor import recolor_person
from face3d_widgets.training.shards import BACKGROUND_RELIEF, Labels, TrainingRender
from face3d_widgets.training.textures import Picture

__all__ = ["WEIGHTS", "Sample", "make_sample"]

#: How much a pixel counts, by its label: background, person, head, face.
WEIGHTS = np.array([0.35, 0.8, 1.5, 3.0], np.float32)
_EDGE_WEIGHT = 0.3
_FAR_BEHIND = -3.2  # relief below which only the masks of people count
_OCCLUDER_WEIGHT = 0.3
_OCCLUDER_CHANCE = 0.15
_BYSTANDER_CHANCE = 0.08
_SHUFFLED_CHANCE = 0.1


@dataclass(frozen=True)
class Sample:
    """A training sample: what the network is shown, and what it is to say.

    Attributes
    ----------
    image : (s, s, 3) uint8
        sRGB.
    relief : (s, s) float32
        See `shards.metric_relief`; -3.5 where nobody is.
    weight : (s, s) float32
        How much the relief of a pixel counts; 0 where it is not known.
    labels : (s, s) uint8
        See `shards.Labels`; `Labels.UNKNOWN` where it is not known.
    """

    image: NDArray[np.uint8]
    relief: NDArray[np.float32]
    weight: NDArray[np.float32]
    labels: NDArray[np.uint8]


def make_sample(
    render: TrainingRender,
    size: int,
    rng: np.random.Generator,
    bystander: TrainingRender | None = None,
) -> Sample:
    """One sample.

    Parameters
    ----------
    render : TrainingRender
        The portrait; it stays as it is.
    size : int
        Rows and columns of the sample.
    rng : Generator
        The same state gives the same sample.
    bystander : TrainingRender, optional
        Another portrait, which may appear, smaller, behind the first; a person
        and a head like any other, but of unknown distance.
    """
    framed = frame_render(render, draw_frame(render, size, rng), size)
    if rng.random() < _SHUFFLED_CHANCE:
        background = shuffled(framed.color, framed.coverage, rng)
    else:
        background = draw_background(size, rng).color
    person = recolor_person(framed, background, rng)
    unknown = np.zeros((size, size), bool)
    labels, relief = framed.labels.copy(), framed.relief
    if rng.random() < 0.4:
        background = match_light(background, _mean_color(person, framed), rng.uniform(0.2, 0.9))
    if bystander is not None and rng.random() < _BYSTANDER_CHANCE:
        other = frame_render(bystander, draw_frame(bystander, size, rng, (0.12, 0.4)), size)
        background = _over(recolor_person(other, background, rng), other.coverage, background, rng)
        unknown = other.labels > 0
        labels = np.where(framed.labels > 0, framed.labels, other.labels)
    image = _over(person, framed.coverage, background, rng)

    weight = WEIGHTS[framed.labels]
    edge = (framed.coverage > 0.02) & (framed.coverage < 0.98)
    weight[edge] *= _EDGE_WEIGHT
    weight[unknown & (framed.labels == Labels.BACKGROUND)] = 0
    weight[(framed.labels > 0) & (framed.relief < _FAR_BEHIND)] = 0
    if rng.random() < _OCCLUDER_CHANCE:
        occluder = draw_occluder(framed, rng)
        image = _over(occluder.color * occluder.alpha[..., None], occluder.alpha, image, rng)
        relief, weight, labels = _hide_behind(occluder, relief, weight, labels)
    image = camera_faults(np.clip(image, 0, 1, dtype=np.float32), rng)
    return Sample(
        image=(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8),
        relief=np.where(labels > 0, relief, BACKGROUND_RELIEF).astype(np.float32),
        weight=weight,
        labels=labels,
    )


def _mean_color(person: Picture, framed: Framed) -> NDArray[np.float32]:
    total = max(float(framed.coverage.sum()), 1.0)
    mean: NDArray[np.float32] = person.sum(axis=(0, 1), dtype=np.float32) / np.float32(total)
    return mean


def _over(front: Picture, alpha: Picture, back: Picture, rng: np.random.Generator) -> Picture:
    """A premultiplied picture over another; half the time light is mixed, as lenses do it.

    Mixing sRGB numbers, as programs do it, makes soft edges darker. The difference
    shows only where coverage is partial.
    """
    mixed = front + back * (1 - alpha)[..., None]
    if rng.random() < 0.5:
        soft = (alpha > 0.02) & (alpha < 0.98)
        a = alpha[soft][:, None]
        # A gamma of 2 is near enough to sRGB for a rim of one or two pixels.
        front_light = np.square(front[soft] / np.maximum(a, 1e-3)) * a
        mixed[soft] = np.sqrt(front_light + np.square(back[soft]) * (1 - a))
    return mixed


def _hide_behind(
    occluder: Occluder,
    relief: Picture,
    weight: Picture,
    labels: NDArray[np.uint8],
) -> tuple[Picture, Picture, NDArray[np.uint8]]:
    """Relief, weight and labels once a thing is held before the person."""
    solid = occluder.alpha > 0.5
    before_person = solid & (labels > 0)
    touched = occluder.alpha > 0.02
    relief = np.where(solid, occluder.relief, relief).astype(np.float32)
    weight = np.where(touched, np.where(before_person, _OCCLUDER_WEIGHT, 0), weight)
    labels = np.where(before_person, Labels.PERSON, labels)
    # Beside the person nobody can say whether it belongs to them.
    labels = np.where(touched & ~before_person, Labels.UNKNOWN, labels)
    return relief, weight.astype(np.float32), labels.astype(np.uint8)
