"""The losses of training.

Functions of tensors alone. `prediction` and `target` are relief, (n, h, w)
float; `mask` is (n, h, w) bool, `weight` (n, h, w) float from 0 up.

References
----------
Ranftl, R. et al. (2022). Towards robust monocular depth estimation.
https://doi.org/10.1109/TPAMI.2020.3019967 (scale and shift, trimming, gradients)
Li, Z. and Snavely, N. (2018). MegaDepth. https://doi.org/10.1109/CVPR.2018.00218
(gradient matching at several scales)
Hu, J. et al. (2019). Revisiting single image depth estimation.
https://doi.org/10.1109/WACV.2019.00116 (the angle between normals)
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from face3d_widgets.training.shards import Labels

__all__ = [
    "binary_cross_entropy",
    "bust",
    "gradient_matching",
    "metric_error",
    "scale_and_shift_invariant_error",
    "slope_error",
    "total_loss",
    "unexplained_variance",
]

_FEWEST_PIXELS = 64
_BUST_REACH = 0.08  # of the picture's side
# How much each part counts; the parts are of like size once training is under way.
PARTS = {
    "metric": 0.7,
    "head": 0.2,
    "face": 0.3,
    "head_variance": 0.9,
    "bust_variance": 1.2,
    "face_variance": 2.5,
    "gradient": 1.0,
    "slope": 1.0,
    "person_mask": 0.15,
    "head_mask": 0.15,
}


def metric_error(prediction: Tensor, target: Tensor, weight: Tensor, beta: float = 0.1) -> Tensor:
    """Smooth L1 on relief in its own units, weighted mean over all pixels.

    Quadratic for errors below `beta`.
    """
    error = F.smooth_l1_loss(prediction, target, beta=beta, reduction="none")
    return (error * weight).sum() / weight.sum().clamp_min(1e-6)


def scale_and_shift_invariant_error(
    prediction: Tensor, target: Tensor, mask: Tensor, trim: float = 0.2
) -> Tensor:
    """Mean distance once each of the two has median 0 and mean absolute deviation 1.

    For each picture the pixels with the largest `trim` part of the distances are left
    out, from the median and the deviation too, so that a few wrong pixels of the
    truth (a thin strand, a rim) cannot pull. Pictures with fewer than 64 pixels in
    the mask do not count.

    Parameters
    ----------
    prediction, target, mask : (n, h, w) Tensor
    trim : float
        From 0 to 1.

    Returns
    -------
    () Tensor
        0 where the prediction is the target times any positive number plus any number.
    """
    errors = []
    for one, truth, inside in zip(prediction, target, mask, strict=True):
        # Picking by number has a far quicker backward pass than picking by mask.
        places = inside.flatten().nonzero()[:, 0]
        if places.numel() < _FEWEST_PIXELS:
            continue
        p, t = one.flatten(), truth.flatten()
        if trim > 0:
            places = places[_closest(p[places].detach(), t[places], 1 - trim)]
        p, t = p.index_select(0, places), t.index_select(0, places)
        errors.append((_standard(p) - _standard(t)).abs().mean())
    return torch.stack(errors).mean() if errors else prediction.sum() * 0


@torch.no_grad()
def _closest(p: Tensor, t: Tensor, part: float) -> Tensor:
    """(k,) bool: the part whose distance is least."""
    distance = (_standard(p) - _standard(t)).abs()
    return distance <= distance.kthvalue(max(1, int(p.numel() * part))).values


def _standard(values: Tensor) -> Tensor:
    centred = values - values.median()
    return centred / centred.abs().mean().clamp_min(1e-4)


def unexplained_variance(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """The part of the target's variance that the prediction leaves unexplained.

    1 minus the coefficient of determination once scale and shift are fitted by least
    squares, mean over the pictures with at least 64 pixels in the mask. Nothing is
    trimmed: the nose and the ears are the farthest from the median, so that a face that
    is turned too little, or a head too flat, costs more here than anywhere else.

    Parameters
    ----------
    prediction, target, mask : (n, h, w) Tensor

    Returns
    -------
    () Tensor
        0 where the prediction is the target times any positive number plus any number,
        1 where the two have nothing in common, up to 2 where near and far are swapped.
    """
    inside = mask.to(prediction.dtype)
    pixels = inside.sum(dim=(1, 2))
    counts = pixels >= _FEWEST_PIXELS

    def centred(values: Tensor) -> Tensor:
        mean = (values * inside).sum(dim=(1, 2)) / pixels.clamp_min(1)
        return (values - mean[:, None, None]) * inside

    p, t = centred(prediction), centred(target)
    power = (p * p).sum(dim=(1, 2)) * (t * t).sum(dim=(1, 2))
    correlation = (p * t).sum(dim=(1, 2)) * torch.rsqrt(power.clamp_min(1e-6))
    error = 1 - correlation * correlation.abs()
    return (error * counts).sum() / counts.sum().clamp_min(1)


def gradient_matching(
    prediction: Tensor, target: Tensor, weight: Tensor, scales: int = 4
) -> Tensor:
    """Mean absolute difference of the two's slopes, added over scales.

    At each further scale cells of 2 x 2 become one, their weighted mean; a slope counts
    as much as the lesser of its two cells, so none crosses into weight 0.
    """
    difference = (prediction - target) * (weight > 0)
    total = prediction.new_zeros(())
    for scale in range(scales):
        if scale:
            coarse = F.avg_pool2d(weight[:, None], 2)[:, 0]
            difference = F.avg_pool2d((difference * weight)[:, None], 2)[:, 0]
            difference = difference / coarse.clamp_min(1e-6)
            # A cell that is mostly outside would bring in the shape of the rim.
            full = F.max_pool2d(weight[:, None], 2)[:, 0]
            weight = torch.where(coarse > 0.6 * full, coarse, 0.0)
        across = (difference[:, :, 1:] - difference[:, :, :-1]).abs()
        down = (difference[:, 1:] - difference[:, :-1]).abs()
        across = across * torch.minimum(weight[:, :, 1:], weight[:, :, :-1])
        down = down * torch.minimum(weight[:, 1:], weight[:, :-1])
        total = total + (across.sum() + down.sum()) / weight.sum().clamp_min(1.0)
    return total


def slope_error(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """1 minus the cosine between the two surfaces' normals, mean over the mask.

    A surface is relief over pixels; how many pixels make one unit is taken from the
    mask's area, a face being about one and a half units wide. Differences reach over
    two pixels to either side; only pixels with all four neighbours in the mask count.
    """
    area = mask.sum(dim=(1, 2)).clamp_min(1).float()
    pixels_per_unit = (area.sqrt() / 1.5)[:, None, None]
    inside = mask[:, 2:-2, 2:-2].clone()
    for rows, columns in ((0, 2), (4, 2), (2, 0), (2, 4)):
        height, width = inside.shape[1:]
        inside &= mask[:, rows : rows + height, columns : columns + width]

    def slopes(relief: Tensor) -> tuple[Tensor, Tensor]:
        across = (relief[:, 2:-2, 4:] - relief[:, 2:-2, :-4]) / 4
        down = (relief[:, 4:, 2:-2] - relief[:, :-4, 2:-2]) / 4
        return across * pixels_per_unit, down * pixels_per_unit

    (px, py), (tx, ty) = slopes(prediction), slopes(target)
    cosine = (px * tx + py * ty + 1) * torch.rsqrt(
        (px * px + py * py + 1) * (tx * tx + ty * ty + 1)
    )
    return ((1 - cosine) * inside).sum() / inside.sum().clamp_min(1)


def binary_cross_entropy(logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy of logits with a bool truth, mean over the pixels that are known."""
    error = F.binary_cross_entropy_with_logits(logits, truth.to(logits.dtype), reduction="none")
    return (error * known).sum() / known.sum().clamp_min(1)


