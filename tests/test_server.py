"""Voila's settings, without starting it. tests/browser opens the real page."""

import gzip
import re

import pytest
import tornado.testing
import tornado.web

from face3d_widgets.figures.figure_widget import plotly_script
from face3d_widgets.image import MAX_BYTES
from face3d_widgets.server import app


def test_the_dashboard_notebook_is_found():
    assert app.dashboard_notebook().name == "dashboard.ipynb"
    assert app.dashboard_notebook().is_file()


def test_a_missing_notebook_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(app, "files", lambda _: tmp_path / "face3d_widgets")
    with pytest.raises(FileNotFoundError, match="install face3d_widgets again"):
        app.dashboard_notebook()


def test_settings():
    config = app.settings()
    assert config.Voila.tornado_settings["websocket_max_message_size"] > MAX_BYTES
    assert config.VoilaConfiguration.strip_sources is True
    assert (app._HERE / "share/jupyter/voila/templates" / "face3d" / "conf.json").is_file()
    assert config.VoilaConfiguration.template == "face3d"


@pytest.mark.parametrize("name", ["index.html.j2", "browser-open.html", "error.html"])
def test_no_page_names_another_server(name):
    text = (app._HERE / "share/jupyter/voila/templates/face3d" / name).read_text("utf-8")
    addresses = set(re.findall(r"https?://[^'\"\s]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, not an address


@pytest.mark.parametrize("base_url", ["/", "/user/anna/"])
def test_the_page_is_told_where_the_script_is(base_url):
    given = {"appName": "Voila"}
    config = app.add_plotly_address(given, base_url=base_url, notebook_path="x")
    assert config["appName"] == "Voila"
    assert config["face3dPlotly"].startswith(f"{base_url}voila/face3d/plotly.js?v=")
    assert given == {"appName": "Voila"}


class TestPlotlyScript(tornado.testing.AsyncHTTPTestCase):
    def get_app(self):
        app._compressed_plotly_script.cache_clear()
        return tornado.web.Application([("/plotly.js", app.PlotlyScript)])

    def test_compressed_where_the_browser_can(self):
        answer = self.fetch(
            "/plotly.js", headers={"Accept-Encoding": "gzip"}, decompress_response=False
        )
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
        assert len(answer.body) < 0.4 * len(plotly_script())
        assert gzip.decompress(answer.body) == plotly_script()

    def test_plain_where_it_cannot(self):
        answer = self.fetch("/plotly.js", decompress_response=False)
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert answer.body == plotly_script()
