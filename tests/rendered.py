"""A head by formula, as a camera would render it: an ellipsoid with a nose."""

from dataclasses import replace

import numpy as np

from face3d_widgets.geometry import score_inverse_depth
from face3d_widgets.samples.rendered import RenderedHead
from face3d_widgets.types import Intrinsics, InverseDepth, Photo

DISTANCE = 0.8  # metres, of the head's middle
HALF = np.array([0.075, 0.11, 0.09])  # metres: across, up, towards the camera


def analytic_head(height=96, width=80, fov=24.0, name="egg"):
    """A head whose every depth is known, with a nose that stands out 2 cm."""
    camera = Intrinsics.from_fov(fov, width, height)
    y, x = np.mgrid[:height, :width] + 0.5
    ray = np.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, np.ones_like(x)], -1)
    scaled, centre = ray / HALF, np.array([0, 0, DISTANCE]) / HALF
    square, along = (scaled**2).sum(-1), scaled @ centre
    root = along**2 - square * (centre @ centre - 1)
    head = root > 0
    z = (along - np.sqrt(np.maximum(root, 0))) / square
    across, down = (ray[..., k] * DISTANCE for k in (0, 1))
    z -= 0.02 * np.exp(-((across / 0.012) ** 2) - (down / 0.025) ** 2)
    face = head & ((across / 0.05) ** 2 + (down / 0.075) ** 2 < 1)
    depth = np.where(head, z, np.nan).astype(np.float32)
    rgb = np.full((height, width, 3), (90, 120, 150), np.float32)
    rgb[head] = np.float32([220, 170, 150]) * (1 - 2 * (z[head, None] - z[head].min()))
    photo = Photo(rgb.astype(np.uint8), name=name)
    return RenderedHead(name, photo, depth, head, face, camera, {"title": "An egg"})


def true_estimate(head, scale=0.1, shift=-2.0, noise=0.0):
    """What a network would say that is right but for noise: inverse depth on its own scale."""
    known = np.isfinite(head.depth)
    inverse = 1 / np.where(known, head.depth, 3.0)
    inverse = inverse + noise * np.random.default_rng(0).normal(size=inverse.shape)
    return InverseDepth(
        (inverse / scale + shift).astype(np.float32), known, "face_lite", relief_unit=0.1
    )


class TruthTeller:
    """An estimator that knows the truth of heads, and of nothing else."""

    def __init__(self, *heads, noise=0.0):
        self.heads = {head.photo.rgb.shape: head for head in heads}
        self.noise = noise
        self.runs = 0

    def set_photo(self, photo):
        self.photo = photo

    def predict(self, model):
        self.runs += 1
        return true_estimate(self.heads[self.photo.rgb.shape], noise=self.noise)


def look(estimator, case):
    """What face_lite says of a rendered case, and its scores."""
    estimator.set_photo(case.photo)
    found, truth = estimator.predict("face_lite"), case.truth
    scores = score_inverse_depth(
        found.values, truth.depth, truth.head, truth.face, truth.camera, case.photo.name
    )
    return found, scores


def in_a_larger_picture(case, times):
    """A rendered case whose picture becomes so many times as large, its borders continued.

    The head keeps its pixels and is at the lower middle, where the body ends with the picture.
    """

    def placed(array, **how):
        height, width = array.shape[:2]
        more, beside = round((times - 1) * height), round((times - 1) * width / 2)
        around = ((more, 0), (beside, beside), *[(0, 0)] * (array.ndim - 2))
        return np.pad(array, around, **how)

    truth = case.truth
    head = placed(truth.head, constant_values=False)
    columns = (head.shape[1] - truth.head.shape[1]) / 2
    rows = head.shape[0] - truth.head.shape[0]
    return replace(
        case,
        photo=Photo(placed(case.photo.rgb, mode="edge"), name=case.photo.name),
        truth=replace(
            truth,
            depth=placed(truth.depth, constant_values=np.nan),
            head=head,
            face=placed(truth.face, constant_values=False),
            camera=replace(truth.camera, cx=truth.camera.cx + columns, cy=truth.camera.cy + rows),
        ),
    )
