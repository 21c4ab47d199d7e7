"""A real nginx in front, with the file of docs/serving.md: under a path, with HTTPS."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.deployments.places import certificate, needed, started, wait_for_port
from tests.serving import dashboard, free_port, open_dashboard

pytestmark = [pytest.mark.browser, pytest.mark.deployment]

DOCS = Path(__file__).parents[2] / "docs" / "serving.md"


def documented(folder, port, behind):
    """The file that the documentation shows, for a user without rights on this machine."""
    [text] = re.findall(r"```nginx\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    key, made = certificate(folder)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    text = text.replace("127.0.0.1:8866", f"127.0.0.1:{behind}")
    text = text.replace("class.example", "localhost")
    text = re.sub(r"ssl_certificate +\S+;", f"ssl_certificate {made};", text)
    text = re.sub(r"ssl_certificate_key +\S+;", f"ssl_certificate_key {key};", text)
    kept = "\n".join(
        f"{name} {folder}/{name};"
        for name in (
            "client_body_temp_path",
            "proxy_temp_path",
            "fastcgi_temp_path",
            "uwsgi_temp_path",
            "scgi_temp_path",
        )
    )
    whole = f"""
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
{kept}
access_log off;
{text}
}}
"""
    path = folder / "nginx.conf"
    path.write_text(whole)
    return path


@pytest.mark.parametrize("names", [(), ("--host-name", "localhost")])
def test_the_dashboard_behind_nginx(new_page, tmp_path, names):
    [nginx] = needed("nginx")
    port, behind = free_port(), free_port()
    config = documented(tmp_path, port, behind)
    subprocess.run([nginx, "-t", "-c", str(config)], check=True, capture_output=True)
    if names:  # nginx's own Host does as well, where the name was given
        config.write_text(re.sub(r"proxy_set_header +Host .*", "", config.read_text()))
    log = tmp_path / "log"
    with (
        dashboard("--port", str(behind), "--base-url", "/faces/", *names),
        started([nginx, "-c", str(config)], log) as process,
    ):
        wait_for_port(port, process, log)
        page = new_page(ignore_https_errors=True)
        open_dashboard(page, f"https://localhost:{port}/faces/")
        expect(page.locator("#lost")).to_be_hidden()
        page.goto(f"https://localhost:{port}/faces/face3d/lessons/02_scale_and_shift.ipynb")
        page.wait_for_selector(".f3d-ask [role=status]")
        page.close()
        page.watched.errors.clear()
