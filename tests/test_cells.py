"""Masks of cells: connected parts, holes, specks, widths, triangles."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from face3d_widgets.geometry.cells import (
    close_holes,
    drop_specks,
    label,
    largest_part,
    nodes_of,
    opened,
    printable,
    spread_into,
    triangles,
)

steady = settings(deadline=None, derandomize=True, max_examples=80)
masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))


def flood(mask, diagonal):
    """The parts of a mask as a set of frozensets, found one cell at a time."""
    left, parts = set(zip(*np.nonzero(mask), strict=True)), set()
    steps = [(i, j) for i, j in itertools.product((-1, 0, 1), repeat=2) if diagonal or i * j == 0]
    while left:
        part, edge = set(), [left.pop()]
        while edge:
            cell = edge.pop()
            part.add(cell)
            near = {(cell[0] + i, cell[1] + j) for i, j in steps} & left
            left -= near
            edge += near
        parts.add(frozenset(part))
    return parts


@steady
@given(masks, st.booleans())
def test_parts_are_what_can_be_reached(mask, diagonal):
    labels, sizes = label(mask, diagonal)
    found = {frozenset(zip(*np.nonzero(labels == i), strict=True)) for i in range(1, len(sizes))}
    assert found == flood(mask, diagonal)
    np.testing.assert_array_equal(np.bincount(labels.ravel(), minlength=len(sizes)), sizes)
    np.testing.assert_array_equal(labels > 0, mask)


def test_a_snake_is_one_part():
    snake = np.zeros((61, 40), bool)
    snake[::4] = True
    for i in range(0, 60, 8):
        snake[i : i + 4, -1] = True
        snake[i + 4 : i + 8, 0] = True
    assert len(label(snake)[1]) == 2


def test_the_largest_part_and_no_specks():
    cells = np.zeros((20, 20), bool)
    cells[2:12, 2:12] = True  # 100 cells
    cells[14:17, 14:17] = True  # 9
    cells[19, 0] = True
    assert largest_part(cells).sum() == 100
    assert drop_specks(cells, 0.05).sum() == 109
    assert drop_specks(cells, 0.1).sum() == 100
    assert drop_specks(cells, 0).sum() == 110
    assert not largest_part(np.zeros((3, 3), bool)).any()


def test_holes_are_closed_up_to_their_rim():
    cells = np.ones((20, 20), bool)
    cells[5:7, 5:8] = False  # a rim of 10
    cells[12, 12] = cells[13, 13] = False  # two that touch in a corner: one hole, a rim of 8
    cells[0, 3] = cells[9, 19] = False  # at the border, no holes
    for longest, missing in [(7, 10), (8, 8), (9, 8), (10, 2), (1000, 2)]:
        assert (~close_holes(cells, longest)).sum() == missing


def test_a_hole_with_an_island_counts_both_rims():
    cells = np.ones((9, 9), bool)
    cells[2:7, 2:7] = False
    cells[4, 4] = True
    assert not close_holes(cells, 23).all()
    assert close_holes(cells, 24).all()


@pytest.mark.parametrize("value", [False, True])
def test_nothing_and_everything_have_no_holes(value):
    cells = np.full((4, 5), value)
    np.testing.assert_array_equal(close_holes(cells, 100), cells)


def test_nodes_are_the_corners_of_cells():
    cells = np.zeros((2, 3), bool)
    cells[0, 1] = True
    expected = [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(nodes_of(cells), np.array(expected, bool))


def test_a_soap_film_over_a_slope_is_the_slope():
    v, u = np.mgrid[:12, :15].astype(np.float32)
    slope = 0.3 * u - 0.7 * v + 5
    holes = np.zeros(slope.shape, bool)
    holes[3:8, 4:9] = holes[9, 11:13] = True
    torn = np.where(holes, np.nan, slope).astype(np.float32)
    np.testing.assert_allclose(spread_into(torn, holes), slope, atol=1e-4)
    assert np.isnan(torn[holes]).all()


def test_a_soap_film_stays_between_its_rim():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20, 20)).astype(np.float32)
    holes = np.zeros(values.shape, bool)
    holes[4:15, 5:16] = True
    film = spread_into(values, holes)
    np.testing.assert_array_equal(film[~holes], values[~holes])
    rim = values[3:16, 4:17][~holes[3:16, 4:17]]
    assert rim.min() <= film[holes].min() <= film[holes].max() <= rim.max()


def squares_in(cells, side):
    """(h, w) bool: cells of any square of `side` cells that fits, one square at a time."""
    found = np.zeros_like(cells)
    for i in range(cells.shape[0] - side + 1):
        for j in range(cells.shape[1] - side + 1):
            if cells[i : i + side, j : j + side].all():
                found[i : i + side, j : j + side] = True
    return found


@steady
@given(masks, st.integers(1, 5))
def test_opening_keeps_what_a_square_reaches(mask, side):
    np.testing.assert_array_equal(opened(mask, side), squares_in(mask, side))


@steady
@given(masks, st.integers(1, 4))
def test_what_is_printable_is_wide_in_one_piece_and_never_pinches(mask, side):
    cells = printable(mask, side)
    assert not (cells & ~mask).any()
    np.testing.assert_array_equal(squares_in(cells, side), cells)
    assert len(flood(cells, diagonal=False)) == len(flood(cells, diagonal=True)) <= 1
    c = cells.astype(int)
    corner = c[:-1, :-1] + c[1:, 1:] - c[:-1, 1:] - c[1:, :-1]
    assert np.abs(corner).max(initial=0) < 2
    assert cells.any() == squares_in(mask, side).any()


def test_two_triangles_a_cell_turn_counter_clockwise_before_the_camera():
    cells = np.array([[True, False, True]])
    faces = triangles(cells)
    assert faces.dtype == np.int32
    # x right, y down: seen from the camera, counter-clockwise has a negative area.
    corners = np.stack(np.divmod(faces, 4)[::-1], axis=-1).astype(float)
    a, b, c = corners.transpose(1, 0, 2)
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    np.testing.assert_array_equal(area, [-1, -1, -1, -1])
    assert set(faces.ravel().tolist()) == {0, 1, 2, 3, 4, 5, 6, 7}
