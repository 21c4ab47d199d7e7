"""The border of a mesh: smooth, of the surface alone, and nothing folded."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from face3d_widgets.depth import DepthEstimator
from face3d_widgets.geometry import FaceGeometry, project
from face3d_widgets.geometry.border import LEAST_AREA, border_of
from face3d_widgets.geometry.cells import nodes_of, triangles
from face3d_widgets.geometry.grid import grid_over
from face3d_widgets.image import read_photo_file
from face3d_widgets.samples import SAMPLES, load_sample
from face3d_widgets.types import GeometryParams, InverseDepth, Photo
from tests.rims import rim_of

RENDERS = Path(__file__).parent / "data" / "renders"
PHOTOS = [*SAMPLES, "public_001", "public_006", "public_010"]

steady = settings(deadline=None, derandomize=True, max_examples=150)
masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))


@pytest.fixture(scope="module")
def estimator():
    return DepthEstimator()


def turning(places, faces, inside):
    """Degrees by which the rim turns from one side to the next, on average."""
    start, end = rim_of(faces).T
    onwards = np.zeros(len(places), np.intp)
    onwards[start] = end
    single = np.bincount(start, minlength=len(places)) == 1
    at = single[end] & inside[end]
    a, b, c = places[start[at]], places[end[at]], places[onwards[end[at]]]
    (x, y), (u, v) = (b - a).T, (c - b).T
    return float(np.degrees(np.abs(np.arctan2(x * v - y * u, x * u + y * v))).mean())


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("n_points", [10_000, 30_000, 200_000])
def test_the_outline_has_no_steps(name, n_points, estimator):
    photo = load_sample(name) if name in SAMPLES else read_photo_file(RENDERS / f"{name}.jpg")
    estimator.set_photo(photo)
    geometry = FaceGeometry(photo, estimator.predict("face_lite"))
    params = GeometryParams(n_points=n_points)
    mesh = geometry.mesh(params)
    seen = project(mesh.vertices.points, geometry.camera(params)).astype(float)
    inside = ((seen > 6) & (seen < np.array([photo.width, photo.height]) - 6)).all(axis=1)
    assert turning(seen, mesh.faces, inside) < 15  # whole cells turn by 40 and more
    # Seen from the camera nothing is folded, and the person's own pixels give the colours.
    a, b, c = seen[mesh.faces].transpose(1, 0, 2)
    (x, y), (u, v) = (b - a).T, (c - a).T
    assert (x * v - y * u < 0).all()
    assert geometry.maps.kept(params).ravel()[mesh.vertices.pixels].mean() > 0.999
    pixels = np.floor(seen).astype(int)
    assert geometry.maps.kept(params)[pixels[:, 1], pixels[:, 0]].mean() > 0.999
    edges = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert len(np.unique(edges, axis=0)) == len(edges)


@pytest.mark.parametrize("step", [1, 1.7, 3, 6])
def test_it_follows_a_round_outline(step):
    v, u = np.mgrid[:400, :400]
    away = np.hypot(u - 200.3, v - 199.6)
    grid = grid_over(np.zeros((400, 400), np.float32), away <= 150, step, np.inf)
    rim = grid.places()[np.unique(rim_of(grid.faces))]
    radius = np.hypot(*(rim - [199.6, 200.3]).T)
    assert radius.std() < 0.25 * step  # cells: 0.35
    assert 150 - 1.1 * step < radius.mean() < 150


def test_depth_along_the_border_is_the_surfaces():
    """A disc before a wall that stays: no vertex of the one lies towards the other."""
    v, u = np.mgrid[:200, :200]
    disc = np.hypot(u - 100.3, v - 99.6) <= 60
    values = np.where(disc, 0.5, -3.5).astype(np.float32)
    photo = Photo(np.zeros((200, 200, 3), np.uint8))
    geometry = FaceGeometry(photo, InverseDepth(values, disc, "", 0.1))
    for n_points in (1_000, 5_000, 10**6):
        params = GeometryParams(cutoff=0, n_points=n_points)
        mesh = geometry.mesh(params)
        depth = geometry.curve(params).depth(np.float32([0.5, -3.5]))
        away = np.abs(mesh.vertices.points[:, 2:] - depth)
        assert away.min(axis=1).max() < 1e-4
        near = away[:, 0] < 1e-4
        assert 0 < near.sum() < len(near)
        assert (near[mesh.faces].all(axis=1) | ~near[mesh.faces].any(axis=1)).all()


@steady
@given(masks, st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_any_cells_have_a_border(cells, down, across, all_kept):
    rows = np.cumsum([0] + [down + i % 2 for i in range(cells.shape[0])]).astype(np.int32)
    columns = np.cumsum([0] + [across + i % 2 for i in range(cells.shape[1])]).astype(np.int32)
    kept = np.full((rows[-1] + 1, columns[-1] + 1), all_kept)
    kept[np.ix_(rows, columns)] |= nodes_of(cells)
    border = border_of(cells, rows, columns, kept)

    faces = np.concatenate([triangles(cells), border.corners])
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert len(np.unique(edges, axis=0)) == len(edges)
    assert nodes_of(cells).ravel()[border.corners].all()
    np.testing.assert_array_equal(np.unique(rim_of(faces)), border.nodes)

    start = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    places = start.astype(np.float32)
    places[border.nodes] = border.places
    row, column = np.rint(places[border.nodes]).astype(int).T
    assert kept[row, column].all()
    assert (np.abs(places - start) < [down + 1, across + 1]).all()

    def areas(at):
        a, b, c = at[faces].transpose(1, 0, 2)
        (x, y), (u, v) = (b - a).T, (c - a).T
        return x * v - y * u

    assert (areas(places) >= 0.99 * LEAST_AREA * areas(start)).all()


def test_a_step_becomes_a_slope():
    cells = np.tri(20, 20, dtype=bool)
    rows = columns = np.arange(0, 63, 3, dtype=np.int32)
    border = border_of(cells, rows, columns, np.ones((61, 61), bool))
    assert len(border.corners) == 19
    middle = border.places[(border.places > 10).all(axis=1) & (border.places < 50).all(axis=1)]
    slope = middle[np.abs(middle[:, 0] - middle[:, 1]) < 9]
    assert len(slope) > 10
    np.testing.assert_allclose(np.ptp(slope[:, 0] - slope[:, 1]), 0, atol=0.1)


def test_the_pictures_own_edges_stay():
    rows = columns = np.arange(0, 30, 3, dtype=np.int32)
    border = border_of(np.ones((9, 9), bool), rows, columns, np.ones((28, 28), bool))
    assert len(border.corners) == 0
    row, column = np.divmod(border.nodes, 10)
    np.testing.assert_array_equal(border.places, np.stack([rows[row], columns[column]], axis=1))
