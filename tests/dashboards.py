"""Fixtures for tests of the whole dashboard; a module asks for them by `pytest_plugins`."""

import pytest

from face3d_widgets.depth import weights
from face3d_widgets.session import ReconstructionSession
from face3d_widgets.widgets import Dashboard
from face3d_widgets.widgets.jobs import Jobs


@pytest.fixture
def no_weights(tmp_path, monkeypatch):
    """No weights but the package's, and rendered heads from a folder of the test's own."""
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("FACE3D_WEIGHTS", raising=False)
    monkeypatch.setenv("FACE3D_HEADS", str(tmp_path / "heads"))


@pytest.fixture
def dashboard(no_weights, estimator):
    """A dashboard without a thread of its own: what is asked of it is done at once."""
    dashboard = Dashboard(ReconstructionSession(estimator), Jobs(threaded=False))
    yield dashboard
    dashboard.close()
