"""Synthetic portraits: their truth is exact, and the same seed draws the same pictures."""

import json

import numpy as np
import pytest

pytest.importorskip("anny", reason="the extra `train` is not installed")

from face3d_widgets.training import render as render_module
from face3d_widgets.training.body import HEAD_CENTRE, LANDMARKS, body_model
from face3d_widgets.training.hair import Hairstyle
from face3d_widgets.training.materials import draw_look
from face3d_widgets.training.meshes import Material, Part, sphere, subdivide, vertex_normals
from face3d_widgets.training.portrait import (
    Camera,
    _draw_camera,
    draw_portrait,
    render_parts,
)
from face3d_widgets.training.render import draw_numbered, render_set
from face3d_widgets.training.shards import Labels, read_shards, shard_path

BALD = Hairstyle("bald", 0, 0.01, 0, 0.05, 0, (0, 0, 0), 0, 0)
# The camera stands at the origin and looks along the world's +y: x right, z up.
AHEAD = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])


def look(seed=0):
    return draw_look(np.random.default_rng(seed), BALD, False, 0.5)


def camera_at(centre, size=96, focal=100.0):
    return Camera(np.asarray(centre, float), AHEAD, focal, size / 2, size / 2, size)


def test_sphere_has_the_depth_of_a_sphere():
    vertices, triangles = sphere(120, 240)
    centre, radius = np.array([0.1, 2.0, -0.05]), 0.4
    ball = Part(vertices * radius + centre, triangles, vertices, Material.OBJECT)
    camera = camera_at([0, 0, 0])
    render = render_parts([ball], [look()], body_model(), camera, np.random.default_rng(0))

    rays, side = camera.rays()
    rays = rays.reshape(side, side, 3)
    middle = AHEAD @ centre
    a, b = (rays**2).sum(-1), rays @ middle
    root = b**2 - a * (middle @ middle - radius**2)
    depth = np.where(root > 0, (b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
    inside = root > 0.02
    assert inside.sum() > 500
    np.testing.assert_allclose(1 / render.inverse_depth[inside], depth[inside], atol=4e-4)
    outside = root < -0.02
    assert (render.inverse_depth[outside] == 0).all()
    assert (render.coverage[outside] == 0).all()
    assert (render.coverage[inside] == 255).all()
    assert (render.labels[inside] == Labels.PERSON).all()


def test_head_has_the_depth_of_its_vertices():
    model = body_model()
    person = model.draw(np.random.default_rng(3))
    turn = person.rotation.T  # the face looks along -y again, at the camera
    person = person.moved(turn, -turn @ person.place(HEAD_CENTRE[None])[0] + [0, 0.9, 0])
    camera = camera_at([0, 0, 0], size=192, focal=400.0)
    render = render_parts(person.parts(), [look()], model, camera, np.random.default_rng(0))
    vertices = model.landmarks(person)
    pixels = np.floor(camera.project(vertices)).astype(int)
    depth = (vertices @ AHEAD.T)[:, 2]
    for name in ("nose tip", "chin", "forehead", "nose bridge"):
        number = LANDMARKS.index(name)
        column, row = pixels[number]
        assert render.labels[row, column] == Labels.FACE
        # Within a pixel's width on the skin: 0.9 m / 400 px is 2.3 mm.
        assert 1 / render.inverse_depth[row, column] == pytest.approx(depth[number], abs=0.003)
    nose, ear = (LANDMARKS.index(name) for name in ("nose tip", "left ear"))
    assert depth[nose] < depth[ear] - 0.05


def test_subdivided_sphere_is_rounder_than_a_flat_split():
    vertices, triangles = sphere(8, 12)
    finer, split, _ = subdivide(vertices, vertices, triangles)
    assert len(split) == 4 * len(triangles)
    new = np.linalg.norm(finer[len(vertices) :], axis=1)
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]]), axis=1)
    flat = np.linalg.norm(vertices[edges].mean(1), axis=1)
    assert abs(new - 1).max() < 0.6 * abs(flat - 1).max()


def test_normals_point_outward():
    vertices, triangles = sphere()
    normals = vertex_normals(vertices, triangles)
    assert ((normals * vertices).sum(1) > 0.8).all()


def test_same_seed_same_portrait():
    first = draw_portrait(np.random.default_rng(7), 48)
    again = draw_portrait(np.random.default_rng(7), 48)
    other = draw_portrait(np.random.default_rng(8), 48)
    for name in ("color", "coverage", "inverse_depth", "labels", "landmarks"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.facts == again.facts
    assert (first.color != other.color).any()


def test_portraits_are_whole():
    for number in range(4):
        render = draw_numbered(5, number, 64)
        nobody = render.labels == Labels.BACKGROUND
        assert (render.inverse_depth[~nobody] > 0.1).all()
        assert (render.inverse_depth[nobody] == 0).all()
        assert (render.labels >= Labels.HEAD).mean() > 0.02
        assert render.landmarks.shape == (len(LANDMARKS), 2)
        assert 0.2 < render.distance < 6
        assert 0.04 < render.unit < 0.15
        assert (render.color.max(axis=2) <= render.coverage.astype(int) + 1).all()
        json.dumps(render.facts)
        assert -180 <= render.facts["yaw"] <= 180


def test_as_many_are_turned_as_asked_for():
    person = body_model().draw(np.random.default_rng(3))

    def beyond_45(turned):
        yaws = [
            _draw_camera(person, 64, np.random.default_rng(seed), turned)[1]["yaw"]
            for seed in range(300)
        ]
        return np.mean(np.abs(yaws) > 45)

    few, usual, many = (beyond_45(turned) for turned in (0, 0.2, 0.6))
    assert few < usual < many
    assert many - few > 0.15


def test_no_more_can_be_turned_than_there_are(tmp_path):
    with pytest.raises(ValueError, match=r"0 to 0\.65"):
        render_set(tmp_path, 1, turned=0.7)


def test_a_set_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(render_module, "ProcessPoolExecutor", _InThisProcess)
    monkeypatch.setattr(render_module, "PER_SHARD", 2)
    assert render_set(tmp_path, 5, seed=3, size=32, progress=False) == 5
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.json")}
    kept = shard_path(tmp_path, 0).stat().st_mtime_ns
    shard_path(tmp_path, 1).unlink()
    assert render_set(tmp_path, 5, seed=3, size=32, progress=False) == 2
    assert shard_path(tmp_path, 0).stat().st_mtime_ns == kept
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.json")} == before
    assert len(read_shards(tmp_path)) == 5


class _InThisProcess:
    """Does at once what a pool would do in other processes."""

    def __init__(self, *_args, **_options):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return False

    def submit(self, call, *args):
        from concurrent.futures import Future

        future = Future()
        future.set_result(call(*args))
        return future
