"""The widgets in a live notebook, where no server of ours helps them."""

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import jupyterlab, run_all_cells
from tests.serving import FIGURE

pytestmark = pytest.mark.browser

CELL = """
import face3d_widgets
from face3d_widgets.samples import load_sample
face3d_widgets.view(load_sample("rendered_adult"))
"""


@pytest.fixture
def notebook(tmp_path):
    """The address of a JupyterLab that shows a notebook with one cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "one.ipynb")
    with jupyterlab(tmp_path) as address:
        yield f"{address}/lab/tree/one.ipynb"


def test_view_draws_what_was_there_before_the_page_knew(new_page, notebook):
    page = new_page()
    page.goto(notebook)
    run_all_cells(page)
    page.wait_for_selector(FIGURE, timeout=240_000)
    corners = "document.querySelector('.f3d-figure')._fullData[1].x?.length"
    page.wait_for_function(f"{corners} > 10000")
    expect(page.get_by_role("slider", name="Relief")).to_have_count(1)
    page.close()
    page.watched.errors.clear()  # JupyterLab's own
