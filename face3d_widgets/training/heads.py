"""The rendered heads that ship in the package, for the true-error lab and the lessons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.image import photo_from_array
from face3d_widgets.samples.rendered import write_rendered_head
from face3d_widgets.training.backgrounds import draw_background, match_light
from face3d_widgets.training.render import draw_numbered
from face3d_widgets.training.shards import Labels, Render
from face3d_widgets.types import Intrinsics

__all__ = ["HEADS", "HEADS_SEED", "compose", "write_heads"]

#: The heads are of their own seed, so that no network learned from them.
HEADS_SEED = 100
#: File name, number in the set, and what the page calls it.
HEADS = (
    ("open-mouth", 2, "An open mouth"),
    ("beard", 5, "A beard"),
    ("bob", 10, "Smooth hair to the chin"),
    ("tilted", 11, "A tilted head"),
    ("child", 18, "A child"),
    ("turned", 21, "Turned to the side"),
    ("glasses", 31, "Glasses"),
    ("head-scarf", 34, "A head scarf"),
)


def compose(render: Render, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(s, s, 3) uint8: the people before a background in their own light, no camera faults."""
    size = render.labels.shape[0]
    share = render.coverage[..., None].astype(np.float32) / 255
    people = render.color.astype(np.float32) / 255
    mean = people.sum((0, 1)) / max(float(share.sum()), 1.0)
    background = match_light(draw_background(size, rng).color, mean, 0.6)
    picture = people + background * (1 - share)
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def write_heads(folder: Path, size: int = 384, assets: Path | None = None) -> int:
    """Render `HEADS` anew into a folder; returns how many there are."""
    for name, number, title in HEADS:
        render = draw_numbered(HEADS_SEED, number, size, assets)
        seen = render.labels > Labels.BACKGROUND
        depth = np.where(seen, 1 / np.where(seen, render.inverse_depth, 1), np.nan)
        facts = render.facts
        write_rendered_head(
            folder,
            name,
            photo_from_array(compose(render, np.random.default_rng([HEADS_SEED, number, 77]))),
            depth.astype(np.float32),
            render.labels >= Labels.HEAD,
            render.labels == Labels.FACE,
            Intrinsics(facts["focal"], facts["focal"], facts["cx"], facts["cy"]),
            {**facts, "title": title},
        )
    return len(HEADS)
