"""Voila's settings, without starting it. tests/browser opens the real page."""

import gzip
import json
import logging
import os
import re

import jinja2
import pytest
import tornado.testing
import tornado.web
from voila.configuration import VoilaConfiguration
from voila.paths import collect_template_paths
from voila.utils import get_page_config

from face3d_widgets.figures.figure_widget import plotly_script
from face3d_widgets.image import MAX_BYTES
from face3d_widgets.server import app, handlers, notebooks, settings

TEMPLATES = settings._SHARE / "voila" / "templates"


def test_the_notebooks_are_found():
    assert notebooks.dashboard_notebook().name == "dashboard.ipynb"
    assert notebooks.dashboard_notebook().is_file()
    lessons = [path.name for path in notebooks.lesson_notebooks()]
    assert lessons[0] == notebooks.FIRST_LESSON
    assert len(lessons) == 8


def test_missing_notebooks_are_said(monkeypatch, tmp_path):
    monkeypatch.setattr(notebooks, "files", lambda _: tmp_path / "face3d_widgets")
    with pytest.raises(FileNotFoundError, match="install face3d_widgets again"):
        notebooks.dashboard_notebook()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "dashboard.ipynb").touch()
    with pytest.raises(FileNotFoundError, match="lessons are missing"):
        notebooks.lesson_notebooks()


@pytest.mark.parametrize("make", [settings.settings, settings.lesson_settings])
def test_settings(make):
    config = make()
    assert config.Voila.tornado_settings["websocket_max_message_size"] > MAX_BYTES
    assert config.VoilaConfiguration.strip_sources is True
    assert (TEMPLATES / config.VoilaConfiguration.template / "conf.json").is_file()
    # Another template could be asked for in the address, and Voila's own look outside.
    assert config.VoilaConfiguration.allow_template_override == "NO"
    assert 0 < config.MappingKernelManager.cull_idle_timeout <= 3600
    assert config.VoilaConfiguration.preheat_kernel is False  # our own page is kept ready
    assert config.KernelRestarter.restart_limit == 0


def test_only_the_lessons_load_the_extension_for_plotlys_own_figures():
    name = "jupyterlab-plotly"
    assert name not in settings.settings().VoilaConfiguration.extension_allowlist
    assert name in settings.lesson_settings().VoilaConfiguration.extension_allowlist


def test_templates_are_found_once(monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "/somewhere")
    settings.find_templates()
    settings.find_templates()
    assert os.environ["JUPYTER_PATH"].split(os.pathsep) == [str(settings._SHARE), "/somewhere"]


def test_pages_set_formulas_by_themselves():
    given = {"fullMathjaxUrl": "https://elsewhere", "mathjaxConfig": "x"}
    config = settings.with_own_formulas(given)
    assert config == {"fullMathjaxUrl": None, "mathjaxConfig": None}
    assert settings.add_plotly_address(given, base_url="/")["fullMathjaxUrl"] is None


def addresses_in(text):
    # The first is a name, not an address.
    return set(re.findall(r"https?://[^'\"\s]+", text)) - {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize(
    "name",
    ["face3d/index.html.j2", "face3d/browser-open.html", "face3d-lessons/index.html.j2"],
)
def test_no_page_names_another_server(name):
    assert not addresses_in((TEMPLATES / name).read_text("utf-8"))


@pytest.mark.parametrize("name", ["error.html", "404.html"])
def test_both_templates_have_one_page_for_errors(name, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "")
    settings.find_templates()
    said = {"status_code": 404, "status_message": "Not Found", "base_url": "/here/"}
    pages = set()
    for template in ("face3d", "face3d-lessons"):
        folders = collect_template_paths(["voila", "nbconvert"], template)
        found = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folders),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
        )
        found.install_null_translations()
        pages.add(found.get_template(name).render(said))
    [page] = pages
    assert "404: Not Found" in page
    assert '<a href="/here/">Open the dashboard</a>' in page
    assert not addresses_in(page)


@pytest.mark.parametrize("base_url", ["/", "/user/anna/"])
def test_the_page_is_told_where_things_are(base_url):
    given = {"appVersion": "1", "fullStaticUrl": "https://elsewhere"}
    config = settings.add_plotly_address(given, base_url=base_url, notebook_path="x")
    assert config["appVersion"] == "1"
    assert config["fullStaticUrl"] == f"{base_url}voila/static"
    assert config["face3dPlotly"].startswith(f"{base_url}voila/face3d/plotly.js?v=")
    assert given == {"appVersion": "1", "fullStaticUrl": "https://elsewhere"}


@pytest.mark.parametrize("make", [settings.settings, settings.lesson_settings])
def test_a_page_has_its_extensions_whatever_jupyterlab_has_turned_off(make, monkeypatch, tmp_path):
    labconfig = tmp_path / "labconfig"
    labconfig.mkdir()
    off = {"disabledExtensions": {"anywidget": True}, "fullStaticUrl": "https://elsewhere"}
    (labconfig / "page_config.json").write_text(json.dumps(off))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    config = VoilaConfiguration(config=make())
    told = {
        "base_url": "/",
        "settings": {},
        "log": logging.getLogger(),
        "voila_configuration": config,
    }
    voilas = get_page_config(**told)
    assert voilas["fullStaticUrl"] == "https://elsewhere"  # that is what has to be made good
    ours = config.page_config_hook(voilas, **told)
    assert {one["name"] for one in ours["federated_extensions"]} == set(config.extension_allowlist)
    assert "elsewhere" not in json.dumps(ours)


def test_the_port_after_one_that_is_taken_is_the_next():
    server = app.DashboardServer()
    assert list(server.random_ports(9000, 51)) == list(range(9000, 9051))
    assert list(server.random_ports(65534, 51)) == [65534, 65535]


def test_the_lessons_are_what_opens_where_they_were_asked_for():
    server = app.DashboardServer(port=9000, ip="127.0.0.1")
    assert server.connection_url == "http://127.0.0.1:9000/"
    server.opens = ("The lessons are", "face3d/lessons/")
    assert server.connection_url == "http://127.0.0.1:9000/face3d/lessons/"


class TestPlotlyScript(tornado.testing.AsyncHTTPTestCase):
    def get_app(self):
        handlers.compressed_plotly_script.cache_clear()
        return tornado.web.Application([("/plotly.js", handlers.PlotlyScript)])

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
