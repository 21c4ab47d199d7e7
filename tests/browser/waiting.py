"""Waiting for what a page comes to, and never for a time: machines are as slow as they are."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

PATIENCE = 120  # seconds; what is well is there long before


def eventually(
    look: Callable[[], Any], holds: Callable[[Any], Any] = bool, seconds: float = PATIENCE
) -> Any:
    """What `look()` gives, once `holds` of it."""
    until = time.monotonic() + seconds
    while not holds(seen := look()):
        assert time.monotonic() < until, f"after {seconds} s there is still {seen!r}"
        time.sleep(0.1)
    return seen


def at_rest(look: Callable[[], Any], same: Callable[[Any, Any], Any] | None = None) -> Any:
    """What `look()` gives, once it gives the same again a moment later."""
    seen = [look()]

    def again() -> bool:
        time.sleep(0.2)
        seen.append(look())
        return same(*seen[-2:]) if same else seen[-1] == seen[-2]

    eventually(again)
    return seen[-1]


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A context whose pages are waited for with patience."""
    context = browser.new_context(**options)
    context.set_default_timeout(1000 * PATIENCE)
    return context


def frames(page: Page, n: int = 4) -> None:
    """Wait until the page has drawn so many frames."""
    page.evaluate(
        """async (n) => {
          while (n--) await new Promise(requestAnimationFrame);
          await new Promise((done) => setTimeout(done));
        }""",
        n,
    )


def hear(page: Page, selector: str) -> Callable[[str], None]:
    """Keep every text that an element has from now on, also one that goes at once.

    The function that it gives waits until a text was among them.
    """
    page.evaluate(
        """(selector) => {
          const element = document.querySelector(selector);
          const texts = [];
          (window.heard ??= {})[selector] = texts;
          const keep = () => texts.push(element.textContent);
          const all = { childList: true, characterData: true, subtree: true };
          new MutationObserver(keep).observe(element, all);
        }""",
        selector,
    )

    def wait(text: str) -> None:
        eventually(
            lambda: page.evaluate("(selector) => window.heard[selector]", selector),
            lambda texts: any(text in one for one in texts),
        )

    return wait
