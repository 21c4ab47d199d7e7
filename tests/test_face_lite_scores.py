"""The packaged weights score on rendered heads what was recorded when they were packed."""

from pathlib import Path

import pytest

from face3d_widgets.depth import DepthEstimator
from face3d_widgets.geometry import score_inverse_depth
from face3d_widgets.training.cases import read_cases

RENDERS = Path(__file__).parent / "data" / "renders"
# Head r2, face r2, face pairs in the wrong order, mean angle of normals in degrees.
RECORDED = {
    "public_001": (0.898, 0.862, 0.061, 10.7),
    "public_004": (0.910, 0.852, 0.079, 11.7),
    "public_006": (0.778, 0.796, 0.109, 11.6),
    "public_010": (0.877, 0.787, 0.095, 14.4),
}


@pytest.fixture(scope="module")
def cases():
    return {case.photo.name: case for case in read_cases(RENDERS)}


@pytest.fixture(scope="module")
def estimator():
    return DepthEstimator()


@pytest.mark.parametrize("name", RECORDED)
def test_a_rendered_head_scores_as_recorded(name, cases, estimator):
    photo, truth = cases[name].photo, cases[name].truth
    estimator.set_photo(photo)
    values = estimator.predict("face_lite").values
    scores = score_inverse_depth(values, truth.depth, truth.head, truth.face, truth.camera, name)
    head_r2, face_r2, face_ord, normals = RECORDED[name]
    assert scores.head_r2 == pytest.approx(head_r2, abs=0.01)
    assert scores.face_r2 == pytest.approx(face_r2, abs=0.01)
    assert scores.face_ord == pytest.approx(face_ord, abs=0.005)
    assert scores.normal_mean == pytest.approx(normals, abs=0.3)
