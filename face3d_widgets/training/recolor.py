"""Changes of a person's colours that leave the shape alone, shading included.

A network that has seen the same few skins, cloths and hair colours learns them
by heart. Each of these breaks one such habit: regions get colours of their own,
spots and grain lie on every surface, and broad colour statistics come from
elsewhere.

References
----------
Reinhard, E., Ashikhmin, M., Gooch, B. and Shirley, P. (2001). Color transfer
between images. https://doi.org/10.1109/38.946629
Yang, Y. and Soatto, S. (2020). FDA: Fourier domain adaptation for semantic
segmentation. https://arxiv.org/abs/2004.05498
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from face3d_widgets.training.framing import Framed
from face3d_widgets.training.shards import Labels
from face3d_widgets.training.textures import Picture, blur, fractal_noise

__all__ = ["mix_amplitudes", "paint_regions", "recolor_person", "roughen", "transfer_statistics"]

_COARSE = 16  # cells of the grid on which broad colour statistics are mixed


def recolor_person(framed: Framed, background: Picture, rng: np.random.Generator) -> Picture:
    """The person's picture with a random selection of the changes below.

    Parameters
    ----------
    framed : Framed
    background : (s, s, 3) float32
        Whose light the person may take on.
    rng : Generator

    Returns
    -------
    (s, s, 3) float32
        sRGB from 0 to 1, times coverage.
    """
    person = framed.color
    if rng.random() < 0.5:
        person = paint_regions(person, framed.labels, rng)
    if rng.random() < 0.35:
        person = roughen(person, rng)
    if rng.random() < 0.25:
        person = transfer_statistics(person, framed.coverage, background, rng)
    if rng.random() < 0.2:
        person = mix_amplitudes(person, framed.coverage, rng)
    return np.clip(person, 0, framed.coverage[..., None])


def paint_regions(person: Picture, labels: NDArray[np.uint8], rng: np.random.Generator) -> Picture:
    """Clothes, hair and skin each get a colour gain of their own, with soft borders."""
    gains = np.ones((4, 3), np.float32)
    for label, spread in ((Labels.PERSON, 0.35), (Labels.HEAD, 0.3), (Labels.FACE, 0.08)):
        shade = rng.normal(0, spread)
        gains[label] = np.exp(shade + rng.normal(0, spread * 0.6, 3)).astype(np.float32)
    gains[Labels.BACKGROUND] = gains[Labels.PERSON]
    field = cv2.resize(gains[labels], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    field = cv2.GaussianBlur(field, (0, 0), rng.uniform(0.5, 2.0))
    return person * cv2.resize(field, person.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def roughen(person: Picture, rng: np.random.Generator) -> Picture:
    """Blotches, pores, grain: colour noise at scales of its own, multiplied in."""
    size = person.shape[0]
    channels = 3 if rng.random() < 0.5 else 1
    noise = fractal_noise(size, rng, slope=rng.uniform(0, 1.2), channels=channels)
    noise = noise.reshape(size, size, channels) - 0.5
    return person * (1 + noise * np.float32(rng.uniform(0.1, 0.8)))


def transfer_statistics(
    person: Picture, coverage: Picture, other: Picture, rng: np.random.Generator
) -> Picture:
    """Mean and spread of each opponent colour drawn towards those of another picture."""
    amount = np.float32(rng.uniform(0.1, 0.6))
    total = max(float(coverage.sum()), 1.0)
    to_opponent = np.array([[1, 1, 1], [1, 0, -1], [-0.5, 1, -0.5]], np.float32) / 3
    mine = person @ to_opponent.T  # coverage stays multiplied in
    theirs = other.reshape(-1, 3)[::7] @ to_opponent.T
    mean = mine.sum(axis=(0, 1)) / total
    centred = mine - mean * coverage[..., None]
    spread = np.sqrt((centred**2).sum(axis=(0, 1)) / total) + 1e-3
    gain = np.clip(theirs.std(axis=0) / spread, 0.6, 1.6) ** amount
    # Brightness keeps nearer to its own: it carries the shading.
    shift = (theirs.mean(axis=0) - mean) * amount * np.array([0.5, 1, 1], np.float32)
    moved = centred * gain + (mean + shift) * coverage[..., None]
    back = np.linalg.inv(to_opponent).T.astype(np.float32)
    return np.asarray(moved @ back, np.float32)


def mix_amplitudes(person: Picture, coverage: Picture, rng: np.random.Generator) -> Picture:
    """Exchange the strength, but not the phase, of the lowest frequencies with noise.

    Done on a coarse grid of the person's mean colours, whose change is then spread
    over the picture.
    """
    size = (_COARSE, _COARSE)
    little = cv2.resize(person, size, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(coverage, size, interpolation=cv2.INTER_AREA)[..., None]
    inside = little / np.maximum(cover, 0.05)
    mean = little.sum(axis=(0, 1)) / max(float(cover.sum()), 1e-3)
    filled = np.where(cover > 0.1, inside, mean)
    noise = fractal_noise(_COARSE, rng, slope=1.2, channels=3)
    spectrum, strange = np.fft.fft2(filled, axes=(0, 1)), np.fft.fft2(noise, axes=(0, 1))
    frequency = np.abs(np.fft.fftfreq(_COARSE, 1 / _COARSE))
    low = np.maximum(frequency[:, None], frequency[None]) <= rng.integers(1, 4)
    low[0, 0] = False  # the mean is not to change
    amplitude = np.abs(spectrum)
    mixed = amplitude + rng.uniform(0.2, 0.8) * (np.abs(strange) - amplitude)
    spectrum = np.where(low[..., None], mixed * np.exp(1j * np.angle(spectrum)), spectrum)
    change = (np.fft.ifft2(spectrum, axes=(0, 1)).real - filled).astype(np.float32)
    wide = cv2.resize(change, person.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return person + blur(np.asarray(wide, np.float32), 1.0) * coverage[..., None]
