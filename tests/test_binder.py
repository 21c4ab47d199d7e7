"""The files that Binder reads, against repo2docker's rules, without building an image.

The rules: https://repo2docker.readthedocs.io/en/latest/configuration/
"""

import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import tornado.web
import yaml
from jupyter_server.config_manager import BaseJSONConfigManager
from jupyter_server.extension.manager import ExtensionPackage
from traitlets.config import Config

from face3d_widgets.depth import DEFAULT_MODEL, DepthEstimator
from face3d_widgets.samples import load_sample
from face3d_widgets.server import _jupyter_server_extension_points, handlers
from face3d_widgets.server.extension import load
from tests.test_packaging import ROOT

BINDER = ROOT / "binder"
# All that repo2docker looks for; another name would be left unread.
KNOWN = {
    *("environment.yml", "requirements.txt", "Pipfile", "Pipfile.lock", "setup.py"),
    *("Project.toml", "REQUIRE", "install.R", "apt.txt", "DESCRIPTION", "postBuild", "start"),
    *("runtime.txt", "default.nix", "Dockerfile"),
}
# A machine that only runs the program needs none of these (conda-forge's names).
BUILD_TOOLS = re.compile(
    r"compilers?$|c-compiler|cxx-compiler|fortran-compiler|gcc|gxx|clang|make$|cmake|ninja|"
    r"binutils|cuda|nodejs|rust|git$|.*-devel$"
)


def post_build():
    return (BINDER / "postBuild").read_text(encoding="utf-8")


def conda_names():
    entries = yaml.safe_load((BINDER / "environment.yml").read_text("utf-8"))["dependencies"]
    assert all(isinstance(entry, str) for entry in entries), "pip's packages are not tested here"
    return [re.match(r"[\w-]+", entry)[0] for entry in entries]


def test_binder_reads_every_file_of_its_folder():
    files = {path.name for path in BINDER.iterdir()}
    assert {name for name in files - KNOWN if f"binder/{name}" not in post_build()} == set()
    assert {"environment.yml", "postBuild"} <= files
    # A Dockerfile would switch all the others off.
    assert "Dockerfile" not in files


def test_no_second_folder_is_preferred_to_it():
    assert not (ROOT / ".binder").exists()


def test_the_script_runs_in_linux():
    raw = (BINDER / "postBuild").read_bytes()
    assert raw.startswith(b"#!/bin/bash\n")
    assert b"\r" not in raw
    assert os.access(BINDER / "postBuild", os.X_OK)
    subprocess.run(["bash", "-n", str(BINDER / "postBuild")], check=True)
    assert re.search(r"^set -e", post_build(), re.MULTILINE), "a failed step must fail the build"


def test_the_script_names_only_what_is_there():
    paths = re.findall(r"\b(?:face3d_widgets|binder)/\S+", post_build())
    assert len(paths) == 1
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_the_image_has_no_tools_to_build_with():
    assert not [name for name in conda_names() if BUILD_TOOLS.match(name)]
    assert not (BINDER / "apt.txt").exists()


def test_the_image_has_pytorch_for_the_cpu_alone():
    assert "pytorch-cpu" in conda_names()
    assert not {"pytorch", "pytorch-gpu", "torch"} & set(conda_names())


def test_nothing_is_fetched_when_a_session_starts():
    # `start` is the only file that runs then.
    assert not (BINDER / "start").exists()
    assert "--no-deps" in post_build()
    assert "face3d fetch" not in post_build()


def test_the_network_of_the_first_page_is_in_the_package(monkeypatch):
    monkeypatch.setenv("FACE3D_OFFLINE", "1")
    estimator = DepthEstimator()
    estimator.set_photo(load_sample("astronaut"))
    assert estimator.predict(DEFAULT_MODEL).values.shape == load_sample("astronaut").rgb.shape[:2]


def test_the_build_turns_our_pages_on(tmp_path):
    # The step of postBuild, with this folder for Python's prefix.
    step = post_build().split("settings=")[1].split("\n\n")[0]
    step = "settings=" + step.replace("sys.prefix", f"'{tmp_path}'".replace("'", '"'))
    subprocess.run(["bash", "-ec", step], cwd=ROOT, check=True)
    (folder,) = tmp_path.glob("etc/jupyter/jupyter_server_config.d")
    wanted = BaseJSONConfigManager(config_dir=str(folder.parent)).get("jupyter_server_config")
    (point,) = _jupyter_server_extension_points()
    assert wanted["ServerApp"] == {"jpserver_extensions": {point["module"]: True}}
    assert wanted["KernelRestarter"] == {"restart_limit": 0}  # a page could not tell


def test_jupyter_finds_the_extension():
    package = ExtensionPackage(name="face3d_widgets.server", enabled=True)
    assert package.validate()


class FakeServer:
    """What the extension touches of a Jupyter server."""

    def __init__(self, base_url, idle=0):
        self.web_app = tornado.web.Application(base_url=base_url)
        self.kernel_manager = SimpleNamespace(
            cull_idle_timeout=idle, cull_interval=300, config=Config(), connection_dir=""
        )

    def handler_of(self, path):
        request = SimpleNamespace(
            path=path, host="x", host_name="x", headers={}, connection=None, method="GET"
        )
        found = self.web_app.find_handler(request)
        return found.handler_class


@pytest.mark.parametrize("base_url", ["/", "/user/anna/"])
def test_the_addresses_of_the_badges_are_there(base_url):
    server = FakeServer(base_url)
    load(server)
    pages = ["dashboard.ipynb", "lessons/00_index.ipynb", "lessons/07_a_figure_and_a_print.ipynb"]
    for page in pages:
        assert issubclass(server.handler_of(f"{base_url}face3d/{page}"), handlers.Page)
    for start in ("face3d", "face3d/", "face3d/lessons", "face3d/lessons/"):
        assert server.handler_of(base_url + start) is tornado.web.RedirectHandler
    script = server.handler_of(f"{base_url}voila/face3d/plotly.js")
    assert script is handlers.PlotlyScript
    for other in ("face3d/../secret.ipynb", "face3d/lessons/../dashboard.ipynb", "face3d/x.ipynb"):
        assert not issubclass(server.handler_of(base_url + other), handlers.Page)


def test_idle_kernels_are_ended_unless_the_server_says_when():
    server, told = FakeServer("/"), FakeServer("/", idle=99)
    load(server)
    load(told)
    assert 0 < server.kernel_manager.cull_idle_timeout <= 3600
    assert (told.kernel_manager.cull_idle_timeout, told.kernel_manager.cull_interval) == (99, 300)


def test_kernels_use_private_sockets_unless_the_server_says_otherwise():
    server = FakeServer("/")
    load(server)
    told = FakeServer("/")
    told.kernel_manager.config.KernelManager.transport = "tcp"
    load(told)
    if os.name != "nt":
        assert server.kernel_manager.config.ConnectionFileMixin.transport == "ipc"
    assert "transport" not in told.kernel_manager.config.ConnectionFileMixin


def test_the_server_compresses_and_takes_large_messages():
    server = FakeServer("/")
    load(server)
    load(server)
    assert server.web_app.transforms.count(tornado.web.GZipContentEncoding) == 1
    assert server.web_app.settings["websocket_max_message_size"] >= 30e6
    assert Path(handlers.notebooks_folder() / "dashboard.ipynb").is_file()
