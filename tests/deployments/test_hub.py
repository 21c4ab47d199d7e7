"""A real JupyterHub with HTTPS: the dashboard and a lesson stand without a false word."""

import json
import os
import ssl
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.waiting import eventually
from tests.deployments.places import certificate, needed, started, wait_for_port
from tests.serving import FIGURE, READY, free_port

pytestmark = [pytest.mark.browser, pytest.mark.deployment]

_CONFIG = """
c.JupyterHub.bind_url = "https://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.ssl_key, c.JupyterHub.ssl_cert = {key!r}, {certificate!r}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.cmd = [{single!r}]
on = "{{'face3d_widgets.server': True, 'voila.server_extension': True}}"
c.Spawner.args = ["--allow-root", f"--ServerApp.jpserver_extensions={{on}}"]
c.Spawner.environment = {{"PYTHONPATH": {path!r}, "JUPYTER_PATH": {share!r}}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 90
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """Where a hub's pages are."""
    jupyterhub, single, proxy = needed(
        "jupyterhub", "jupyterhub-singleuser", "configurable-http-proxy"
    )
    folder = tmp_path_factory.mktemp("hub")
    key, made = certificate(folder)
    port = free_port()
    config = folder / "jupyterhub_config.py"
    config.write_text(
        _CONFIG.format(
            port=port,
            hub_port=free_port(),
            proxy_port=free_port(),
            key=str(key),
            certificate=str(made),
            homes=str(folder),
            single=single,
            proxy=proxy,
            path=str(Path.cwd()),
            share=str(Path(sys.prefix) / "share" / "jupyter"),
        )
    )
    log = folder / "log"
    command = [jupyterhub, "-f", str(config)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    with started(command, log, cwd=folder, env=environment) as process:
        wait_for_port(port, process, log)
        eventually(lambda: answers(f"https://127.0.0.1:{port}/hub/api/"))
        yield f"https://127.0.0.1:{port}"


def answers(address):
    """Whether the hub is there, behind its proxy."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(address, context=trusting, timeout=10):
            return True
    except OSError:
        return False


def opened(new_page, hub, name, path):
    """A page of somebody who has logged in."""
    page = new_page(ignore_https_errors=True)
    page.watched.expected += ["Failed to load resource", "SSL"]
    page.goto(f"{hub}/hub/user-redirect/{path}")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("x")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/face3d/**", timeout=180_000, wait_until="commit")
    return page


def transport_of(kernel):
    """How a kernel talks with its server: the file in its command line says so."""
    for process in psutil.process_iter(["cmdline"]):
        for part in process.info["cmdline"] or []:
            if kernel in part and part.endswith(".json"):
                return json.loads(Path(part).read_text())["transport"]
    return None


def polled(page, n):
    """Let the page ask for its kernel so often; all is well each time."""
    for _ in range(n):
        with page.expect_response(lambda answer: "/api/kernels/" in answer.url) as asked:
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert asked.value.status == 200
    expect(page.locator("#lost")).to_be_hidden()


def test_the_dashboard_stands_for_a_while_without_a_false_word(new_page, hub):
    page = opened(new_page, hub, "anna", "face3d/")
    page.wait_for_selector(FIGURE)
    page.wait_for_selector(READY)
    polled(page, 40)  # as often as in ten minutes
    relief = page.locator("[data-trait=relief] input")
    relief.fill("1.7")
    expect(page.locator(".f3d-status")).to_have_attribute("data-state", "ready")
    kernel = page.evaluate(
        "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
    )
    assert transport_of(kernel) == "ipc"
    # The page that is left ends its kernel.
    page.goto(f"{hub}/user/anna/face3d/lessons/", wait_until="commit")
    state = f"{hub}/user/anna/api/kernels/{kernel}"
    token = "document.cookie.match('(?:^|; )_xsrf=([^;]*)')?.[1]"

    def gone():
        asked = f"fetch('{state}', {{headers: {{'X-XSRFToken': {token}}}}}).then((a) => a.status)"
        return page.evaluate(asked) == 404

    eventually(gone)
    page.close()
    page.watched.errors.clear()


def test_a_lesson_opens_for_another_student(new_page, hub):
    page = opened(new_page, hub, "bert", "face3d/lessons/02_scale_and_shift.ipynb")
    page.wait_for_selector(".f3d-ask [role=status]", timeout=180_000)
    page.wait_for_function("window.face3dOpen()")
    polled(page, 3)
    page.close()
    page.watched.errors.clear()
