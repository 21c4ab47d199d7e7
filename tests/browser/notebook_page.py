"""Ask JupyterLab's page of a notebook to run its cells."""

from urllib.parse import urljoin

from playwright.sync_api import Page

from tests.browser.waiting import eventually


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
