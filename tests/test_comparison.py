"""Estimates held to each other, with an estimator that needs no network."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from face3d_widgets.depth import MODELS, DepthEstimator, ModelError
from face3d_widgets.geometry.ranks import rank_correlation, ranks
from face3d_widgets.session.comparison import (
    INPUTS,
    Comparer,
    ComparisonCancelled,
    Contestant,
    Estimate,
    compare_estimates,
)
from face3d_widgets.types import GeometryParams, InverseDepth, Photo
from tests.conftest import drawn_portrait, head_relief

LITE, SMALL = "face_lite", "midas_v21_small_256"


class Scripted:
    """Says the same relief in another scale for each network; sees what it was shown."""

    def __init__(self):
        self.photos, self.models = [], []
        self.last_seconds = 0.0

    def set_photo(self, photo):
        self.photo = photo

    def predict(self, model):
        self.photos.append(self.photo)
        self.models.append(model)
        relief = head_relief(self.photo.height, self.photo.width)
        if model == SMALL:  # no unit, no subject, another scale, and a nose that is too long
            y, x = np.mgrid[: self.photo.height, : self.photo.width]
            nose = np.hypot(x - self.photo.width / 2, y - 0.42 * self.photo.height) < 6
            return InverseDepth(300 + 70 * (relief + 0.3 * nose), None, model)
        return InverseDepth(relief, relief > -1.75, model, relief_unit=0.1)


@pytest.fixture
def scripted():
    return Scripted()


@pytest.fixture
def comparer(scripted):
    return Comparer(scripted)


# --- the order ---------------------------------------------------------------------------------


def test_ranks_share_the_mean_of_their_places():
    np.testing.assert_array_equal(ranks([30, 10, 20, 10]), [4, 1.5, 3, 1.5])


def test_correlation_by_hand():
    # Differences of ranks 0, 1, 1, 0: 1 - 6 * 2 / (4 * 15).
    assert rank_correlation([1, 2, 3, 4], [10, 30, 20, 40]) == pytest.approx(0.8)
    assert rank_correlation([1, 2, 3], [9, 5, 1]) == pytest.approx(-1)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-50, 50), min_size=3, max_size=40, unique=True))
def test_no_stretching_that_keeps_the_order_matters(values):
    x = np.array(values, float)
    assert rank_correlation(x, np.exp(x / 20)) == pytest.approx(1)
    assert rank_correlation(x, -(x**3)) == pytest.approx(-1)


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        ([1, 2], [1, 2, 3], "give the same pixels"),
        ([1, np.nan], [1, 2], "not finite"),
        ([1, 1], [1, 2], "constant"),
        ([1], [1], "constant"),
    ],
)
def test_what_has_no_order_is_refused(a, b, says):
    with pytest.raises(ValueError, match=says):
        rank_correlation(a, b)


# --- contestants -------------------------------------------------------------------------------


def test_titles_say_what_a_network_is_shown():
    assert Contestant(LITE).title == "Face Lite"
    assert Contestant(LITE, "mirrored").title == "Face Lite, photo mirrored"
    with pytest.raises(ValueError, match="choose one of: photo, mirrored"):
        Contestant(LITE, "upside-down")


def test_every_changed_input_comes_back_to_the_photo(comparer, photo):
    plain = Contestant(LITE)
    for how in list(INPUTS)[1:]:
        comparison = comparer.compare(photo, [plain, Contestant(LITE, how)])
        other = comparison.agreements[1]
        assert other.estimate.inverse_depth.values.shape == photo.rgb.shape[:2]
        # The made head looks the same however it is shown, but for what half the pixels lose.
        assert other.rank_correlation > 0.95
        assert other.typical < 2


def test_a_mirrored_photo_is_mirrored_and_its_estimate_back():
    class LeftIsNear(Scripted):
        def predict(self, model):
            across = np.linspace(1, 0, self.photo.width, dtype=np.float32)
            values = np.repeat(across[None], self.photo.height, axis=0)
            self.photos.append(self.photo)
            return InverseDepth(values, values > -1, model, 0.1)

    estimator = LeftIsNear()
    photo = Photo(drawn_portrait(40, 30), name="anna")
    result = Comparer(estimator).compare(photo, [Contestant(LITE), Contestant(LITE, "mirrored")])
    np.testing.assert_array_equal(estimator.photos[-1].rgb, photo.rgb[:, ::-1])
    assert result.agreements[1].rank_correlation == pytest.approx(-1)


def test_half_the_pixels_are_half_of_what_the_network_sees(comparer, scripted):
    photo = Photo(drawn_portrait(400, 300), name="anna")
    comparer.compare(photo, [Contestant(LITE), Contestant(LITE, "half")])
    shown = scripted.photos[-1]
    assert max(shown.width, shown.height) == MODELS[LITE].input_side // 2


def test_a_grey_photo_has_no_colours(comparer, scripted, photo):
    comparer.compare(photo, [Contestant(LITE), Contestant(LITE, "grey")])
    shown = scripted.photos[-1].rgb
    assert (shown == shown[..., :1]).all()
    assert not (photo.rgb == photo.rgb[..., :1]).all()


# --- comparing ---------------------------------------------------------------------------------


def test_another_scale_and_shift_is_no_difference(comparer, photo):
    first, other = comparer.compare(photo, [Contestant(LITE), Contestant(SMALL)]).agreements
    assert first.rank_correlation == 1
    assert first.typical == 0
    assert other.alignment.scale == pytest.approx(1 / 70, rel=1e-3)
    assert other.rank_correlation > 0.99
    assert other.typical < 0.05


def test_a_nose_too_long_is_red_and_nothing_else(comparer, photo):
    comparison = comparer.compare(photo, [Contestant(LITE), Contestant(SMALL)])
    difference = comparison.agreements[1].difference
    np.testing.assert_array_equal(np.isfinite(difference), comparison.head)
    nose = (slice(48, 53), slice(46, 51))
    # 0.3 units of 0.1 m, on a head that is 0.165 m wide.
    assert difference[nose] == pytest.approx(100 * 0.03 / 0.165, rel=0.05)
    assert np.abs(difference[80:, :]).max(initial=0, where=comparison.head[80:, :]) < 0.2
    assert 0.9 < comparison.agreements[1].alignment.agreeing < 1


def test_where_the_first_finds_nobody_another_ones_head_counts(comparer, photo):
    comparison = comparer.compare(photo, [Contestant(SMALL), Contestant(LITE)])
    np.testing.assert_array_equal(comparison.head, head_relief(120, 96) > -1.75)


def test_networks_that_never_tell_the_person_are_compared_on_what_is_near(comparer, photo):
    two = [Contestant(SMALL), Contestant("midas_v21_384")]
    head = comparer.compare(photo, two).head
    assert 0.1 < head.mean() < 0.9
    assert head[60, 48]
    assert not head[2, 2]


def test_meshes_are_of_one_size_and_place(comparer, photo):
    comparison = comparer.compare(photo, [Contestant(LITE), Contestant(SMALL)])
    clouds = [g.mesh(GeometryParams(n_points=2000)).vertices for g in comparison.geometries]
    for part in range(3):
        low, high = ([f(cloud.points[:, part]) for cloud in clouds] for f in (np.median, np.ptp))
        assert low[0] == pytest.approx(low[1], abs=0.01)
        assert high[0] == pytest.approx(high[1], abs=0.1)


def test_no_geometry_is_kept(comparer, photo):
    comparison = comparer.compare(photo, [Contestant(LITE), Contestant(SMALL)])
    held = [weakref.ref(geometry) for geometry in comparison.geometries]
    gc.collect()
    assert [ref() for ref in held] == [None, None]
    assert len(list(comparison.geometries)) == 2  # and they can be had again


def test_of_many_contestants_the_latest_are_kept(comparer, photo):
    all_ways = [[Contestant(model, how) for how in INPUTS] for model in (LITE, SMALL)]
    comparer.compare(photo, all_ways[0])
    comparer.compare(photo, all_ways[1])
    comparer.compare(photo, all_ways[0])
    assert all(comparer.knows(photo, one) for ways in all_ways for one in ways)
    two = [all_ways[1][0], Contestant("midas_v21_384")]
    comparer.compare(photo, two)
    assert not comparer.knows(photo, all_ways[1][1])  # used the longest ago
    assert all(comparer.knows(photo, one) for one in [*two, *all_ways[0]])
    assert len(comparer._known) == 8


def test_the_network_of_another_is_let_go_and_what_it_said_is_kept(photo, monkeypatch):
    scripted, rested = Scripted(), []

    class Estimator(DepthEstimator):
        set_photo, predict = scripted.set_photo, scripted.predict

        def rest(self, model):
            rested.append(model)

    comparer = Comparer(Estimator())
    two = [Contestant(LITE), Contestant(SMALL)]
    comparer.compare(photo, two)
    comparer.rest(LITE)
    assert rested == [LITE]
    assert all(comparer.knows(photo, one) for one in two)
    runs = len(scripted.models)
    comparer.compare(photo, [*two, Contestant(SMALL, "grey")])
    assert len(scripted.models) == runs + 2  # it is loaded anew, so the first run does not count


def test_what_ran_is_kept_until_another_photo(comparer, scripted, photo):
    two = [Contestant(LITE), Contestant(LITE, "grey")]
    comparer.compare(photo, two)
    runs = len(scripted.models)
    comparer.compare(photo, [*two[::-1]])
    assert len(scripted.models) == runs
    assert comparer.knows(photo, two[0])
    comparer.compare(Photo(photo.rgb, name="other"), two)
    assert len(scripted.models) == runs + 2
    assert not comparer.knows(photo, two[0])


def test_a_short_first_run_is_timed_again(comparer, scripted, photo):
    scripted.last_seconds = 0.25
    first = comparer.compare(photo, [Contestant(LITE), Contestant(LITE, "grey")]).first
    assert first.seconds == 0.25
    assert scripted.models == [LITE] * 3  # twice, and once when it is warm
    assert len({id(photo) for photo in scripted.photos}) == 3  # no kept result is timed
    scripted.last_seconds = 20.0
    comparer.compare(photo, [Contestant(LITE), Contestant(SMALL)])
    assert scripted.models == [LITE] * 3 + [SMALL]


def test_steps_are_told_and_none_is_begun_once_it_is_cancelled(comparer, scripted, photo):
    steps = []
    three = [Contestant(LITE), Contestant(SMALL), Contestant(LITE, "grey")]

    def told(step, share):
        steps.append((step, share))

    with pytest.raises(ComparisonCancelled):
        comparer.compare(photo, three, told, lambda: len(steps) >= 1)
    assert [step for step, _ in steps] == ["Running Face Lite"]
    assert SMALL not in scripted.models
    comparer.compare(photo, three, told)
    shares = [share for _, share in steps[1:]]
    assert shares == sorted(shares)
    assert steps[-1][0] == "Comparing"


@pytest.mark.parametrize("n", [0, 1, 5])
def test_two_to_four_are_compared(comparer, photo, n):
    names = list(MODELS)[:n]
    with pytest.raises(ValueError, match="choose others"):
        comparer.compare(photo, [Contestant(name) for name in names])
    with pytest.raises(ValueError, match="choose others"):
        comparer.compare(photo, [Contestant(LITE)] * 2)


def test_an_estimate_that_is_the_same_everywhere_is_refused(photo, inverse_depth):
    flat = InverseDepth(np.zeros((120, 96), np.float32), None, SMALL)
    given = [
        Estimate(Contestant(LITE), inverse_depth, 0.1),
        Estimate(Contestant(SMALL), flat, 0.1),
    ]
    with pytest.raises(ModelError, match=r"MiDaS v2\.1 small says nothing of this head"):
        compare_estimates(photo, given)
