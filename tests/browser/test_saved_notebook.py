"""Notebooks that were saved, opened where no kernel of theirs runs; facts in a notebook's page."""

from contextlib import ExitStack

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from playwright.sync_api import expect

from tests.browser.notebook_page import jupyterlab, run_all_cells
from tests.serving import FIGURE
from tests.test_saved_notebooks import CELLS, run_cells

pytestmark = pytest.mark.browser

SAMPLE = (
    "from face3d_widgets.samples import load_sample\n"
    "face3d_widgets.view(load_sample('astronaut'), controls=False)"
)
PLAIN = "ipywidgets.FloatText(3.5)"
PAGE = "face3d_widgets.Dashboard()"


@pytest.fixture
def lab(tmp_path, new_page):
    """lab(notebook): a page of JupyterLab with a notebook that it trusts."""
    servers = ExitStack()

    def open_notebook(notebook):
        nbformat.write(notebook, tmp_path / "saved.ipynb")
        own = {"db_file": str(tmp_path / "signatures.db"), "secret_file": str(tmp_path / "secret")}
        NotebookNotary(**own).sign(nbformat.read(tmp_path / "saved.ipynb", as_version=4))
        options = {f"NotebookNotary.{name}": value for name, value in own.items()}
        address = servers.enter_context(jupyterlab(tmp_path, **options))
        page = new_page(height=3000)
        page.goto(f"{address}/doc/tree/saved.ipynb")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=120_000)
        return page

    with servers:
        yield open_notebook


def test_a_saved_notebook_shows_faces_without_its_kernel(lab, tmp_path):
    page = lab(run_cells(tmp_path, [*CELLS, SAMPLE, PLAIN]))
    stills = page.locator(".f3d-still img")
    expect(stills).to_have_count(2, timeout=120_000)  # asked for, and a sample
    for i in range(2):
        assert stills.nth(i).evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 300
    unkept = page.locator(".f3d-unkept")
    expect(unkept).to_have_count(1)
    assert "Run this cell to see the face" in unkept.get_attribute("aria-label")
    # Other widgets of the notebook are there, and what does nothing is not.
    expect(page.locator(".widget-readout")).to_have_text("7")
    expect(page.locator("input[type=number]").last).to_have_value("3.5")
    expect(page.get_by_role("slider", name="Relief")).to_have_count(0)
    expect(page.locator("[data-loading^=Loading]")).to_have_count(0)
    page.close()
    page.watched.errors.clear()  # JupyterLab's own


def test_facts_lie_beside_each_other_in_a_notebook(lab):
    cells = [nbformat.v4.new_code_cell(f"import face3d_widgets\n{PAGE}")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    page = lab(notebook)
    run_all_cells(page)
    page.wait_for_selector(FIGURE, timeout=240_000)
    boxes = page.locator(".f3d-facts > div").evaluate_all(
        """(facts) => facts.map((fact) => {
          const { left, right, top, bottom } = fact.getBoundingClientRect();
          const inside = [...fact.children].map((one) => one.getBoundingClientRect());
          return { left, right, top, bottom,
            low: Math.max(...inside.map((i) => i.bottom)),
            wide: Math.max(...inside.map((i) => i.right)),
            apart: inside[1].top >= inside[0].bottom - 1 };
        })"""
    )
    assert len(boxes) > 3
    for box in boxes:
        assert box["apart"]  # a fact stands under its name
        assert box["low"] <= box["bottom"] + 1
        assert box["wide"] <= box["right"] + 1
    for one in boxes:
        for other in boxes:
            aside = one["right"] <= other["left"] + 1 or other["right"] <= one["left"] + 1
            above = one["bottom"] <= other["top"] + 1 or other["bottom"] <= one["top"] + 1
            assert one is other or aside or above
    page.close()
    page.watched.errors.clear()  # JupyterLab's own
