"""Solids for printing: closed, the right size, thick enough; and what they are made from."""

import dataclasses

import cv2
import manifold3d
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from face3d_widgets.geometry import FaceGeometry, make_solid, solid_size
from face3d_widgets.geometry.cells import nodes_of, printable
from face3d_widgets.geometry.resample import area_means, lightness, seen_along_z
from face3d_widgets.geometry.solid import _closed, _HeightField
from face3d_widgets.types import (
    SOLIDS,
    GeometryParams,
    Intrinsics,
    InverseDepth,
    Photo,
    SolidParams,
    WrongOnPurpose,
)
from tests import analytic
from tests.conftest import head_relief

steady = settings(deadline=None, derandomize=True, max_examples=60)


def in_one_piece(height, width):
    """(h, w) float32: a head on a neck on shoulders, far from everything else."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = (x + 0.5 - width / 2) / height, (y + 0.5 - height / 2) / height
    neck = (np.abs(u) < 0.12) & (v > 0.1)
    head = head_relief(height, width)
    return np.where((head < -1) & neck, np.float32(-0.6) - u * u, head)


@pytest.fixture(scope="module")
def geometry(photo):
    relief = in_one_piece(120, 96)
    return FaceGeometry(photo, InverseDepth(relief, relief > -1.75, "face_lite", 0.1))


def printed(surface):
    """Vertices with the printer's axes: a face that looks up from its bed."""
    return surface.vertices.astype(float) * [1, -1, -1]


def check_closed(surface):
    """Every way of asking whether a printer can fill it; its trimesh."""
    vertices = printed(surface)
    # Files without indices hold no more than places: join vertices by place, as readers do.
    mesh = trimesh.Trimesh(vertices, surface.faces, process=True)
    assert len(mesh.vertices) == len(vertices)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.is_volume
    assert mesh.volume > 0
    assert (mesh.area_faces > 1e-9).all()
    edges = np.sort(surface.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    body = manifold3d.Manifold(
        manifold3d.Mesh(vertices.astype(np.float32), surface.faces.astype(np.uint32))
    )
    assert body.status() == manifold3d.Error.NoError
    assert body.num_tri() > 0
    assert body.volume() == pytest.approx(mesh.volume, rel=1e-4)
    assert len(body.decompose()) == 1
    return mesh


def stands(surface):
    """Whether it is higher than deep, with its base on the bed."""
    _, y, z = printed(surface).T
    return np.ptp(z) > np.ptp(y) and z.min() == 0


def on_its_back(surface, style):
    """What is above the foot of a solid, laid on its flat back so that the face looks up."""
    vertices = printed(surface)
    if style == "relief":
        return vertices
    x, y, z = vertices[vertices[:, 2] > 0.07 * np.ptp(vertices[:, 2])].T
    return np.stack([x, z - (z.max() + z.min()) / 2, y.max() - y], axis=1)


def plate_of(surface):
    """Which vertices of a lithophane are no part of its foot."""
    y = printed(surface)[:, 1]
    upper = printed(surface)[:, 2] > 0.5 * np.ptp(printed(surface)[:, 2])
    return (y >= y[upper].min() - 1e-4) & (y <= y[upper].max() + 1e-4)


def thickness(surface, style):
    """Height of every vertex above the back, where it is not part of it."""
    z = on_its_back(surface, style)[:, 2]
    return z[z > 1e-4]


# --- what every solid is -----------------------------------------------------------------------

OPTIONS = [
    SolidParams("bust", 80, n_faces=20_000),
    SolidParams("bust", 37.5, wall_mm=2, n_faces=3_000),
    SolidParams("bust", 200, depth_mm=15, n_faces=60_000),
    SolidParams("relief", 80, n_faces=20_000),
    SolidParams("relief", 123.4, wall_mm=3, border_mm=0, depth_mm=4, n_faces=5_000),
    SolidParams("lithophane", 80, n_faces=20_000),
    SolidParams("lithophane", 60, thinnest_mm=0.5, thickest_mm=2, border_mm=5, n_faces=5_000),
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: f"{o.style}-{o.width_mm:g}")
def test_a_solid_is_closed_and_as_wide_as_asked(geometry, options):
    surface = make_solid(geometry, GeometryParams(), options)
    mesh = check_closed(surface)
    assert surface.unit == "mm"
    assert surface.vertices.dtype == np.float32
    assert surface.faces.dtype == np.int32
    assert 0.5 * options.n_faces < len(surface.faces) <= options.n_faces
    assert mesh.extents[0] == pytest.approx(options.width_mm, abs=0.01)
    np.testing.assert_allclose(mesh.bounds.mean(axis=0)[:2], 0, atol=1e-4)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: f"{o.style}-{o.width_mm:g}")
