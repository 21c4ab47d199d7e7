"""Colours whose numbers are told by primaries and a transfer function, as sRGB.

What an ICC profile tells is left to LittleCMS; this is for files that name their colours
by a code (ITU-T H.273) or by a few numbers, and for HDR, which no such profile covers.

References
----------
ITU-T H.273 (2024). Coding-independent code points for video signal type identification.
ITU-R BT.2100-3 (2025). Image parameter values for high dynamic range television (PQ, HLG).
ITU-R BT.2408-8 (2024). Guidance for operational practices in HDR television production:
white at 203 cd/m2, and annex 5 for the curve that brings HDR to a display with less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from face3d_widgets import srgb

__all__ = [
    "ADOBE_RGB",
    "SRGB",
    "ColorSpace",
    "Primaries",
    "as_srgb",
    "coded_space",
    "power_space",
    "space_of_tables",
]

#: Chromaticities: x and y of red, green, blue and white.
Primaries = tuple[float, float, float, float, float, float, float, float]

_D65 = (0.3127, 0.3290)
_C = (0.310, 0.316)
_SRGB_PRIMARIES: Primaries = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65)
_BT601_525: Primaries = (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65)

# H.273, table 2: colour primaries. 2 stands for "unspecified".
_PRIMARIES: dict[int, Primaries] = {
    1: _SRGB_PRIMARIES,
    2: _SRGB_PRIMARIES,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: _BT601_525,
    7: _BT601_525,
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    10: (1, 0, 0, 1, 0, 0, 1 / 3, 1 / 3),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
# H.273, table 3: transfer characteristics. Those of standard television (BT.709, BT.601,
# BT.2020 and their like) are curves of cameras; the displays that such pictures are made on
# and for differ from sRGB's by less than from those curves, and so they are taken for sRGB.
_LIKE_SRGB = {1, 2, 6, 7, 11, 12, 13, 14, 15}
_POWERS = {4: 2.2, 5: 2.8, 8: 1.0}
_LOG_RANGES = {9: 2.0, 10: 2.5}  # decades
_PQ, _ST428, _HLG = 16, 17, 18

# HDR: diffuse white, and the peak of the display that HLG is made for (BT.2408), in cd/m2.
_WHITE = 203.0
_HLG_PEAK, _HLG_GAMMA = 1000.0, 1.2
# This share of an HDR picture's pixels may be brighter than what still gets its own tone.
_GLINTS = 0.001

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_AT_ONCE = 1 << 18  # pixels that are converted together


@dataclass(frozen=True, eq=False)
class ColorSpace:
    """The colour space of an RGB or grey picture.

    Attributes
    ----------
    curve : callable
        Takes (n,) numbers from 0 to 1 and gives their light, (n,) or (n, 3) where red,
        green and blue differ; 1 is white, and an HDR picture goes beyond.
    primaries : Primaries
    hdr : {"", "pq", "hlg"}
        HLG's light is the scene's, from 0 to 1, before the display's own gamma.
    full_range : bool
        Without it, 16 of 255 is black and 235 is white.
    """

    curve: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    primaries: Primaries = _SRGB_PRIMARIES
    hdr: str = ""
    full_range: bool = True

    def light(self, n: int) -> NDArray[np.float32]:
        """(n, 3) float32: light of the whole numbers 0 to n - 1 in red, green and blue."""
        numbers = np.arange(n) / (n - 1)
        if not self.full_range:
            numbers = np.clip((255 * numbers - 16) / 219, 0, 1)
        light = self.curve(numbers)
        light = light if light.ndim == 2 else light[:, None]
        return np.ascontiguousarray(np.broadcast_to(light, (n, 3)), np.float32)


def coded_space(primaries: int, transfer: int, full_range: bool = True) -> ColorSpace | None:
    """The space that two code points of ITU-T H.273 name.

    Parameters
    ----------
    primaries, transfer : int
        `ColourPrimaries` and `TransferCharacteristics`.
    full_range : bool
        Without it, 16 is black and 235 is white.

    Returns
    -------
    ColorSpace or None
        None where a code is reserved, or where neither says anything.
    """
    if primaries == transfer == 2 or primaries not in _PRIMARIES:
        return None
    if _PRIMARIES[primaries] == _SRGB_PRIMARIES and transfer in _LIKE_SRGB and full_range:
        return SRGB
    curve = _curve(transfer)
    if curve is None:
        return None
    hdr = {_PQ: "pq", _HLG: "hlg"}.get(transfer, "")
    return ColorSpace(curve, _PRIMARIES[primaries], hdr, full_range)


def _curve(transfer: int) -> Callable[[NDArray[np.float64]], NDArray[np.float64]] | None:
    if transfer in _LIKE_SRGB:
        return srgb.decode
    if transfer in _POWERS:
        return partial(_power, _POWERS[transfer])
    if transfer in _LOG_RANGES:
        decades = _LOG_RANGES[transfer]
        return lambda coded: np.where(coded > 0, 10 ** (decades * (coded - 1)), 0)
    if transfer == _ST428:
        return lambda coded: coded**2.6 * 52.37 / 48
    if transfer == _PQ:
        return lambda coded: pq_to_nits(coded) / _WHITE
    return _hlg_to_scene if transfer == _HLG else None


def _power(gamma: float, coded: NDArray[np.float64]) -> NDArray[np.float64]:
    return coded**gamma


def power_space(gamma: float | None, primaries: Primaries | None) -> ColorSpace | None:
    """The space of `light = number ** gamma`; sRGB's own curve or primaries where None.

    None where the numbers make no sense.
    """
    if primaries is not None and not _sensible(primaries):
        primaries = None
    if gamma is not None and not 0.2 <= gamma <= 6:
        gamma = None
    if gamma is None and primaries is None:
        return None
    curve = srgb.decode if gamma is None else partial(_power, gamma)
    return ColorSpace(curve, primaries or _SRGB_PRIMARIES)


def space_of_tables(tables: NDArray[np.float64], primaries: Primaries | None) -> ColorSpace:
    """The space of one or three tables of light over evenly spaced numbers.

    Parameters
    ----------
    tables : (1 or 3, n) float
        From 0 to 1.
    primaries : Primaries or None
    """

    def curve(coded: NDArray[np.float64]) -> NDArray[np.float64]:
        places = coded * (tables.shape[1] - 1)
        return np.stack([np.interp(places, np.arange(len(t)), t) for t in tables], axis=1)

    sensible = primaries is not None and _sensible(primaries)
    return ColorSpace(curve, primaries if sensible and primaries else _SRGB_PRIMARIES)


def as_srgb(pixels: NDArray[np.integer], space: ColorSpace, cut: float = 0.0) -> NDArray[np.uint8]:
    """Pixels of a colour space in sRGB.

    Parameters
    ----------
    pixels : (h, w, 3) uint8 or uint16
    space : ColorSpace
    cut : float
        Where a decoder cut finer numbers down to these, how far on average above such a
        number the true one was: a dark step of PQ or of linear light is too wide for that
        not to show.

    Returns
    -------
    (h, w, 3) uint8

    Notes
    -----
    What sRGB cannot show is clipped. HDR keeps all tones up to white (203 cd/m2) where the
    picture has none above; else the curve of BT.2408, annex 5 (from BT.2390) makes room
    for the picture's own highlights, applied to the brightest of red, green and blue, so
    that hues stay.
    """
    table = space.light(np.iinfo(pixels.dtype).max + 1)
    if cut:  # black is left black
        table[1:-1] += np.float32(cut) * np.diff(table[1:], axis=0)
    brightness = _xyz(space.primaries)[1].astype(np.float32)

    def light_of(part: NDArray[np.integer]) -> NDArray[np.float32]:
        light = np.stack([table[:, i][part[..., i].ravel()] for i in range(3)], axis=1)
        return _displayed(light, brightness) if space.hdr == "hlg" else light

    peak = 1.0
    if space.hdr:
        step = max(1, round((pixels.shape[0] * pixels.shape[1] / _AT_ONCE) ** 0.5))
        brightest = light_of(pixels[::step, ::step]).max(axis=1)
        peak = max(1.0, float(np.quantile(brightest, 1 - _GLINTS)))
    to_srgb = _matrix(_SRGB_PRIMARIES, space.primaries).T.astype(np.float32)
    result = np.empty(pixels.shape, np.uint8)
    rows = max(1, _AT_ONCE // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        light = light_of(pixels[top : top + rows])
        if peak > 1:
            brightest = np.maximum(light.max(axis=1, keepdims=True), np.float32(1e-6))
            light *= _toned(brightest, peak) / brightest
        coded = srgb.encode(np.clip(light @ to_srgb, 0, 1))
        result[top : top + rows] = np.rint(255 * coded).reshape(-1, *pixels.shape[1:])
    return result


def _displayed(scene: NDArray[np.float32], brightness: NDArray[np.float32]) -> NDArray[np.float32]:
    """HLG's light of the scene as its display shows it (the system gamma of BT.2100)."""
    luminance = np.maximum(scene @ brightness, np.float32(1e-6))[:, None]
    return scene * np.float32(_HLG_PEAK / _WHITE) * luminance ** np.float32(_HLG_GAMMA - 1)


