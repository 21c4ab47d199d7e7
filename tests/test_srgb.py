"""sRGB's numbers and the light they stand for."""

import numpy as np
import pytest

from face3d_widgets.srgb import encode, light_of_bytes


def test_encoding_undoes_decoding():
    np.testing.assert_allclose(255 * encode(light_of_bytes()), np.arange(256), atol=1e-3)


def test_the_ends_and_the_middle_grey_are_those_of_the_standard():
    light = light_of_bytes()
    assert (light[0], light[255]) == (0, 1)
    assert (np.diff(light) > 0).all()
    # A card that sends back 18 percent of the light is 118 in sRGB, near the middle.
    assert light[118] == pytest.approx(0.18, abs=0.002)
    assert 255 * encode(np.array(0.18)) == pytest.approx(118, abs=0.5)
