"""A JupyterLab, and its page of a notebook."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Page

from tests.browser.waiting import eventually
from tests.serving import free_port, serving


@contextmanager
def jupyterlab(folder: Path, **more: str) -> Iterator[str]:
    """The address of a JupyterLab that shows a folder, with `more` options; it asks no token."""
    options = {
        "IdentityProvider.token": "''",
        "ServerApp.allow_root": "True",
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": str(free_port()),
        "ServerApp.root_dir": str(folder),
        **more,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser"]
    with serving([*command, *(f"--{k}={v}" for k, v in options.items())]) as (address, _):
        yield address.partition("/lab")[0].rstrip("/")


def run_all_cells(page: Page) -> None:
    """Run all cells of the notebook that a page shows, once it has a kernel that can.

    The page says "idle" of a notebook without a kernel as well; asked to run it then, it runs
    nothing, or asks which kernel to take.
    """

    def connected() -> list[str]:
        """The states of the kernels that a page has; while one starts, there may be an error."""
        answer = page.request.get(urljoin(page.url, "/api/kernels"))
        kernels = answer.json() if answer.ok else []
        return [kernel["execution_state"] for kernel in kernels if kernel["connections"]]

    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    eventually(connected, lambda states: states == ["idle"])
    page.wait_for_function(
        "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
    )
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
