"""Shapes whose every depth and normal is known by formula, as a camera sees them."""

import numpy as np

from face3d_widgets.geometry import FaceGeometry
from face3d_widgets.types import GeometryParams, Intrinsics, InverseDepth, Photo

FOV = 50.0
#: Inverse depth of these shapes is 1 / depth itself.
TRUE = GeometryParams(fov=FOV, n_points=10**7, scale_shift=(1, 0))


def rays(height, width, fov=FOV):
    """x and y of every pixel's ray, (h, w) each, where z is 1."""
    camera = Intrinsics.from_fov(fov, width, height)
    y, x = np.mgrid[:height, :width] + 0.5
    return (x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy


def gradient_photo(height, width):
    """A photo in which every place has its own colour: red grows right, green downwards."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0] = np.linspace(0, 255, width)
    rgb[..., 1] = np.linspace(0, 255, height)[:, None]
    return Photo(rgb, name="gradient")


def geometry_of(inverse, subject=None):
    """A geometry of inverse depths, (h, w)."""
    values = np.asarray(inverse, np.float32)
    subject = np.ones(values.shape, bool) if subject is None else subject
    return FaceGeometry(gradient_photo(*values.shape), InverseDepth(values, subject, "test", 0.1))


def plane(height, width, normal, distance):
    """Inverse depth of the plane `normal . P = -distance`, normal towards the camera."""
    x, y = rays(height, width)
    return -(normal[0] * x + normal[1] * y + normal[2]) / distance


def sphere(height, width, centre=(0, 0, 2.0), radius=0.5, behind=3.5):
    """Inverse depth of a sphere before a wall, where it is, and its outward normals."""
    x, y = rays(height, width)
    ray = np.stack([x, y, np.ones_like(x)], axis=-1)
    along = ray @ np.array(centre)
    square = (ray * ray).sum(-1)
    under_root = along**2 - square * (np.dot(centre, centre) - radius**2)
    hit = under_root > 0
    z = np.where(hit, (along - np.sqrt(np.maximum(under_root, 0))) / square, behind)
    normals = (ray * z[..., None] - centre) / radius
    return 1 / z, hit, normals


def parts(faces):
    """How many connected surfaces the triangles make."""
    lowest = np.arange(faces.max() + 1)
    while True:
        before = lowest.copy()
        np.minimum.at(lowest, faces, lowest[faces].min(axis=1, keepdims=True))
        if np.array_equal(lowest, before):
            return len(np.unique(lowest[faces]))
