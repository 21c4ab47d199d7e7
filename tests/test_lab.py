"""Estimates held to the truth, and what each mistake does to them."""

import numpy as np
import pytest

from face3d_widgets.depth import ModelError
from face3d_widgets.session.lab import TrueErrorLab
from face3d_widgets.types import InverseDepth, WrongOnPurpose
from tests.rendered import DISTANCE, HALF, TruthTeller, analytic_head, true_estimate


@pytest.fixture(scope="module")
def head():
    return analytic_head()


@pytest.fixture(scope="module")
def lab(head):
    return TrueErrorLab(head, true_estimate(head))


def test_a_right_estimate_has_no_error(lab):
    result = lab.result()
    assert result.rms_depth < 0.05  # millimetres
    assert result.rms_point < 0.05
    assert result.scores.head_r2 > 0.999
    assert result.scores.head_ord < 0.001
    assert result.scores.normal_median < 0.5
    assert result.hanging_share == 0
    assert result.width_mm == pytest.approx(lab.true_width_mm, abs=0.1)
    assert lab.true_width_mm == pytest.approx(2000 * HALF[0], rel=0.06)


def test_the_map_is_empty_off_the_head(lab, head):
    result = lab.result()
    for error in (result.depth_error, result.point_error):
        np.testing.assert_array_equal(np.isfinite(error), head.head)
    assert np.isfinite(result.normal_error).sum() < head.face.sum()


def test_noise_is_an_error_of_the_size_it_has(head):
    # 0.01 / m of noise at 0.8 m is 6.4 mm.
    noisy = TrueErrorLab(head, true_estimate(head, noise=0.01)).result()
    expected = 1000 * 0.01 * (DISTANCE - HALF[2] / 2) ** 2
    assert noisy.rms_depth == pytest.approx(expected, rel=0.15)
    assert noisy.rms_point >= noisy.rms_depth


def test_too_far_is_above_zero(head):
    estimate = true_estimate(head)
    values = estimate.values.copy()
    values[40:44, 38:42] -= 1.0  # said to be farther
    spot = TrueErrorLab(head, InverseDepth(values, estimate.subject, "face_lite", 0.1)).result()
    assert spot.depth_error[40:44, 38:42].min() > 10
    assert spot.point_error[40:44, 38:42].min() > 10


def test_inverse_depth_as_depth_turns_every_pair_around(lab):
    wrong = lab.result(WrongOnPurpose(inverse_as_depth=True))
    assert wrong.scores.inverted
    assert wrong.scores.head_ord > 0.99
    assert wrong.rms_depth > 20
    depth = lab.mesh(WrongOnPurpose(inverse_as_depth=True)).vertices
    nose = np.argmax(depth.inverse_depth)
    assert depth.points[nose, 2] > np.median(depth.points[:, 2])


def test_eight_bits_turn_directions_more_than_they_move_places(lab):
    right, wrong = lab.result(), lab.result(WrongOnPurpose(eight_bit=True))
    assert 0.2 < wrong.rms_depth < 10
    assert wrong.scores.normal_median > right.scores.normal_median + 1
    assert wrong.scores.head_r2 > 0.98


def test_kept_edges_hang_beside_the_head_and_leave_it_as_it_is(lab, head):
    right, wrong = lab.result(), lab.result(WrongOnPurpose(edges_kept=True))
    assert 0.01 < wrong.hanging_share < 0.5
    assert wrong.rms_depth == right.rms_depth
    outline = head.head ^ np.roll(head.head, 1, axis=1)
    assert wrong.hanging[outline].mean() > 0.9
    # The curtain is in the mesh too: it reaches from the head to the background.
    assert np.ptp(lab.mesh(wrong.wrong).vertices.points[:, 2]) > 2 * np.ptp(
        lab.mesh().vertices.points[:, 2]
    )


def test_a_wrong_field_of_view_moves_points_sideways_and_not_in_depth(lab, head):
    right, wrong = lab.result(), lab.result(WrongOnPurpose(fov=48))
    assert wrong.rms_depth == right.rms_depth
    grows = np.tan(np.radians(24)) / np.tan(np.radians(12))
    assert wrong.width_mm == pytest.approx(grows * right.width_mm, rel=1e-3)
    # At the rim: half the head's width, times what it grew by.
    row = head.photo.height // 2
    rim = np.flatnonzero(head.head[row])[0]
    sideways = abs(wrong.point_error[row, rim])
    assert sideways == pytest.approx(right.width_mm / 2 * (grows - 1), rel=0.1)


def test_both_meshes_are_in_one_unit(lab):
    found, true = lab.mesh().vertices.points, lab.true_mesh.vertices.points
    for part in (0, 1, 2):
        assert found[:, part].min() == pytest.approx(true[:, part].min(), abs=0.02)
        assert found[:, part].max() == pytest.approx(true[:, part].max(), abs=0.02)


def test_the_session_runs_the_network(head):
    teller = TruthTeller(head)
    lab = TrueErrorLab.estimate(head, teller)
    assert teller.runs == 1
    assert lab.result().rms_depth < 0.05


def test_an_estimate_that_cannot_fit_says_so(head):
    upside_down = InverseDepth(-true_estimate(head).values, head.head, "face_lite", 0.1)
    with pytest.raises(ModelError, match=r"Face Lite does not fit .* choose another head"):
        TrueErrorLab(head, upside_down)