def test_it_is_flat_behind_and_nowhere_too_thin(geometry, options):
    surface = make_solid(geometry, GeometryParams(), options)
    assert printed(surface)[:, 2].min() == 0
    z = on_its_back(surface, options.style)[:, 2]
    thinnest = options.thinnest_mm if options.style == "lithophane" else options.wall
    assert z[z > 1e-4].min() >= thinnest - 1e-4
    if options.style != "relief":
        return
    # The underside looks down, and nothing else does but upright walls.
    a, b, c = (printed(surface)[surface.faces[:, i]] for i in range(3))
    facing = np.cross(b - a, c - a)[:, 2]
    under = (z[surface.faces] == 0).all(axis=1)
    assert (facing[under] < 0).all()
    assert (facing[~under] >= 0).all()


# --- how it stands -----------------------------------------------------------------------------


def check_steady(mesh, degrees=9.0):
    """Its middle is over its base, and stays so while it is tilted a little to any side."""
    at = mesh.vertices[mesh.vertices[:, 2] < 1e-6][:, :2]
    base = cv2.convexHull(at.astype(np.float32), clockwise=False)[:, 0].astype(float)
    middle = mesh.center_mass
    step = np.roll(base, -1, axis=0) - base
    outward = np.stack([step[:, 1], -step[:, 0]], axis=1)
    outward /= np.linalg.norm(outward, axis=1)[:, None]
    room = ((base - middle[:2]) * outward).sum(axis=1).min()
    assert room > middle[2] * np.tan(np.radians(degrees))
    # It rests on an area, not on an edge.
    flat = (mesh.triangles[:, :, 2] < 1e-6).all(axis=1)
    assert mesh.area_faces[flat].sum() > 0.5 * np.ptp(at[:, 0]) * np.ptp(at[:, 1])


@pytest.mark.parametrize(
    "params",
    [
        GeometryParams(),
        GeometryParams(relief=0),
        GeometryParams(relief=3, fov=90),
        GeometryParams(cutoff=0.75),
        GeometryParams(cutoff=0),
    ],
    ids=["usual", "flat", "deep", "head alone", "whole"],
)
@pytest.mark.parametrize("style", ["bust", "lithophane"])
def test_a_bust_and_a_lithophane_stand(geometry, style, params):
    surface = make_solid(geometry, params, SolidParams(style, n_faces=20_000))
    check_steady(check_closed(surface))
    if params.relief <= 1:
        assert stands(surface)


def test_a_bust_of_what_leans_stands_all_the_same(photo):
    """A head far to one side of its shoulders, cut off under the chin."""
    y, x = np.mgrid[:120, :96].astype(np.float32)
    inside = np.hypot((x - 70) / 24, (y - 45) / 40) < 1
    arm = (y > 60) & (y < 100) & (x > 5) & (x < 70)
    relief = np.where(inside | arm, 0.5 - np.hypot((x - 70) / 24, (y - 45) / 40), -3.5)
    geometry = FaceGeometry(
        photo, InverseDepth(relief.astype(np.float32), inside | arm, "face_lite", 0.1)
    )
    params = GeometryParams(edge_angle=90, cutoff=0.1)
    check_steady(check_closed(make_solid(geometry, params, SolidParams(n_faces=20_000))), 5)


def test_a_face_that_stands_looks_to_the_front_with_its_head_up(geometry):
    x, y, z = printed(make_solid(geometry, GeometryParams(), SolidParams(n_faces=20_000))).T
    height = np.ptp(z)
    face, back = y < np.quantile(y, 0.01), y > y.max() - 1e-3
    assert abs(np.median(x[face])) < 10  # the nose, in the middle
    assert 0.5 * height < np.median(z[face]) < 0.9 * height
    assert np.ptp(z[back]) > 0.9 * height  # a flat back from top to bottom
    wide = [np.ptp(x[np.abs(z - share * height) < 2]) for share in (0.1, 0.9)]
    assert wide[0] > 1.2 * wide[1]  # shoulders below


