import io

import pytest
from playwright.sync_api import sync_playwright

from tests.serving import dashboard, launch, open_dashboard, wait_until_drawn

# Messages about versions inside Voila's own scripts and about Plotly's canvas.
_NOT_OURS = ("Unsatisfied version", "No satisfying version", "Canvas2D", "GPU stall", "WebGL")


# Playwright's own event loop must have ended before other tests start theirs,
# hence the package's scope and not the session's.
@pytest.fixture(scope="package")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def address():
    with dashboard("--port", "18866") as (address, _):
        yield address


class Watched:
    """What a page did that it should not have."""

    def __init__(self, page):
        self.errors, self.requests = [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._on_console)
        page.on("request", lambda request: self.requests.append(request.url))

    def _on_console(self, message):
        if message.type == "error" and not any(text in message.text for text in _NOT_OURS):
            self.errors.append(message.text)


@pytest.fixture
def new_page(browser):
    """Make pages; at the end of the test none may have had an error."""
    contexts, watched = [], []

    def make(width=1400, height=900, **options):
        context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.watched = Watched(page)
        watched.append(page.watched)
        return page

    yield make
    for context in contexts:
        context.close()
    assert [error for w in watched for error in w.errors] == []


@pytest.fixture(scope="module")
def one_page(browser, address):
    """The page that most tests share: it has to go on whatever was done to it."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.watched = Watched(page)
    open_dashboard(page, address)
    yield page
    context.close()


@pytest.fixture
def page(one_page):
    """The shared page with the first sample, its sliders and its view as at the start."""
    if one_page.locator(".f3d-gallery button").first.get_attribute("aria-pressed") != "true":
        one_page.locator(".f3d-gallery button").first.click()
        one_page.wait_for_function(
            "document.querySelector('.f3d-status').dataset.state === 'ready' &&"
            " document.querySelector('.f3d-status').textContent.includes('astronaut')"
        )
    one_page.get_by_text("Reset the sliders").click()
    one_page.get_by_text("Reset the view").click()
    one_page.locator(".f3d-photos select").select_option("Greys")
    one_page.wait_for_timeout(500)
    wait_until_drawn(one_page)
    yield one_page
    assert one_page.watched.errors == []


@pytest.fixture(scope="session")
def photo_file(tmp_path_factory):
    """A 12-megapixel JPEG of another face than the first sample."""
    from PIL import Image

    from face3d_widgets.samples import sample_bytes

    path = tmp_path_factory.mktemp("photos") / "class photo.jpg"
    face = Image.open(io.BytesIO(sample_bytes("rendered_elder"))).resize((4000, 3000))
    face.save(path, quality=92)
    return path
