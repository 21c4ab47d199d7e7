"""The packaged weights score on rendered heads what was recorded when they were packed."""

import pytest

from face3d_widgets.depth import DepthEstimator
from face3d_widgets.geometry import score_inverse_depth
from face3d_widgets.samples.rendered import load_rendered_head

# Head r2, face r2, face pairs in the wrong order, mean angle of normals in degrees.
RECORDED = {
    "open-mouth": (0.878, 0.867, 0.062, 14.8),
    "bob": (0.808, 0.816, 0.084, 12.1),
    "glasses": (0.766, 0.943, 0.022, 12.4),
    "turned": (0.497, 0.921, 0.024, 11.7),
}


@pytest.fixture(scope="module")
def estimator():
    return DepthEstimator()


@pytest.mark.parametrize("name", RECORDED)
def test_a_rendered_head_scores_as_recorded(name, estimator):
    head = load_rendered_head(name)
    estimator.set_photo(head.photo)
    values = estimator.predict("face_lite").values
    scores = score_inverse_depth(values, head.depth, head.head, head.face, head.intrinsics)
    head_r2, face_r2, face_ord, normals = RECORDED[name]
    assert scores.head_r2 == pytest.approx(head_r2, abs=0.02)
    assert scores.face_r2 == pytest.approx(face_r2, abs=0.02)
    assert scores.face_ord == pytest.approx(face_ord, abs=0.01)
    assert scores.normal_mean == pytest.approx(normals, abs=0.5)