@pytest.mark.parametrize("style", SOLIDS)
def test_proportions_do_not_change_with_the_width(geometry, style):
    """Thicknesses of a lithophane are told in millimetres: light goes through no less."""

    def shape(width_mm):
        made = make_solid(geometry, GeometryParams(), SolidParams(style, width_mm, n_faces=20_000))
        return np.ptp(printed(made), axis=0) / width_mm, made.vertices / width_mm

    extents, vertices = shape(80)
    for width_mm in (20, 37, 500):
        others, same = shape(width_mm)
        if style == "lithophane":
            np.testing.assert_allclose(others[[0, 2]], extents[[0, 2]], rtol=1e-4)
        else:
            np.testing.assert_allclose(others, extents, rtol=1e-4)
            np.testing.assert_allclose(same, vertices, atol=1e-4)


@pytest.mark.parametrize("share", [None, 0.05, 0.3])
def test_the_depth_of_a_relief_is_chosen(geometry, share):
    more = {} if share is None else {"depth_share": share}
    for width_mm in (30, 80):
        options = SolidParams("relief", width_mm, n_faces=20_000, **more)
        made = make_solid(geometry, GeometryParams(relief=2), options)
        depth = np.ptp(made.vertices[:, 2]) - options.wall
        assert depth == pytest.approx((share or 0.12) * width_mm, rel=1e-3)
    assert 0.1 <= SolidParams("relief").depth / 80 <= 0.15


def test_a_speck_before_the_face_does_not_flatten_a_relief(geometry, photo):
    values = geometry.inverse_depth.values.copy()
    values[58:60, 50:52] += 2  # four pixels of 11,520
    speck = FaceGeometry(photo, InverseDepth(values, values > -1.75, "face_lite", 0.1))
    plain, spotted = (
        thickness(make_solid(g, GeometryParams(edge_angle=90), SolidParams("relief")), "relief")
        for g in (geometry, speck)
    )
    middle = [np.median(z[z > 2]) for z in (plain, spotted)]
    assert middle[1] > 0.75 * middle[0]


@pytest.mark.parametrize("style", SOLIDS)
def test_the_face_looks_up_and_is_not_mirrored(photo, style):
    relief = in_one_piece(120, 96)
    relief[30:50, 60:75] += 0.4  # a bump at the upper right of the picture
    rgb = np.full((120, 96, 3), 200, np.uint8)
    rgb[30:50, 60:75] = 0
    geometry = FaceGeometry(Photo(rgb), InverseDepth(relief, relief > -1.75, "", 0.1))
    options = SolidParams(style, 96, border_mm=0, n_faces=20_000)
    made = make_solid(geometry, GeometryParams(edge_angle=90), options)
    x, y, z = on_its_back(made, style).T
    height = np.ptp(y)
    right, up = (x > 8) & (x < 30), (y > 0.1 * height) & (y < 0.35 * height)
    bump = z[right & up & (z > 0)].max()
    for mirrored in ((x < -8) & (x > -30) & up, right & (y < -0.1 * height)):
        assert bump > z[mirrored & (z > 0)].max() + 0.5


@pytest.mark.parametrize(
    "params",
    [
        GeometryParams(relief=0),
        GeometryParams(relief=3, fov=90),
        GeometryParams(cutoff=0),
        GeometryParams(smoothing=1, fov=20),
        GeometryParams(scale_shift=(0.2, 0.9), mm_per_unit=333),
        GeometryParams(wrong=WrongOnPurpose(True, True, True, 30)),
    ],
    ids=["flat", "deep", "whole", "smooth", "numbers", "wrong"],
)
@pytest.mark.parametrize("style", ["bust", "relief"])
def test_whatever_the_sliders_say_it_is_closed(geometry, style, params):
    mesh = check_closed(make_solid(geometry, params, SolidParams(style, 70, n_faces=8_000)))
    assert mesh.extents[0] == pytest.approx(70, abs=0.01)


@pytest.mark.parametrize("style", SOLIDS)
def test_a_photographed_head_is_closed_too(astronaut, style):
    """A head in the sample photo, with the photo's lightness and noise as rough skin."""
    light = astronaut.rgb.mean(axis=2, dtype=np.float32)
    relief = in_one_piece(astronaut.height, astronaut.width)
    noise = np.random.default_rng(0).normal(0, 0.01, relief.shape)
    relief = np.where(relief > -1.75, relief + light / 500 + noise, relief).astype(np.float32)
    geometry = FaceGeometry(astronaut, InverseDepth(relief, relief > -1.75, "", 0.1))
    options = SolidParams(style, n_faces=40_000)
    mesh = check_closed(make_solid(geometry, GeometryParams(), options))
    assert mesh.extents[0] == pytest.approx(80, abs=0.01)


