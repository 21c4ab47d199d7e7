"""Small portraits with known depth for the tests of training: a ball on shoulders."""

import numpy as np

from face3d_widgets.training.shards import Labels, Render, TrainingRender, metric_relief

DISTANCE, UNIT = 1.2, 0.1


def ball_render(size=64, radius=0.1, seed=0):
    """A head that is a ball, its face the part nearest to the camera, and a slab below."""
    rng = np.random.default_rng(seed)
    focal = 2.0 * size
    at = (np.arange(size) + 0.5 - size / 2) * DISTANCE / focal
    x, y = at[None], at[:, None] + 0.04
    inside = 1 - (x**2 + y**2) / radius**2
    height = radius * np.sqrt(np.maximum(inside, 0))
    head, slab = inside > 0, (np.abs(x) < 0.2) & (y > radius * 0.9)
    depth = np.where(head, DISTANCE - height, DISTANCE + 0.05)
    labels = np.where(slab, Labels.PERSON, Labels.BACKGROUND)
    labels[head] = Labels.HEAD
    labels[inside > 0.4] = Labels.FACE
    person = labels > 0
    tones = np.array([[0, 0, 0], [0.3, 0.3, 0.7], [0.3, 0.2, 0.1], [0.9, 0.7, 0.6]])
    light = 0.5 + 0.5 * np.sqrt(np.maximum(inside, 0))[..., None]
    color = tones[labels] * light + rng.normal(0, 0.02, (size, size, 3))
    return Render(
        color=(np.clip(color, 0, 1) * 255 * person[..., None]).astype(np.uint8),
        coverage=(person * 255).astype(np.uint8),
        inverse_depth=np.where(person, 1 / depth, 0).astype(np.float32),
        labels=labels.astype(np.uint8),
        landmarks=np.array([[size / 2, size / 2]], np.float32),
        distance=DISTANCE,
        unit=UNIT,
        facts={"yaw": float(seed), "seed": 7},
    )


def training_render(render):
    """A `Render` as training takes it."""
    relief = metric_relief(render.inverse_depth, render.distance, render.unit)
    return TrainingRender(
        color=render.color,
        coverage=render.coverage,
        relief=relief.astype(np.float16),
        labels=render.labels,
        landmarks=render.landmarks,
        facts=render.facts,
    )
