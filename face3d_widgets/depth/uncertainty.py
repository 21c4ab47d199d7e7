"""Uncertainty of an estimate by test-time augmentation: the spread over variants of the photo.

A face does not change its shape when its photo is mirrored, moved by a few pixels or shown
smaller; a network's answer does. Each variant's answer is brought back onto the photo and,
since scale and shift are unknown anew each time, onto the first answer by a line fitted on the
subject. How far the answers then lie apart at a pixel is taken for how unsure the network is
there (test-time augmentation, Ayhan and Berens 2018; Poggi et al. 2020 weigh the mirror alone
against other measures for depth).

It shows what the network cannot make up its mind about: outlines, hair, hands, and whatever
lies outside the photos it learned from. It cannot show an error that every variant shares: a
network that always makes noses too flat is sure of it.

References
----------
Ayhan, M. S. and Berens, P. (2018). Test-time data augmentation for estimation of
heteroscedastic aleatoric uncertainty in deep neural networks. MIDL.
https://openreview.net/forum?id=rJZz-knjz
Poggi, M., Aleotti, F., Tosi, F. and Mattoccia, S. (2020). On the uncertainty of
self-supervised monocular depth estimation. CVPR.
https://doi.org/10.1109/CVPR42600.2020.00329
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face3d_widgets.depth.errors import ModelError
from face3d_widgets.geometry import align_maps, nearness, subject_stats
from face3d_widgets.geometry.relief import SMALLEST_SUBJECT
from face3d_widgets.types import InverseDepth, Photo

__all__ = ["VARIANTS", "UncertaintyCancelled", "Variant", "measure_uncertainty"]

# Variants are made of the photo at this longer side, in pixels; networks see no more.
_SIDE = 512
# Two numbers are fitted to every third pixel of every third row, where that leaves enough.
_EVERY, _ENOUGH = 3, 2000


class UncertaintyCancelled(ModelError):
    """The person stopped the measurement."""


@dataclass(frozen=True)
class Variant:
    """Another view of the same photo, at the same size.

    Attributes
    ----------
    name : str
        What is done, to be shown while it runs.
    mirrored : bool
        Left and right exchanged.
    right, down : float
        Moved by so much, as a share of the longer side; the border continues at the other end.
    size : float
        Shown this much smaller in the middle, above 0 to 1; the border continues around it.
    """

    name: str
    mirrored: bool = False
    right: float = 0.0
    down: float = 0.0
    size: float = 1.0


#: What a photo is subjected to. The shifts are no multiples of a network's grid.
VARIANTS = (
    Variant("mirrored", mirrored=True),
    Variant("moved right", right=0.03),
    Variant("moved left", right=-0.03),
    Variant("moved down", down=0.03),
    Variant("moved up", down=-0.03),
    Variant("nine tenths of the size", size=0.9),
    Variant("four fifths of the size", size=0.8),
    Variant("mirrored and smaller", mirrored=True, size=0.85),
)


def measure_uncertainty(
    photo: Photo,
    run: Callable[[Photo], InverseDepth],
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    variants: tuple[Variant, ...] = VARIANTS,
) -> NDArray[np.float32]:
    """The spread of the estimates for variants of a photo, at every pixel.

    Parameters
    ----------
    photo : Photo
    run : callable
        Photo to inverse depth at the photo's size, such as a network.
    progress : callable, optional
        Called with the name of each step and the share that is done, 0 to 1.
    cancelled : callable, optional
        Asked before each run; True ends the work.
    variants : tuple of Variant
        Beside the photo as it is.

    Returns
    -------
    (h, w) float32, read-only
        Standard deviation over the photo and its variants, as a share of the subject's
        range of inverse depth (from its 5 to its 95 percent quantile): 0.01 is one
        hundredth of the relief. 0 everywhere where an estimate has no relief at all.

    Raises
    ------
    UncertaintyCancelled
        When `cancelled` said so.
    """
    report = progress or (lambda step, share: None)

    def answer(step: int, name: str, shown: Photo) -> InverseDepth:
        if cancelled is not None and cancelled():
            raise UncertaintyCancelled("The uncertainty was not measured to its end: cancelled.")
        report(name, step / (len(variants) + 1))
        return run(shown)

    small = _reduced(photo)
    first = answer(0, "as it is", small)
    stats = subject_stats(first, near := nearness(first))
    span = stats.near - stats.far
    if not span > 0:
        return _finished(np.zeros(small.rgb.shape[:2], np.float32), photo)
    subject = near >= 0.5 if first.subject is None else first.subject
    if subject.mean() < SMALLEST_SUBJECT:  # nobody: then the whole picture counts
        subject = np.ones_like(subject)

    # Sums of differences from the first answer, which is 0 itself: exact also in float32.
    total = np.zeros(subject.shape, np.float32)
    squares, count = total.copy(), np.ones_like(total)
    for step, variant in enumerate(variants, start=1):
        shown, back = _shown(small, variant)
        values, seen = back(answer(step, variant.name, shown).values)
        difference = _aligned(values, first.values, subject & seen) - first.values
        difference[~seen] = 0
        total += difference
        squares += difference**2
        count += seen
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0)
    report("done", 1.0)
    return _finished((np.sqrt(variance) / span).astype(np.float32), photo)


_Back = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.bool_]]]


def _shown(photo: Photo, variant: Variant) -> tuple[Photo, _Back]:
    """A variant of a photo, and the way back from its inverse depth onto the photo.

    The way back gives the values and which of the photo's pixels the variant showed.
    """
    import cv2

    height, width = photo.height, photo.width
    rows = max(1, round(variant.size * height))
    columns = max(1, round(variant.size * width))
    rgb = photo.rgb[:, ::-1] if variant.mirrored else photo.rgb
    if (rows, columns) != (height, width):
        resized = cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_AREA)
        rgb = np.asarray(resized, np.uint8)
    # Where the picture's corner comes to lie on the canvas, beyond it where below 0.
    top = (height - rows) // 2 + round(variant.down * max(height, width))
    left = (width - columns) // 2 + round(variant.right * max(height, width))
    # Each pixel of the canvas shows the nearest of the picture, so that its border continues.
    row = np.clip(np.arange(height) - top, 0, rows - 1)
    column = np.clip(np.arange(width) - left, 0, columns - 1)

    def back(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        of_picture = np.full((rows, columns), np.nan, np.float32)
        here_rows = slice(max(0, -top), min(rows, height - top))
        here_columns = slice(max(0, -left), min(columns, width - left))
        of_picture[here_rows, here_columns] = values[
            here_rows.start + top : here_rows.stop + top,
            here_columns.start + left : here_columns.stop + left,
        ]
        if (rows, columns) != (height, width):
            enlarged = cv2.resize(of_picture, (width, height), interpolation=cv2.INTER_LINEAR)
            of_picture = np.asarray(enlarged, np.float32)
        if variant.mirrored:
            of_picture = of_picture[:, ::-1]
        seen = np.isfinite(of_picture)
        return np.where(seen, of_picture, np.float32(0)), seen

    canvas = np.ascontiguousarray(rgb[row][:, column])
    return Photo(canvas, photo.name, photo.original_size, photo.focal_length_35mm), back


def _aligned(
    values: NDArray[np.float32], first: NDArray[np.float32], mask: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """`values` on the scale of `first`, fitted where `mask` says."""
    thin = np.s_[::_EVERY, ::_EVERY] if mask.sum() > _EVERY**2 * _ENOUGH else np.s_[:, :]
    try:
        return align_maps(values[thin], first[thin], mask[thin]).apply(values)
    except ValueError:  # one value everywhere: all that can be said is where it lies
        return np.full_like(first, np.median(first[mask]) if mask.any() else 0.0)


def _reduced(photo: Photo) -> Photo:
    import cv2

    scale = _SIDE / max(photo.height, photo.width)
    if scale >= 1:
        return photo
    size = (max(1, round(scale * photo.width)), max(1, round(scale * photo.height)))
    rgb = np.asarray(cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Photo(rgb, photo.name, photo.original_size, photo.focal_length_35mm)


def _finished(deviation: NDArray[np.float32], photo: Photo) -> NDArray[np.float32]:
    """At the photo's size, read-only."""
    if deviation.shape != photo.rgb.shape[:2]:
        import cv2

        size = (photo.width, photo.height)
        resized = cv2.resize(deviation, size, interpolation=cv2.INTER_LINEAR)
        deviation = np.asarray(resized, np.float32)
    deviation.flags.writeable = False
    return deviation
