"""The head's width and the relief's scale, whatever else was taken for the person."""

import dataclasses

import numpy as np
import pytest

from face3d_widgets.geometry import nearness, subject_stats
from face3d_widgets.geometry.outline import head_width
from face3d_widgets.types import InverseDepth

H, W = 400, 360
ROWS, COLUMNS = np.mgrid[:H, :W]
# A head 150 wide and 200 high under 60 rows of background, on shoulders.
HEAD = ((COLUMNS - 180) / 75) ** 2 + ((ROWS - 160) / 100) ** 2 <= 1
NECK = (abs(COLUMNS - 180) < 40) & (ROWS > 200)
SHOULDERS = (ROWS > 280) & (abs(COLUMNS - 180) < 60 + 0.9 * (ROWS - 280))
PERSON = HEAD | NECK | SHOULDERS


def values_of(subject):
    relief = 1 - 0.6 * ((COLUMNS - 180) / 180.0) ** 2 - 0.4 * (ROWS > 280)
    return np.where(subject, relief, -3).astype(np.float32)


def square(row, column, side):
    half = side / 2
    return (abs(ROWS - row) <= half) & (abs(COLUMNS - column) <= half)


SCRAPS = {
    "above": square(15, 180, 24),
    "above, in a corner": square(12, 12, 24),
    "a line above": (ROWS < 3) & (COLUMNS < 200),
    "touching the crown": square(52, 190, 30),
    "an aerial on the crown": (abs(COLUMNS - 180) < 5) & (ROWS < 70),
    "touching the ear": square(150, 268, 36),
    "beside": square(150, 310, 60),
    "a bar beside": (ROWS > 40) & (ROWS < 200) & (COLUMNS > 300) & (COLUMNS < 340),
    "many specks": (ROWS % 20 < 2) & (COLUMNS % 20 < 2),
}


@pytest.mark.parametrize("scrap", SCRAPS)
def test_no_scrap_decides_the_width_of_the_head(scrap):
    alone = head_width(PERSON)
    assert alone == pytest.approx(150 / H, rel=0.03)
    assert head_width(PERSON | SCRAPS[scrap]) == pytest.approx(alone, rel=0.12)


@pytest.mark.parametrize("scrap", SCRAPS)
@pytest.mark.parametrize("depth", [-3.0, 0.5, 4.0])
@pytest.mark.parametrize("unit", [0.1, None])
def test_no_scrap_flattens_the_face(scrap, depth, unit):
    right = InverseDepth(values_of(PERSON), PERSON, "", unit)
    wanted = subject_stats(right, nearness(right))
    more = PERSON | SCRAPS[scrap]
    values = np.where(SCRAPS[scrap] & ~PERSON, np.float32(depth), values_of(PERSON))
    with_scrap = dataclasses.replace(right, values=values, subject=more)
    found = subject_stats(with_scrap, nearness(with_scrap))
    assert found.natural_gain == pytest.approx(wanted.natural_gain, rel=0.15)
    assert found.middle == pytest.approx(wanted.middle, abs=0.05)
    if scrap in ("beside", "a bar beside"):
        near, wanted_near = nearness(with_scrap)[HEAD], nearness(right)[HEAD]
        np.testing.assert_allclose(near, wanted_near, atol=0.02)
    np.testing.assert_allclose(found.bounds, wanted.bounds, atol=0.1)


@pytest.mark.parametrize("size", [(100, 90), (1200, 1080)])
def test_the_width_does_not_depend_on_the_number_of_pixels(size):
    rows = (np.arange(size[0]) + 0.5) * H / size[0]
    columns = (np.arange(size[1]) + 0.5) * W / size[1]
    scaled = PERSON[np.ix_(rows.astype(int), columns.astype(int))]
    assert head_width(scaled) == pytest.approx(head_width(PERSON), rel=0.06)


def test_a_head_apart_from_a_large_body_is_still_the_head():
    body = ROWS > 225
    head = ((COLUMNS - 180) / 45) ** 2 + ((ROWS - 160) / 60) ** 2 <= 1
    assert head_width(head | body) == pytest.approx(90 / H, rel=0.06)


def test_nothing_and_everything_have_a_width():
    assert head_width(np.zeros((30, 20), bool)) == 0.4
    assert head_width(np.ones((30, 20), bool)) == pytest.approx(20 / 30, rel=0.05)
    lone = np.zeros((30, 20), bool)
    lone[10, 10] = True
    assert head_width(lone) == 0.08
