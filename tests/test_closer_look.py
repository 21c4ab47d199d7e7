"""A second look at a head that is small in its photo."""

from pathlib import Path

import numpy as np
import pytest

from face3d_widgets.depth import DepthEstimator, face_lite_family
from face3d_widgets.depth.closer_look import WINDOW, WORTH, head_window, join_looks
from face3d_widgets.depth.preprocess import enlarge_with_outline
from face3d_widgets.training.cases import read_cases
from tests.rendered import in_a_larger_picture, look

RENDERS = Path(__file__).parent / "data" / "renders"


def head_at(top, left, rows, columns, grid=(64, 64)):
    head = np.full(grid, -4.0, np.float32)
    head[top : top + rows, left : left + columns] = 3.0
    return head


# --- where to look -----------------------------------------------------------------------------


def length(span):
    return span.stop - span.start


def test_the_window_is_a_square_around_the_head():
    rows, columns = head_window(head_at(20, 30, 20, 12), 640, 640)
    assert length(rows) == length(columns) == round(WINDOW * 200)
    assert (rows.start + rows.stop) / 2 == pytest.approx(300, abs=1)
    assert (columns.start + columns.stop) / 2 == pytest.approx(360, abs=1)


def test_a_wide_photo_s_window_is_square_in_the_photo():
    rows, columns = head_window(head_at(4, 10, 16, 10, grid=(32, 64)), 400, 800)
    assert length(rows) == length(columns) == round(WINDOW * 200)


def test_at_a_border_the_window_is_moved_inside():
    rows, columns = head_window(head_at(0, 50, 20, 14), 640, 640)
    assert (rows.start, rows.stop) == (0, round(WINDOW * 200))
    assert (columns.start, columns.stop) == (640 - round(WINDOW * 200), 640)


def test_a_photo_narrower_than_the_window_ends_it():
    rows, columns = head_window(head_at(20, 2, 24, 16, grid=(64, 20)), 640, 200)
    assert length(rows) == round(WINDOW * 240)
    assert (columns.start, columns.stop) == (0, 200)


def test_the_largest_head_is_looked_at():
    head = np.maximum(head_at(5, 5, 12, 10), head_at(30, 40, 18, 14))
    rows, columns = head_window(head, 64, 64)
    assert rows.start <= 30 < 48 <= rows.stop
    assert columns.start > 20


LARGE = int(64 * WORTH / WINDOW) + 1


@pytest.mark.parametrize("rows", [0, 4, LARGE, 62], ids=["none", "a speck", "large", "all"])
def test_nothing_is_gained_without_a_small_head(rows):
    assert head_window(head_at(2, 2, LARGE - 1, 10), 640, 640) is not None
    assert head_window(head_at(2, 2, rows, rows), 640, 640) is None


# --- one answer of two -------------------------------------------------------------------------

WINDOW_AT = (slice(20, 60), slice(30, 70))


def slope(height, width):
    return np.add.outer(np.zeros(height), np.linspace(0, 1, width)).astype(np.float32)


def test_the_same_answer_moved_changes_nothing():
    values, subject = slope(100, 100), np.ones((100, 100), bool)
    closer = values[WINDOW_AT] + np.float32(0.7), subject[WINDOW_AT]
    joined, found = join_looks((values, subject), closer, WINDOW_AT)
    np.testing.assert_allclose(joined, values, atol=1e-6)
    assert found.all()
    assert joined.dtype == np.float32


def test_inside_is_the_closer_answer_outside_the_first_and_no_step_between():
    whole = np.zeros((100, 100), np.float32), np.ones((100, 100), bool)
    bowl = np.abs(slope(40, 40) - 0.5)
    joined, _ = join_looks(whole, (bowl, np.ones((40, 40), bool)), WINDOW_AT)
    np.testing.assert_allclose(joined[30:50, 40:60], (bowl - np.median(bowl))[10:30, 10:30])
    outside = np.ones((100, 100), bool)
    outside[WINDOW_AT] = False
    assert not joined[outside].any()
    assert np.abs(np.diff(joined, axis=1)).max() < 0.12
    assert whole[0].max() == 0, "what was given is left as it is"


def test_up_to_the_photo_s_own_border_the_closer_answer_counts():
    window = (slice(0, 40), slice(60, 100))
    whole = np.zeros((100, 100), np.float32), np.zeros((100, 100), bool)
    closer = np.ones((40, 40), np.float32), np.ones((40, 40), bool)
    joined, subject = join_looks(whole, closer, window)
    assert joined[0, 99] == 1
    assert subject[0, 99]
    assert not subject[39].any()
    assert not subject[:, 60].any()


def test_between_subject_and_background_nothing_is_mixed():
    subject = np.zeros((100, 100), bool)
    subject[30:] = True
    values = np.where(subject, 1, -3).astype(np.float32)
    seen = np.zeros((40, 40), bool)
    seen[20:] = True  # the closer look has the outline ten pixels lower
    joined, found = join_looks(
        (values, subject), (np.where(seen, 1, -3).astype(np.float32), seen), WINDOW_AT
    )
    assert set(np.unique(joined)) == {-3, 1}
    np.testing.assert_array_equal(joined > 0, found)
    assert not found[30:40, 40:60].any()
    assert found[30:40, :30].all()


def test_a_part_cut_off_by_the_window_stays_with_the_subject_it_belongs_to():
    grid = np.full((48, 48), -4.0, np.float32)
    grid[10:40, 20:44] = 4.0
    grid[30:40, 2:8] = 4.0  # a hand, whose arm is outside
    known = np.zeros((192, 192), bool)
    known[40:160, 80:176] = known[120:160, 8:32] = True
    values = np.where(grid > 0, 1, -3).astype(np.float32)
    _, alone = enlarge_with_outline(values, (-3.0, 1.1), 192, 192, grid)
    _, among = enlarge_with_outline(values, (-3.0, 1.1), 192, 192, grid, known)
    assert alone[100, 128]
    assert among[100, 128]
    assert not alone[140, 20]
    assert among[140, 20]
    known[120:160, 8:32] = False  # somebody else's
    _, among = enlarge_with_outline(values, (-3.0, 1.1), 192, 192, grid, known)
    assert not among[140, 20]
    # Where the two have nothing in common, the largest part it is.
    _, found = enlarge_with_outline(values, (-3.0, 1.1), 192, 192, grid, np.zeros_like(known))
    np.testing.assert_array_equal(found, alone)


# --- with the network that ships ---------------------------------------------------------------


@pytest.fixture(scope="module")
def small_head():
    """A rendered head that is a quarter of its picture, and its truth."""
    case = next(c for c in read_cases(RENDERS) if c.photo.name == "public_001")
    return in_a_larger_picture(case, 3)


def test_a_small_head_is_seen_better_and_the_rest_stays(small_head, monkeypatch):
    network = DepthEstimator()
    twice, better = look(network, small_head)
    seconds = network.last_seconds
    network.close()
    monkeypatch.setattr(face_lite_family, "head_window", lambda *_: None)
    once, worse = look(DepthEstimator(), small_head)
    assert better.face_r2 > worse.face_r2 + 0.02
    assert better.normal_mean < worse.normal_mean - 1.5
    np.testing.assert_array_equal(twice.values[:100], once.values[:100])
    assert seconds > 0
