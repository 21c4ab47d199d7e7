"""The packaged weights score on rendered heads what was recorded when they were packed."""

from pathlib import Path

import pytest

from face3d_widgets.depth import DepthEstimator
from face3d_widgets.training.cases import read_cases
from tests.rendered import look

RENDERS = Path(__file__).parent / "data" / "renders"
# Head r2, face r2, face pairs in the wrong order, mean angle of normals in degrees.
RECORDED = {
    "public_001": (0.901, 0.916, 0.044, 9.3),
    "public_004": (0.939, 0.896, 0.057, 10.4),
    "public_006": (0.781, 0.795, 0.116, 11.3),
    "public_010": (0.897, 0.810, 0.096, 14.8),
}


@pytest.fixture(scope="module")
def cases():
    return {case.photo.name: case for case in read_cases(RENDERS)}


@pytest.fixture(scope="module")
def estimator():
    return DepthEstimator()


@pytest.mark.parametrize("name", RECORDED)
def test_a_rendered_head_scores_as_recorded(name, cases, estimator):
    _, scores = look(estimator, cases[name])
    head_r2, face_r2, face_ord, normals = RECORDED[name]
    assert scores.head_r2 == pytest.approx(head_r2, abs=0.01)
    assert scores.face_r2 == pytest.approx(face_r2, abs=0.01)
    assert scores.face_ord == pytest.approx(face_ord, abs=0.005)
    assert scores.normal_mean == pytest.approx(normals, abs=0.3)