@steady
@given(
    mask=arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)),
    narrowest=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_any_printable_mask_becomes_a_closed_solid(mask, narrowest, seed):
    cells = printable(mask, narrowest)
    if not cells.any():
        return
    rows, columns = np.nonzero(cells)
    cells = cells[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    heights = np.random.default_rng(seed).uniform(1.2, 9, nodes_of(cells).shape)
    mesh = check_closed(_closed(_HeightField(heights.astype(np.float32), cells, 0.7, 0.5, 0.5)))
    assert mesh.extents[0] == pytest.approx(0.7 * cells.shape[1], abs=1e-4)


@steady
@given(seed=st.integers(0, 10**6), coarse=st.integers(1, 8), style=st.sampled_from(SOLIDS))
def test_whatever_the_network_says_it_is_closed(seed, coarse, style):
    rng = np.random.default_rng(seed)
    blotches = rng.normal(size=(40 // coarse + 1, 32 // coarse + 1))
    values = blotches.repeat(coarse, axis=0).repeat(coarse, axis=1)[:40, :32]
    photo = Photo(rng.integers(0, 256, (40, 32, 3), np.uint8))
    geometry = FaceGeometry(photo, InverseDepth(values, None, "", 0.1))
    params = GeometryParams(cutoff=rng.uniform(0, 0.7), relief=rng.uniform(0, 2))
    try:
        made = make_solid(geometry, params, SolidParams(style, 40, n_faces=6_000))
    except ValueError as refusal:
        too_little = str(refusal)
    else:
        check_closed(made)
        too_little = ""
        assert np.ptp(made.vertices[:, 0]) == pytest.approx(40, abs=0.01)
    assert not too_little or "lower the background cut-off" in too_little


@pytest.mark.parametrize("style", SOLIDS)
@pytest.mark.parametrize("n_faces", [5_000, 30_000, 10**6])
def test_its_size_is_known_before(geometry, style, n_faces):
    options = SolidParams(style, n_faces=n_faces)
    size = solid_size(geometry, GeometryParams(), options)
    made = make_solid(geometry, GeometryParams(), options)
    assert size.unit == "mm"
    assert size.faces == pytest.approx(len(made.faces), rel=0.15)
    assert size.vertices == pytest.approx(len(made.vertices), rel=0.15)
    np.testing.assert_allclose(size.extent, np.ptp(made.vertices, axis=0), rtol=0.04)


def test_nothing_cannot_be_printed(geometry):
    nothing = GeometryParams(edge_angle=1e-6)
    for style in ("bust", "relief"):
        with pytest.raises(ValueError, match="lower the background cut-off"):
            make_solid(geometry, nothing, SolidParams(style))
        with pytest.raises(ValueError, match="lower the background cut-off"):
            solid_size(geometry, nothing, SolidParams(style))


# --- busts -------------------------------------------------------------------------------------

BALL = dict(centre=(0.15, -0.1, 2.0), radius=0.5)


def test_a_bust_has_no_perspective():
    """A ball away from the middle is seen as an ellipse, and printed as a ball."""
    inverse, hit, _ = analytic.sphere(200, 220, **BALL)
    params = dataclasses.replace(analytic.TRUE, cutoff=0.5)
    surface = make_solid(
        analytic.geometry_of(inverse, hit), params, SolidParams("bust", 80, n_faces=60_000)
    )
    check_closed(surface)
    x, y, z = on_its_back(surface, "bust").T
    top = (z > 1.21) & (y > -25)
    # A cap: what is seen of it, on a wall of 1.2 mm; fit the ball through its top.
    table = np.stack([x, y, z, np.ones_like(x)], axis=1)[top]
    square = (table[:, :3] ** 2).sum(axis=1)
    fit = np.linalg.lstsq(table, square, rcond=None)[0]
    radius = np.sqrt(fit[3] + (fit[:3] ** 2).sum() / 4)
    away = np.linalg.norm(table[:, :3] - fit[:3] / 2, axis=1) - radius
    assert np.quantile(np.abs(away), 0.95) < 0.2
    seen = np.sqrt(1 - (0.5 / np.linalg.norm(BALL["centre"])) ** 2)  # of a half ball
    assert radius == pytest.approx(40 / seen, rel=0.03)


def test_parallel_rays_meet_a_ball_where_it_is():
    inverse, hit, _ = analytic.sphere(300, 330, **BALL)
    camera = Intrinsics.from_fov(analytic.FOV, 330, 300)
    x, y = np.linspace(-0.5, 0.8, 80), np.linspace(-0.7, 0.6, 70)
    z = seen_along_z((1 / inverse).astype(np.float32), hit, camera, x, y)
    beside = np.hypot(x[None] - 0.15, y[:, None] + 0.1)
    assert np.isnan(z[beside > 0.5]).all()
    assert np.isfinite(z[beside < 0.42]).all()
    inside = beside < 0.4
    expected = 2 - np.sqrt(0.25 - beside[inside] ** 2)
    np.testing.assert_allclose(z[inside], expected, atol=0.006)  # a pixel's width


def test_nothing_hides_behind_the_outline():
    """A near square before a far one, both whole: rays beside the near one go on."""
    depth = np.full((200, 200), 1.6, np.float32)
    depth[80:120, 80:120] = 1.0
    camera = Intrinsics.from_fov(50, 200, 200)
    at = np.linspace(-0.6, 0.6, 121)
    z = seen_along_z(depth, np.ones(depth.shape, bool), camera, at, at)
    near = 20 / camera.fx  # half the near square
    straight = np.abs(at) < near - 0.01
    np.testing.assert_allclose(z[np.ix_(straight, straight)], 1, atol=1e-5)
    beside = np.abs(at) > 1.6 * near + 0.01
    np.testing.assert_allclose(z[np.ix_(beside, beside)], 1.6, atol=1e-5)


def test_strands_narrower_than_the_wall_are_left_out():
    relief = in_one_piece(240, 192)
    relief[100:104, 5:60] = relief[60:100, 5:9] = 0.2  # from the head to the left
    geometry = FaceGeometry(
        Photo(np.zeros((240, 192, 3), np.uint8)), InverseDepth(relief, relief > -1.75, "", 0.1)
    )

    def lean(wall_mm):
        options = SolidParams("bust", 80, wall_mm=wall_mm, n_faces=40_000)
        made = make_solid(geometry, GeometryParams(edge_angle=90), options)
        check_closed(made)
        x, y, z = on_its_back(made, "bust").T
        head = (y > 0.1 * np.ptp(y)) & (z > 0)
        return x[head].max() + x[head].min()

    assert lean(0.1) < -10
    assert abs(lean(3)) < 3


def test_too_narrow_for_its_wall_is_refused(photo):
    strip = np.full((120, 96), -3.5, np.float32)
    strip[60:64, 10:80] = 0.5
    geometry = FaceGeometry(photo, InverseDepth(strip, strip > 0, "", 0.1))
    with pytest.raises(ValueError, match="larger width or a thinner wall"):
        make_solid(geometry, GeometryParams(edge_angle=90), SolidParams("bust", 10, wall_mm=2))


def test_cracks_within_the_face_are_no_gaps(photo):
    """Between chin and chest a surface is cut; a bust has a step there and keeps its head."""
    relief = in_one_piece(240, 192)
    relief[150:] -= 0.55  # everything below the chin falls back at once
    geometry = FaceGeometry(
        Photo(np.zeros((240, 192, 3), np.uint8)), InverseDepth(relief, relief > -1.9, "", 0.3)
    )
    params = GeometryParams()
    cut = geometry.surface(params)
    assert analytic.parts(cut.faces) > 1
    mesh = check_closed(make_solid(geometry, params, SolidParams("bust", n_faces=30_000)))
    assert mesh.extents[2] > 0.9 * mesh.extents[0]


def test_a_flatter_bust_is_as_high_as_asked(geometry):
    for depth_mm in (2, 11):
        made = make_solid(geometry, GeometryParams(), SolidParams("bust", depth_mm=depth_mm))
        assert thickness(made, "bust").max() == pytest.approx(depth_mm + 1.2, abs=1e-3)


# --- plates ------------------------------------------------------------------------------------


def test_a_relief_shows_the_photo_as_it_is(geometry):
    """Pixel for pixel, every height in proportion to the model's."""
    options = SolidParams("relief", 96, border_mm=0, n_faces=10**6)  # a millimetre a pixel
    x, y, z = printed(make_solid(geometry, GeometryParams(), options)).T
    depth, on_surface = geometry.surface_depth(GeometryParams())
    back = np.quantile(depth[on_surface], 0.995)
    shares = []
    for row, column in [(60, 48), (40, 50), (70, 40)]:
        near = (np.abs(x - (column - 48)) < 0.1) & (np.abs(y - (60 - row)) < 0.1) & (z > 0)
        around = depth[row - 1 : row + 1, column - 1 : column + 1].mean()
        shares.append(float((z[near] - options.wall).item() / (back - around)))
    np.testing.assert_allclose(shares, shares[0], rtol=0.02)
    assert z[(np.abs(x) > 45) & (y > 50) & (z > 0)].max() == pytest.approx(options.wall)


@pytest.mark.parametrize("depth_mm", [0.8, 5])
def test_a_pressed_relief_is_as_high_as_asked(geometry, depth_mm):
    options = SolidParams("relief", 96, depth_mm=depth_mm, border_mm=0, n_faces=10**6)
    heights = thickness(make_solid(geometry, GeometryParams(), options), "relief")
    assert heights.max() == pytest.approx(options.wall + depth_mm, abs=1e-3)
    usual = dataclasses.replace(options, depth_mm=None)
    usual = thickness(make_solid(geometry, GeometryParams(), usual), "relief")
    ratio = depth_mm / (usual.max() - options.wall)
    np.testing.assert_allclose(heights - options.wall, (usual - options.wall) * ratio, atol=1e-3)


@pytest.mark.parametrize("style", ["relief", "lithophane"])
def test_a_plate_has_the_photos_shape_and_its_border(geometry, style):
    options = SolidParams(style, 100, border_mm=6, n_faces=40_000)
    made = make_solid(geometry, GeometryParams(), options)
    height = (100 - 12) * 120 / 96 + 12
    if style == "lithophane":
        z = printed(made)[:, 2]
        assert np.ptp(z) == pytest.approx(1.05 * height, abs=1)
        assert np.ptp(z[plate_of(made)]) == pytest.approx(height, abs=0.01)
    else:
        assert np.ptp(made.vertices[:, 1]) == pytest.approx(height, abs=0.01)
    vertices = on_its_back(made, style)
    x, y, z = vertices[vertices[:, 2] > 1e-4].T
    edge = (np.abs(x) > 50 - 5) | (y > y.max() - 5)
    flat = options.wall if style == "relief" else options.thickest_mm
    np.testing.assert_allclose(z[edge], flat, atol=1e-4)


def test_a_lithophane_is_thick_where_the_photo_is_dark():
    grey = np.linspace(0, 255, 101).astype(np.uint8)
    rgb = np.repeat(np.tile(grey, (80, 1))[..., None], 3, axis=2)
    geometry = FaceGeometry(Photo(rgb), InverseDepth(np.zeros((80, 101), np.float32)))
    options = SolidParams("lithophane", 101, border_mm=0, n_faces=10**5)
    x, _, z = on_its_back(make_solid(geometry, GeometryParams(), options), "lithophane").T
    x, z = x[z > 1e-4], z[z > 1e-4]
    bright = lightness(rgb)[0]
    for column in (0, 20, 50, 80, 100):
        beside = [max(column - 1, 0), column]
        near = np.abs(x - (column - 50.5)) < 0.1
        expected = 3 - 2.2 * bright[beside].mean() / 100
        np.testing.assert_allclose(z[near], expected, atol=0.05)
    assert (z.min(), z.max()) == pytest.approx((0.8, 3), abs=0.03)


# --- maps on other grids -----------------------------------------------------------------------


def test_lightness_is_that_of_the_standard():
    colours = np.uint8([[0, 0, 0], [255, 255, 255], [119, 119, 119], [255, 0, 0], [0, 0, 255]])
    found = lightness(colours[None])[0]
    # Published values of sRGB's primaries: red 53.24, blue 32.30; middle grey is 50.
    np.testing.assert_allclose(found, [0, 100, 50.03, 53.24, 32.30], atol=0.02)
    assert (
        np.diff(lightness(np.arange(256, dtype=np.uint8)[:, None, None].repeat(3, 2))[:, 0]) > 0
    ).all()


def test_an_area_mean_is_the_mean_of_its_area():
    image = np.random.default_rng(0).normal(size=(12, 9))
    fine = image.repeat(10, axis=0).repeat(10, axis=1)
    rows, columns = np.array([0, 0.3, 4.5, 5, 12]), np.array([0, 2.2, 2.9, 9])
    found = area_means(image, rows, columns)
    assert found.dtype == np.float32
    for i in range(4):
        for j in range(3):
            (top, bottom), (left, right) = (
                np.rint(10 * e[k : k + 2]).astype(int) for e, k in ((rows, i), (columns, j))
            )
            assert found[i, j] == pytest.approx(fine[top:bottom, left:right].mean(), abs=1e-5)
