"""Sizes told before a file is made, against the files."""

from dataclasses import replace

import numpy as np
import pytest

from face3d_widgets.export import (
    bundle,
    depth_to_png16,
    estimated_bundle_size,
    estimated_size,
    inverse_depth_to_npy,
    inverse_depth_to_pfm,
    point_cloud_to_ply,
    point_cloud_to_xyz,
    surface_to_glb,
    surface_to_obj_zip,
    surface_to_ply,
    surface_to_stl,
    texture_jpeg,
)
from face3d_widgets.types import InverseDepth
from tests.export_shapes import checked_photo, dome, points_of

HEADER = 1024  # bytes that may differ: comments, names, the digits of counts and bounds
PHOTO = checked_photo()


def rough(n, unit="relative"):
    """A dome with the unevenness that a network leaves."""
    surface = dome(n, n, unit=unit)
    noise = np.random.default_rng(0).normal(0, 0.001, surface.vertices.shape)
    vertices = surface.vertices * (1 + noise)
    return replace(surface, vertices=vertices.astype(np.float32))


def picture(n=128):
    return InverseDepth(dome(n, n).vertices[:, 2].reshape(n, n))


@pytest.mark.parametrize("n", [40, 200])
@pytest.mark.parametrize("without", [(), ("normals",), ("colors",), ("normals", "colors")])
def test_binary_files_have_the_size_that_was_told(n, without):
    surface = replace(dome(n, n), **dict.fromkeys(without))
    has = {name: name not in without for name in ("normals", "colors")}
    counts = len(surface.vertices), len(surface.faces)
    texture = len(texture_jpeg(PHOTO))
    for data, told in [
        (surface_to_ply(surface), estimated_size("ply", *counts, **has)),
        (surface_to_stl(surface), estimated_size("stl", *counts, **has, texture=0)),
        (surface_to_glb(surface, None), estimated_size("glb", *counts, **has)),
        (surface_to_glb(surface, PHOTO), estimated_size("glb", *counts, **has, texture=texture)),
    ]:
        assert abs(len(data) - told) < HEADER


def test_points_and_depth_have_the_size_that_was_told():
    points, inverse_depth = points_of(dome(100, 100)), picture()
    for data, told in [
        (point_cloud_to_ply(points), estimated_size("ply", len(points), normals=False)),
        (inverse_depth_to_pfm(inverse_depth), estimated_size("pfm", n_pixels=128 * 128)),
        (inverse_depth_to_npy(inverse_depth), estimated_size("npy", n_pixels=128 * 128)),
    ]:
        assert abs(len(data) - told) < HEADER


@pytest.mark.parametrize("unit", ["relative", "mm"])
@pytest.mark.parametrize("n", [80, 150, 250])
def test_texts_come_within_15_percent(n, unit):
    surface = rough(n, unit)
    counts = len(surface.vertices), len(surface.faces)
    texture = len(texture_jpeg(PHOTO))
    for data, told in [
        (
            surface_to_obj_zip(surface, PHOTO, "anna"),
            estimated_size("obj.zip", *counts, texture=texture),
        ),
        (
            surface_to_obj_zip(replace(surface, normals=None), PHOTO, "anna"),
            estimated_size("obj.zip", *counts, texture=texture, normals=False),
        ),
        (
            surface_to_obj_zip(replace(surface, uv=None, normals=None, colors=None), None, "anna"),
            estimated_size("obj.zip", *counts, normals=False, colors=False),
        ),
        (point_cloud_to_xyz(points_of(surface)), estimated_size("xyz", counts[0], normals=False)),
    ]:
        assert told == pytest.approx(len(data), rel=0.15)


def test_the_depth_picture_comes_within_15_percent():
    told = estimated_size("png", n_pixels=256 * 256)
    assert told == pytest.approx(len(depth_to_png16(picture(256))), rel=0.15)


def test_a_bundle_comes_within_15_percent():
    surface = rough(200)
    files = {
        "anna_points.ply": point_cloud_to_ply(points_of(surface)),
        "anna_mesh.ply": surface_to_ply(surface),
        "anna_mesh.stl": surface_to_stl(surface),
        "anna_mesh.glb": surface_to_glb(surface, PHOTO),
        "anna_mesh.obj.zip": surface_to_obj_zip(surface, PHOTO, "anna"),
        "anna_points.xyz": point_cloud_to_xyz(points_of(surface)),
        "anna_depth.pfm": inverse_depth_to_pfm(picture(200)),
    }
    made = bundle("anna", files, parameters=b"{}", model_title="Face Lite")
    told = estimated_bundle_size({name: len(data) for name, data in files.items()})
    assert told == pytest.approx(len(made), rel=0.15)


def test_a_kind_that_is_not_known():
    with pytest.raises(ValueError, match="kind must be one of ply, stl"):
        estimated_size("docx", 10)