def bust(head: Tensor, person: Tensor) -> Tensor:
    """The head and what of the person is near it: the neck, collar and shoulders.

    A neck hangs on the head in every picture and every solid; a network that is asked
    about the head alone leaves it too near.

    Parameters
    ----------
    head, person : (n, h, w) bool Tensor
    """
    reach = max(1, round(_BUST_REACH * head.shape[-1]))
    size = 2 * reach + 1
    near = head[:, None].float()
    near = F.max_pool2d(near, (size, 1), 1, (reach, 0))
    near = F.max_pool2d(near, (1, size), 1, (0, reach))
    return person & (near[:, 0] > 0)


def total_loss(
    maps: Tensor, relief: Tensor, weight: Tensor, labels: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Everything together, heavier on faces.

    Parameters
    ----------
    maps : (n, 3, h, w) Tensor
        What the network says: relief, and the logits of person and head.
    relief, weight : (n, h, w) Tensor
    labels : (n, h, w) uint8 Tensor
        As in a `Sample`.

    Returns
    -------
    loss : () Tensor
    parts : dict of str to () Tensor
        The parts before their weights, detached.
    """
    said = maps[:, 0]
    valued = weight > 0
    known = labels != Labels.UNKNOWN
    person = (labels >= Labels.PERSON) & known
    head = (labels >= Labels.HEAD) & known
    face = labels == Labels.FACE
    near = weight * (person & valued) * (0.3 + 0.2 * head + 0.5 * face) / 3.0
    parts = {
        "metric": metric_error(said, relief, weight),
        "head": scale_and_shift_invariant_error(said, relief, head & valued),
        "face": scale_and_shift_invariant_error(said, relief, face & valued),
        "head_variance": unexplained_variance(said, relief, head & valued),
        "bust_variance": unexplained_variance(said, relief, bust(head, person) & valued),
        "face_variance": unexplained_variance(said, relief, face & valued),
        "gradient": gradient_matching(said, relief, near),
        "slope": slope_error(said, relief, face & valued),
        "person_mask": binary_cross_entropy(maps[:, 1], person, known),
        "head_mask": binary_cross_entropy(maps[:, 2], head, known),
    }
    loss = torch.stack([PARTS[name] * part for name, part in parts.items()]).sum()
    return loss, {name: part.detach() for name, part in parts.items()}
