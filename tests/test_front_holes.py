"""Seen from in front, a good portrait has no holes inside its outline."""

from pathlib import Path

import numpy as np
import pytest

from face3d_widgets.depth import DepthEstimator
from face3d_widgets.geometry import FaceGeometry
from face3d_widgets.geometry.cells import eroded
from face3d_widgets.image import read_photo_file
from face3d_widgets.samples import SAMPLES, load_sample
from face3d_widgets.types import GeometryParams, InverseDepth, Photo

RENDERS = Path(__file__).parent / "data" / "renders"
PHOTOS = [*SAMPLES, "public_001", "public_006", "public_010"]


@pytest.fixture(scope="module")
def estimator():
    return DepthEstimator()


def holes(geometry, n_points):
    """Share of the person's pixels that lie in a hole of the mesh, seen from in front."""
    params = GeometryParams(n_points=n_points)
    mesh = geometry.mesh(params)
    h, w = geometry.photo.height, geometry.photo.width
    places = mesh.vertices.pixels
    step = int(np.diff(np.unique(places // w)).max())
    covered = np.zeros((h, w), bool)
    corners = places[mesh.faces]
    top, left = (corners // w).min(axis=1), (corners % w).min(axis=1)
    for row in range(step + 1):
        for column in range(step + 1):
            covered[np.minimum(top + row, h - 1), np.minimum(left + column, w - 1)] = True
    person = geometry.inverse_depth.subject & (geometry.nearness >= params.cutoff)
    inside = eroded(person, 6 + 2 * step)
    inside[places.max() // w :] = inside[:, (places % w).max() :] = False  # beyond the last nodes
    return float((inside & ~covered).sum() / person.sum())


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("n_points", [5_000, 30_000, 10**7])
def test_a_portrait_has_no_holes_from_in_front(name, n_points, estimator):
    photo = load_sample(name) if name in SAMPLES else read_photo_file(RENDERS / f"{name}.jpg")
    estimator.set_photo(photo)
    geometry = FaceGeometry(photo, estimator.predict("face_lite"))
    assert holes(geometry, n_points) < 0.0002


def test_an_edge_along_the_outline_is_still_cut():
    """A face before a wall: nothing hangs between them, inside or outside of the outline."""
    rows, columns = np.mgrid[:120, :100]
    face = ((columns - 50) / 30) ** 2 + ((rows - 60) / 40) ** 2 <= 1
    values = np.where(face, 0.5, -3.5).astype(np.float32)
    geometry = FaceGeometry(
        Photo(np.zeros((120, 100, 3), np.uint8)), InverseDepth(values, face, "", 0.1)
    )
    mesh = geometry.mesh(GeometryParams(cutoff=0, n_points=10**7))
    near = mesh.vertices.inverse_depth[mesh.faces] > -1
    assert (near.all(axis=1) | ~near.any(axis=1)).all()
    assert near.all(axis=1).sum() > 5000


def test_inside_a_person_an_edge_has_to_be_much_steeper():
    person = np.ones((120, 100), bool)
    photo = Photo(np.zeros((120, 100, 3), np.uint8))
    params = GeometryParams(cutoff=0, n_points=10**7)
    usual = FaceGeometry(photo, InverseDepth(np.zeros((120, 100)), person, "", 0.1))
    steepest = usual.maps.steepest(params)
    for rise, whole in ((1.5, True), (2.4, True), (2.6, False)):
        values = np.zeros((120, 100), np.float32)
        values[60:] -= rise * steepest  # a step from one row to the next
        geometry = FaceGeometry(photo, InverseDepth(values, person, "", 0.1))
        assert (len(geometry.mesh(params).faces) == 2 * 119 * 99) is whole
