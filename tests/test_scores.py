"""How wrong an estimate is: numbers that others got too, and shapes whose answer is known."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from face3d_widgets.geometry import (
    align_to_truth,
    depth_error,
    normal_error,
    score_inverse_depth,
)
from face3d_widgets.types import Intrinsics
from tests.analytic import FOV, plane, sphere

DATA = Path(__file__).parent / "data" / "scores"
RECORDED = json.loads((DATA / "scores.json").read_text())
SIZE = 96
CAMERA = Intrinsics.from_fov(FOV, SIZE, SIZE)


@pytest.fixture(scope="module")
def ball():
    """Depth in metres, head, and face (the head's middle), of a ball before a wall."""
    inverse, head, _ = sphere(SIZE, SIZE)
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5 - SIZE / 2
    return (1 / inverse).astype(np.float32), head, head & (np.hypot(x, y) < 0.16 * SIZE)


def scores(predicted, truth):
    return score_inverse_depth(predicted, *truth, CAMERA)


def read_case(name):
    with np.load(DATA / f"{name}.npz") as file:
        case = dict(file)
    return {**case, "intrinsics": Intrinsics(*case["intrinsics"].tolist())}


# --- the recorded numbers ----------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDED)
def test_the_numbers_are_those_of_an_independent_implementation(name):
    found = dataclasses.asdict(score_inverse_depth(**read_case(name), pair_seed=name))
    expected = dict(RECORDED[name])
    assert found.pop("nonfinite") == expected.pop("nonfinite", 0)
    assert found.pop("inverted") is False
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=0, abs=1e-9), key


def test_another_seed_draws_other_pairs_and_changes_nothing_else():
    case = read_case("same_size")
    one, other = (score_inverse_depth(**case, pair_seed=seed) for seed in ("one", "other"))
    assert one.head_ord != other.head_ord
    assert one.head_ord == pytest.approx(other.head_ord, abs=0.02)
    assert one.face_r2 == other.face_r2


# --- shapes whose answer is known --------------------------------------------------------------


def test_the_truth_is_perfect_in_whatever_unit(ball):
    for predicted in (1 / ball[0], 37 / ball[0] - 12):
        found = scores(predicted, ball)
        assert found.head_r2 == pytest.approx(1, abs=1e-10)
        assert found.face_ssi_rmse == pytest.approx(0, abs=1e-5)
        assert (found.head_ord, found.face_ord) == (0, 0)
        assert found.normal_mean < 0.01
        assert not found.inverted


def test_scale_and_shift_of_an_estimate_do_not_matter(ball):
    rng = np.random.default_rng(0)
    guess = 1 / ball[0] + rng.normal(0, 0.02, ball[0].shape)
    found = dataclasses.asdict(scores(guess, ball))
    assert 0.1 < found["head_r2"] < 0.99
    for a, b in ((0.01, 5), (300, -4000)):
        again = dataclasses.asdict(scores(a * guess + b, ball))
        assert again == pytest.approx(found, abs=1e-6)


def test_far_for_near_is_told_and_explains_nothing(ball):
    found = scores(-1 / ball[0], ball)
    assert found.inverted
    assert found.head_r2 == pytest.approx(0, abs=1e-12)
    assert (found.head_ord, found.face_ord) == (1, 1)


def test_a_flat_sheet_explains_nothing_and_orders_by_chance(ball):
    found = scores(np.full((SIZE, SIZE), 3.0), ball)
    assert found.head_r2 == pytest.approx(0, abs=1e-12)
    assert found.head_ssi_rmse == pytest.approx(1)
    assert found.head_ord == 0.5
    assert not found.inverted


def test_what_is_explained_and_what_is_left_are_one(ball):
    guess = (1 / ball[0]) ** 8
    found = scores(guess, ball)
    assert found.head_ssi_rmse**2 == pytest.approx(1 - found.head_r2)
    assert found.head_ord == 0  # bent, but nothing has changed places
    assert found.head_r2 < 0.99


def test_a_tilted_plane_is_off_by_the_angle_of_its_tilt():
    # Seen from far away; nearer, the fit of the scale would turn the estimate too.
    tilt = np.radians(20)
    camera = Intrinsics.from_fov(FOV, SIZE, SIZE)
    upright = plane(SIZE, SIZE, (0, 0, -1), 2.0)
    tilted = plane(SIZE, SIZE, (np.sin(tilt), 0, -np.cos(tilt)), 2.0 * np.cos(tilt))
    mask = np.zeros((SIZE, SIZE), bool)
    mask[20:70, 25:75] = True
    angle = normal_error(tilted, 1 / upright, mask, mask, camera)
    inner = angle[30:60, 35:65]
    np.testing.assert_allclose(inner, 20, atol=0.1)
    assert np.isnan(angle[~mask]).all()
    assert np.isnan(angle[20:22]).all()  # too near the edge


def test_the_error_has_a_sign_a_unit_and_a_share(ball):
    depth, head, _ = ball
    aligned = np.where(head, 1 / (depth + 0.01), 0.5)
    error = depth_error(aligned, 1000 * depth, head)
    assert np.isnan(error[~head]).all()
    in_metres = depth_error(aligned, depth, head)
    np.testing.assert_allclose(in_metres[head], 0.01, atol=1e-6)  # 1 cm too far
    percent = depth_error(aligned, depth, head, percent=True)
    low, high = np.percentile(depth[head], [1, 99])
    np.testing.assert_allclose(percent[head], 1 / (high - low), rtol=1e-4)


def test_an_aligned_estimate_is_in_the_truth_s_unit_where_it_should_fit(ball):
    depth, head, face = ball
    bent = np.where(face, 5 / depth - 1, 9 / depth)
    aligned = align_to_truth(bent, depth, head, face)
    np.testing.assert_allclose(aligned[face], 1 / depth[face], rtol=1e-6)
    assert not np.allclose(aligned[head], 1 / depth[head], rtol=1e-3)
    whole = align_to_truth(3 / depth + 8, depth, head)
    np.testing.assert_allclose(whole[head], 1 / depth[head], rtol=1e-6)
    assert whole.min() >= 0.5 / depth[head].max() * (1 - 1e-6)


def test_an_estimate_of_another_size_is_resized(ball):
    large = np.kron(1 / ball[0], np.ones((3, 3)))
    assert scores(large, ball).head_r2 > 0.999


def test_the_truth_outside_the_head_may_be_missing(ball):
    depth, head, face = ball
    holes = np.where(head, depth, np.nan)
    guess = 1 / depth + 0.01 * np.indices(depth.shape)[0] / SIZE
    assert scores(guess, (holes, head, face)) == scores(guess, ball)


# --- refusals ----------------------------------------------------------------------------------


def test_what_cannot_be_scored_is_said(ball):
    depth, head, face = ball
    guess = 1 / depth
    with pytest.raises(ValueError, match="choose another picture"):
        scores(guess, (depth, head, np.zeros_like(face)))
    with pytest.raises(ValueError, match="take such pixels out of the mask"):
        scores(guess, (np.where(face, np.nan, depth), head, face))
    with pytest.raises(ValueError, match="flat"):
        scores(guess, (np.ones_like(depth), head, face))
    with pytest.raises(ValueError, match="differ in size"):
        scores(guess, (depth[:50], head, face))
    with pytest.raises(ValueError, match="must be"):
        scores(guess[None], ball)
    speck = np.zeros_like(face)
    speck[SIZE // 2, SIZE // 2 : SIZE // 2 + 30 : 5] = True
    with pytest.raises(ValueError, match="too small for normals"):
        scores(guess, (depth, head, speck))
