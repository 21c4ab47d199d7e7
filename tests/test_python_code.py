"""The lines that reproduce a result, run in a fresh interpreter."""

import subprocess
import sys

import numpy as np
import pytest

from face3d_widgets.session import ReconstructionSession, python_code
from face3d_widgets.types import GeometryParams, Photo, ViewParams, WrongOnPurpose


def test_the_lines_give_the_same_points_in_a_fresh_interpreter(astronaut, tmp_path):
    session = ReconstructionSession()
    session.open(astronaut, turn=90)
    session.params = GeometryParams(
        relief=1.4, n_points=700, fov=35.5, cutoff=0.45, wrong=WrongOnPurpose(eight_bit=True)
    )
    session.view = ViewParams(draw_as="points", color_by="depth", colormap="Viridis")
    code = session.to_python()
    assert 'load_sample("astronaut"), turn=90' in code
    (tmp_path / "result.py").write_text(
        f"{code}\nimport numpy\nnumpy.save('points.npy', session.point_cloud().points)\n"
        "print(viewer.view)\nprint(viewer.drawn)\n"
    )
    done = subprocess.run(
        [sys.executable, "result.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(
        np.load(tmp_path / "points.npy"), session.point_cloud().points, atol=1e-5
    )
    assert done.stdout.splitlines() == [repr(session.view), "700"]


def test_only_what_differs_is_named(photo):
    params = GeometryParams(relief=2.0, mm_per_unit=180.5)
    code = python_code(photo, "dpt_large_384", params, ViewParams(draw_as="mesh"))
    assert "GeometryParams(relief=2.0, mm_per_unit=180.5)" in code
    assert "model='dpt_large_384'" in code
    assert "ViewParams(draw_as='mesh')" in code


def test_a_photo_of_ones_own_is_named_and_said(photo):
    code = python_code(photo, "face_lite", GeometryParams(), ViewParams())
    assert "session.open('anna.jpg')" in code
    assert "# Your photo" in code
    assert "load_sample" not in code


def test_a_photo_that_bears_a_samples_name_is_none(astronaut):
    other = Photo(255 - astronaut.rgb, name="astronaut")
    assert "load_sample" not in python_code(other, "face_lite", GeometryParams(), ViewParams())


@pytest.mark.parametrize("name", ["anna's", 'a"b', "a\\b"])
def test_names_cannot_break_the_code(photo, name):
    code = python_code(Photo(photo.rgb, name=name), "face_lite", GeometryParams(), ViewParams())
    compile(code, "cell", "exec")