def _toned(light: NDArray[np.float32], peak: float) -> NDArray[np.float64]:
    """Light from 0 to `peak` brought into 0 to 1: dark and middle tones as they are."""
    top = float(nits_to_pq(np.array(_WHITE * peak)))
    white = float(nits_to_pq(np.array(_WHITE))) / top
    given = np.minimum(nits_to_pq(_WHITE * light) / top, 1)
    knee = 1.5 * white - 0.5
    t = (given - knee) / (1 - knee)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * white
    )
    return pq_to_nits(top * np.where(given < knee, given, bent)) / _WHITE


def pq_to_nits(coded: NDArray[np.float64]) -> NDArray[np.float64]:
    """PQ numbers, 0 to 1, as cd/m2 (SMPTE ST 2084, BT.2100 table 4)."""
    root = np.maximum(coded, 0) ** (32 / 2523)
    ratio = np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)
    return 10_000 * ratio ** (16384 / 2610)


def nits_to_pq(nits: NDArray[np.floating]) -> NDArray[np.float64]:
    """The inverse of `pq_to_nits`."""
    power = (np.maximum(nits, 0) / 10_000) ** (2610 / 16384)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def _hlg_to_scene(coded: NDArray[np.float64]) -> NDArray[np.float64]:
    """HLG numbers as the scene's light, both 0 to 1 (BT.2100 table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)


def _sensible(primaries: Primaries) -> bool:
    """Tell whether the chromaticities span a triangle around a white that has light."""
    x, y = np.reshape(primaries, (4, 2)).T
    if not (np.isfinite(primaries).all() and y[3] > 0.01 and (abs(x) < 2).all()):
        return False
    with np.errstate(all="ignore"):
        try:
            shares = np.linalg.solve(_columns(primaries), _white(primaries))
        except np.linalg.LinAlgError:
            return False
    return bool(np.isfinite(shares).all() and (shares > 1e-3).all() and (shares < 1e3).all())


def _columns(primaries: Primaries) -> NDArray[np.float64]:
    """(3, 3): x, y, z of red, green and blue in columns."""
    xy = np.reshape(primaries, (4, 2))[:3]
    return np.column_stack([xy, 1 - xy.sum(axis=1)]).T


def _white(primaries: Primaries) -> NDArray[np.float64]:
    x, y = primaries[6:]
    return np.array([x / y, 1, (1 - x - y) / y])


def _xyz(primaries: Primaries) -> NDArray[np.float64]:
    """(3, 3): from light of red, green and blue to CIE XYZ, white at Y = 1."""
    columns = _columns(primaries)
    return columns * np.linalg.solve(columns, _white(primaries))


def _matrix(to: Primaries, of: Primaries) -> NDArray[np.float64]:
    """(3, 3): light of one set of primaries as light of another, white as white."""
    cones_of, cones_to = _BRADFORD @ _white(of), _BRADFORD @ _white(to)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(cones_to / cones_of) @ _BRADFORD
    return np.linalg.inv(_xyz(to)) @ adapted @ _xyz(of)


SRGB = ColorSpace(srgb.decode)
#: Adobe RGB (1998), 4.3.1: its gamma is 2 + 51 / 256.
ADOBE_RGB = ColorSpace(partial(_power, 2 + 51 / 256), (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65))
