"""Image corruptions by light, lens, sensor and phone.

Each fault takes a picture, (s, s, 3) float32 from 0 to 1, sRGB, and a random
generator, and gives a new picture of that kind; `camera_faults` draws a random
selection in the order in which they happen: light, lens, sensor, processing,
file.

References
----------
Foi, A., Trimeche, M., Katkovnik, V. and Egiazarian, K. (2008). Practical
Poissonian-Gaussian noise modeling and fitting for single-image raw-data.
https://doi.org/10.1109/TIP.2008.2001399
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import ArrayLike

from face3d_widgets.training.textures import Picture, blur, fractal_noise, random_gradient, stripes

__all__ = [
    "FAULTS",
    "add_noise",
    "camera_faults",
    "cast_shadow",
    "change_exposure",
    "change_saturation",
    "compress",
    "drain_color",
    "lens_blur",
    "lower_resolution",
    "motion_blur",
    "posterise",
    "sharpen",
    "shift_white_balance",
    "smooth_skin",
    "tone_curve",
    "veil",
    "vignette",
]

Fault = Callable[[Picture, np.random.Generator], Picture]
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


def _clip(picture: ArrayLike) -> Picture:
    return np.clip(np.asarray(picture, np.float32), 0, 1)


def change_exposure(picture: Picture, rng: np.random.Generator) -> Picture:
    """Too dark or too bright by up to a stop and a half; what is too bright clips."""
    # sRGB is near a gamma of 2.2, so a gain of light is a gain of its 2.2th root.
    stops = float(np.clip(rng.normal(0, 0.6), -2.0, 1.2))
    return _clip(picture * np.float32(2 ** (stops / 2.2)))


def shift_white_balance(picture: Picture, rng: np.random.Generator) -> Picture:
    """Warm or cold, green or magenta."""
    warm, tint = rng.normal(0, 0.1), rng.normal(0, 0.04)
    gain = np.exp(np.array([warm, tint, -warm], np.float32))
    if rng.random() < 0.1:  # a lamp of one colour
        gain *= rng.uniform(0.4, 1.2, 3).astype(np.float32)
    return _clip(picture * gain)


def tone_curve(picture: Picture, rng: np.random.Generator) -> Picture:
    """Gamma, contrast about the middle, lifted shadows; by a table of 256 steps."""
    at = np.linspace(0, 1, 256, dtype=np.float32)
    curve = at ** np.float32(np.exp(rng.normal(0, 0.25)))
    contrast = float(np.exp(rng.normal(0.03, 0.3)))
    middle = float(picture.mean())
    curve = (curve - middle) * contrast + middle
    if rng.random() < 0.3:  # an S, as films have it
        curve = np.clip(curve, 0, 1)
        curve += rng.uniform(0, 0.7) * (curve * curve * (3 - 2 * curve) - curve)
    low, high = rng.uniform(0, 0.12), rng.uniform(0.85, 1.0)
    if rng.random() < 0.25:
        curve = low + curve * (high - low)
    table = np.clip(curve, 0, 1).astype(np.float32)
    return table[(picture * 255 + 0.5).astype(np.uint8)]


def change_saturation(picture: Picture, rng: np.random.Generator) -> Picture:
    """Duller or more colourful, and hues turned a little."""
    grey = (picture @ _LUMA)[..., None]
    gain = np.float32(np.exp(rng.normal(-0.05, 0.35)))
    colour = picture - grey
    if rng.random() < 0.4:
        angle = rng.normal(0, 0.12)
        axis = np.ones((3, 1), np.float32) / np.float32(np.sqrt(3))
        turn, _ = cv2.Rodrigues((axis * np.float32(angle)).astype(np.float64))
        colour = colour @ turn.T.astype(np.float32)
    return _clip(grey + colour * gain)


def vignette(picture: Picture, rng: np.random.Generator) -> Picture:
    """Darker towards the corners."""
    size = picture.shape[0]
    at = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    x, y = at - np.float32(rng.normal(0, 0.08)), at - np.float32(rng.normal(0, 0.08))
    fall = 1 - np.float32(rng.uniform(0.2, 1.2)) * (x * x + (y * y)[:, None])
    return _clip(picture * np.maximum(fall, 0.1)[..., None])


def cast_shadow(picture: Picture, rng: np.random.Generator) -> Picture:
    """The shadow of a blind, a branch, a hat or a wall falls over the picture."""
    size = picture.shape[0]
    kind = rng.integers(4)
    if kind == 0:
        mask = stripes(size, rng)
    elif kind == 1:
        mask = np.clip((fractal_noise(size, rng, 0.9, finest=6) - 0.5) * 10 + 0.5, 0, 1)
    elif kind == 2:
        mask = random_gradient(size, rng)
        mask = np.clip((mask - np.float32(rng.uniform(0.3, 0.7))) * 12 + 0.5, 0, 1)
    else:
        mask = random_gradient(size, rng)
    mask = blur(mask, size * rng.uniform(0.002, 0.03))
    dark = np.float32(rng.uniform(0.3, 0.85))
    tint = (rng.uniform(0.9, 1.1, 3)).astype(np.float32)
    return _clip(picture * (dark * tint + (1 - dark * tint) * mask[..., None]))


def veil(picture: Picture, rng: np.random.Generator) -> Picture:
    """Flare: stray light over all, or a bright spot with a halo."""
    light = rng.uniform(0.6, 1.0, 3).astype(np.float32)
    amount = np.float32(rng.uniform(0.05, 0.4))
    if rng.random() < 0.6:
        haze = amount * random_gradient(picture.shape[0], rng)[..., None]
    else:
        haze = np.full((1, 1, 1), amount * np.float32(0.6), np.float32)
    return _clip(picture + (light - picture) * haze)


def lens_blur(picture: Picture, rng: np.random.Generator) -> Picture:
    """Slightly out of focus."""
    return blur(picture, picture.shape[0] / 224 * rng.uniform(0.4, 1.8))


def motion_blur(picture: Picture, rng: np.random.Generator) -> Picture:
    """Camera or person moved along a line."""
    length = int(rng.integers(3, 3 + max(2, picture.shape[0] // 32)))
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    start, end = (tuple(round(float(middle + s * r)) for r in reach) for s in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    kernel /= kernel.sum()
    return _clip(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT_101))


def lower_resolution(picture: Picture, rng: np.random.Generator) -> Picture:
    """Made small and enlarged again, as pictures from the web often are."""
    size = picture.shape[0]
    small = max(8, int(size * rng.uniform(0.3, 0.85)))
    little = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
    how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[rng.integers(3)]
    return _clip(cv2.resize(little, (size, size), interpolation=how))


def sharpen(picture: Picture, rng: np.random.Generator) -> Picture:
    """Sharpened by the camera until edges have halos."""
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.7, 2.0))
    amount = rng.uniform(0.3, 1.5)
    return _clip(cv2.addWeighted(picture, 1 + amount, soft, -amount, 0))


def smooth_skin(picture: Picture, rng: np.random.Generator) -> Picture:
    """Smooth skin as phones do for beauty: small contrasts are taken out, edges stay."""
    eight = (picture * 255 + 0.5).astype(np.uint8)
    reach = int(rng.integers(3, 6))
    smooth = cv2.bilateralFilter(eight, 2 * reach - 1, rng.uniform(15, 50), reach)
    amount = np.float32(rng.uniform(0.4, 1))
    return _clip(picture + (smooth * np.float32(1 / 255) - picture) * amount)


def add_noise(picture: Picture, rng: np.random.Generator) -> Picture:
    """Photons and read-out: noise that grows with the root of light, in grains or in clumps."""
    read, shot = rng.uniform(0.002, 0.03), rng.uniform(0, 0.06)
    channels = 3 if rng.random() < 0.7 else 1
    noise = rng.standard_normal((*picture.shape[:2], channels), dtype=np.float32)
    if rng.random() < 0.5:  # denoised or demosaiced: neighbours are alike
        sigma = rng.uniform(0.5, 1.2)
        noise = cv2.GaussianBlur(noise, (0, 0), sigma).reshape(noise.shape) * np.float32(2 * sigma)
    deviation = np.sqrt(np.float32(read * read) + np.float32(shot * shot) * picture)
    return _clip(picture + noise * deviation)


def posterise(picture: Picture, rng: np.random.Generator) -> Picture:
    """Too few steps of brightness: bands."""
    steps = np.float32(rng.integers(10, 48))
    return _clip(np.round(picture * steps) / steps)


def drain_color(picture: Picture, rng: np.random.Generator) -> Picture:
    """Black and white, or sepia."""
    weights = _LUMA if rng.random() < 0.7 else rng.dirichlet((2, 2, 2)).astype(np.float32)
    grey = (picture @ weights)[..., None]
    if rng.random() < 0.3:
        tone = np.array([1.0, rng.uniform(0.8, 0.95), rng.uniform(0.55, 0.85)], np.float32)
        return _clip(grey * tone * np.float32(1.1))
    return np.repeat(grey, 3, axis=2)


def compress(picture: Picture, rng: np.random.Generator) -> Picture:
    """JPEG, from good to hardly bearable."""
    quality = int(rng.integers(20, 95))
    # JPEG's colour planes are made for RGB in OpenCV's order; red and blue count apart.
    eight = (picture[..., ::-1] * 255 + 0.5).astype(np.uint8)
    _, data = cv2.imencode(".jpg", eight, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.float32)
    return decoded[..., ::-1] * np.float32(1 / 255)


#: Every fault with its chance, in the order in which they happen.
FAULTS: tuple[tuple[Fault, float], ...] = (
    (cast_shadow, 0.15),
    (change_exposure, 0.5),
    (shift_white_balance, 0.6),
    (veil, 0.1),
    (vignette, 0.15),
    (motion_blur, 0.08),
    (lens_blur, 0.25),
    (add_noise, 0.4),
    (lower_resolution, 0.2),
    (tone_curve, 0.7),
    (change_saturation, 0.5),
    (smooth_skin, 0.1),
    (sharpen, 0.25),
    (posterise, 0.03),
    (drain_color, 0.08),
    (compress, 0.4),
)


def camera_faults(picture: Picture, rng: np.random.Generator) -> Picture:
    """A random selection of `FAULTS`, one after the other.

    Parameters
    ----------
    picture : (s, s, 3) float32
        sRGB from 0 to 1; it stays as it is.
    rng : Generator
        The same state gives the same faults.

    Returns
    -------
    (s, s, 3) float32
    """
    dice = rng.random(len(FAULTS))
    for (fault, chance), die in zip(FAULTS, dice, strict=True):
        if die < chance:
            picture = fault(picture, rng)
    return picture
