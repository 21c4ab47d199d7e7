from tests.browser.conftest import browser, new_page, playwright  # noqa: F401
