"""A head that is made, not photographed, and an estimator that needs no network."""

import numpy as np
import pytest

from face3d_widgets.depth import speeds
from face3d_widgets.depth.shared import forget_networks
from face3d_widgets.samples import load_sample
from face3d_widgets.types import InverseDepth, Photo

BACKGROUND = -3.5  # what face_lite says of everything that is not a person


def head_relief(height: int, width: int) -> np.ndarray:
    """(h, w) float32: a round head over a bust, far from everything else."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = (x + 0.5 - width / 2) / height, (y + 0.5 - height / 2) / height
    head = (u / 0.2) ** 2 + ((v + 0.08) / 0.26) ** 2
    bust = (u / 0.36) ** 2 + ((v - 0.5) / 0.3) ** 2
    relief = np.where(head < 1, 0.8 - head, np.where(bust < 1, -0.4 - 0.3 * bust, BACKGROUND))
    return relief.astype(np.float32)


def drawn_portrait(height: int, width: int) -> np.ndarray:
    """(h, w, 3) uint8: the same head with skin, hair, eyes and mouth, before blue-grey."""
    relief = head_relief(height, width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = (x + 0.5 - width / 2) / height, (y + 0.5 - height / 2) / height
    head = relief > -0.2
    rgb = np.full((height, width, 3), (95, 120, 140), np.float32)
    rgb[(relief > -1.75) & ~head] = (60, 60, 110)
    rgb[head] = np.float32([225, 175, 150]) * (0.75 + 0.25 * relief[head, None])
    for side in (-0.075, 0.075):
        rgb[((u - side) / 0.03) ** 2 + ((v + 0.1) / 0.014) ** 2 < 1] = (50, 40, 40)
    rgb[(u / 0.07) ** 2 + ((v - 0.06) / 0.012) ** 2 < 1] = (150, 60, 60)
    rgb[head & (v < 1.2 * u * u - 0.24)] = (50, 35, 25)
    return rgb.astype(np.uint8)


class FakeEstimator:
    """A head in the middle of whatever photo; `error` is raised where it is set."""

    def __init__(self):
        self.photo = None
        self.runs = 0
        self.error = None

    def set_photo(self, photo):
        self.photo = photo

    def predict(self, model):
        if self.error is not None:
            raise self.error
        self.runs += 1
        relief = head_relief(self.photo.height, self.photo.width)
        return InverseDepth(relief, relief > -1.75, model, relief_unit=0.1)


@pytest.fixture(autouse=True)
def own_networks():
    """No test gets the network, or what stands in for one, of a test before it."""
    forget_networks()


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Tests see nothing of this user's weights and speeds, and leave nothing there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("FACE3D_WEIGHTS", raising=False)
        yield


@pytest.fixture(autouse=True)
def no_speeds(own_cache):
    """No test knows how fast another one's network was."""
    speeds._file().unlink(missing_ok=True)


@pytest.fixture(scope="session")
def photo():
    return Photo(drawn_portrait(120, 96), name="anna", focal_length_35mm=50)


@pytest.fixture(scope="session")
def inverse_depth():
    relief = head_relief(120, 96)
    return InverseDepth(relief, relief > -1.75, "face_lite", relief_unit=0.1)


@pytest.fixture
def estimator():
    return FakeEstimator()


@pytest.fixture(scope="session")
def astronaut():
    return load_sample("astronaut")


def pytest_collection_modifyitems(items):
    """The quick tests first, the browser's last."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
