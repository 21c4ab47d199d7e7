"""Photograph the dashboard: `python -m tests.screenshots [FOLDER]`, by default docs/.

Four pictures are for the eye, wide and narrow, light and dark; the first is the
README's.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.serving import dashboard, launch, open_dashboard

_WIDE, _NARROW = (1400, 900), (390, 844)


def photograph(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, dashboard() as (address, _):
        browser = launch(playwright)
        for name, (width, height) in {"wide": _WIDE, "narrow": _NARROW}.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                open_dashboard(page, address)
                page.wait_for_timeout(1500)
                path = folder / f"dashboard-{name}-{scheme}.png"
                page.screenshot(path=path, full_page=name == "narrow")
                print(path)
                page.close()
        browser.close()


if __name__ == "__main__":
    photograph(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
