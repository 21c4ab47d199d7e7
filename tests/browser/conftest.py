import io

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.dashboard_page import same_view, start_again, view_now
from tests.browser.waiting import PATIENCE, at_rest, new_context
from tests.serving import dashboard, launch, open_dashboard

expect.set_options(timeout=1000 * PATIENCE)

# Messages about versions inside Voila's own scripts and about Plotly's canvas.
_NOT_OURS = ("Unsatisfied version", "No satisfying version", "Canvas2D", "GPU stall", "WebGL")


# Playwright's own event loop must have ended before other tests start theirs,
# hence the package's scope and not the session's.
@pytest.fixture(scope="package")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright):
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def address():
    with dashboard() as (address, _):
        yield address


class Watched:
    """What a page did that it should not have, but for messages with a text in `expected`."""

    def __init__(self, page):
        self.expected = [*_NOT_OURS]
        self.errors, self.requests = [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._on_console)
        page.on("request", lambda request: self.requests.append(request.url))

    def _on_console(self, message):
        if message.type == "error" and not any(text in message.text for text in self.expected):
            self.errors.append(message.text)


@pytest.fixture
def new_page(browser):
    """Make pages; at the end of the test none may have had an error."""
    contexts, watched = [], []

    def make(width=1400, height=900, **options):
        size = {"width": width, "height": height}
        context = new_context(browser, viewport=size, accept_downloads=True, **options)
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
    context = new_context(browser, viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.watched = Watched(page)
    open_dashboard(page, address)
    page.start = at_rest(
        lambda: view_now(page), lambda a, b: same_view(a, b) and "mesh3d" in a["traces"]
    )
    yield page
    context.close()


@pytest.fixture
def page(one_page):
    """The shared page with the first sample, its sliders and its view as at the start."""
    start_again(one_page, one_page.start)
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
