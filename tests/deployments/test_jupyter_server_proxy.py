"""Behind jupyter-server-proxy in a JupyterLab: the page works, and nobody is logged out."""

import pytest

from tests.deployments.places import needed, started, wait_for_port
from tests.serving import dashboard, free_port, open_dashboard

pytestmark = [pytest.mark.browser, pytest.mark.deployment]


@pytest.mark.parametrize("way", ["proxy", "proxy/absolute"])
def test_the_dashboard_in_jupyterlab(new_page, tmp_path, way):
    [jupyter] = needed("jupyter-server-proxy-python")
    port, behind = free_port(), free_port()
    log = tmp_path / "log"
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ip=127.0.0.1",
        f"--ServerApp.root_dir={tmp_path}",
        "--IdentityProvider.token=secret",
        "--ServerApp.jpserver_extensions={'jupyter_server_proxy': True}",
    ]
    with (
        dashboard("--port", str(behind), "--base-url", f"/{way}/{behind}/"),
        started([jupyter, "-m", "jupyter_server", *options], log) as process,
    ):
        wait_for_port(port, process, log)
        page = new_page()
        root = f"http://127.0.0.1:{port}"
        page.goto(f"{root}/api/me?token=secret")
        mine = {cookie["name"]: cookie["value"] for cookie in page.context.cookies(root)}
        open_dashboard(page, f"{root}/{way}/{behind}/")
        now = {cookie["name"]: cookie["value"] for cookie in page.context.cookies(root)}
        assert now.items() >= mine.items()
        assert page.request.get(f"{root}/api/contents").status == 200  # still logged in
        page.close()
        page.watched.errors.clear()
