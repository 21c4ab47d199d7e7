"""The packaged weights score on rendered heads what was recorded when they were packed."""

from pathlib import Path

import pytest

from face3d_widgets.depth import DepthEstimator
from face3d_widgets.training.cases import read_cases
from tests.rendered import look

RENDERS = Path(__file__).parent / "data" / "renders"
# Head r2, face r2, face pairs in the wrong order, mean angle of normals in degrees.
RECORDED = {
    "public_001": (0.906, 0.932, 0.036, 9.2),
    "public_004": (0.923, 0.876, 0.065, 10.9),
    "public_006": (0.834, 0.871, 0.076, 10.6),
    "public_010": (0.870, 0.821, 0.092, 14.5),
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
