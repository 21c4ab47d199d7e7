"""What the dashboard's page shows and what a hand does to it."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.waiting import at_rest, eventually, frames
from tests.serving import READY, wait_until_drawn

FIGURE = "document.querySelector('.f3d-figure')"


def wait_for_status(page, text, state="ready"):
    page.wait_for_function(
        """([text, state]) => {
          const line = document.querySelector('.f3d-status');
          return line.dataset.state === state && line.textContent.includes(text);
        }""",
        arg=[text, state],
    )


def wait_for_kernel(page):
    """Wait until the kernel has done all that the page asked of it before.

    It answers in turn: that the link follows the colours, there and back, it says last.
    """
    colors = page.locator(".f3d-photos select")
    colors.select_option("Viridis")
    page.wait_for_function("location.hash.includes('cm=Viridis')")
    colors.select_option("Greys")
    page.wait_for_function("!location.hash.includes('cm=')")


def too_wide(page):
    """The page's width, and the words that are cut off in it."""
    return page.evaluate(
        """[
          document.documentElement.scrollWidth,
          ...[...document.querySelectorAll('.f3d :is(button, .f3d-segments span)')]
            .filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
            .map((e) => e.textContent),
        ]"""
    )


# --- the picture -------------------------------------------------------------------------------


def glimpse(page):
    """The 3D view this moment as an array; it may still be on its way."""
    wait_until_drawn(page)
    png = page.locator(".f3d-viewer").first.screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def picture(page):
    """The 3D view as an array, once nothing moves in it."""
    return at_rest(lambda: glimpse(page), lambda a, b: difference(a, b) < 0.01)


def difference(a, b):
    """Mean difference of two pictures; one may be a row higher, where the page's edges round."""
    height = min(len(a), len(b))
    assert abs(len(a) - len(b)) <= 1
    return float(np.abs(a[:height] - b[:height]).mean())


def wait_for_change(page, before, least=0.2):
    """The 3D view, once it differs from `before` and nothing moves in it."""
    after = before

    def changed():
        nonlocal after
        after = glimpse(page)
        if difference(after, before) > least:
            after = picture(page)
        return difference(after, before)

    eventually(changed, lambda found: found > least)
    return after


def view_now(page):
    """What the figure shows, in words and in numbers; None where there is no figure."""
    return page.evaluate(
        f"""() => {{
          const figure = {FIGURE};
          const camera = figure?._fullLayout?.scene?._scene?.getCamera();
          if (!camera) return null;
          const mean = (a) => (a?.length ? a.reduce((sum, v) => sum + v, 0) / a.length : 0);
          const shown = figure._fullData.filter((t) => t.visible === true && t.x?.length);
          const color = (t) => t.intensity ?? t.marker?.color ?? t.line?.color;
          return {{
            traces: shown.map((t) => t.type).join(),
            busy: document.querySelector('.f3d-status').dataset.state === 'busy',
            numbers: [
              ...['x', 'y', 'z'].flatMap((axis) => [camera.eye[axis], camera.center[axis]]),
              ...shown.flatMap((t) => [
                t.x.length,
                mean(t.y),
                typeof color(t) === 'object' ? mean(color(t)) : 0,
                t.opacity ?? 1,
                t.lighting?.ambient ?? 0,
              ]),
            ],
          }};
        }}"""
    )


def same_view(a, b):
    if a is None or b is None:
        return False
    if (a["traces"], a["busy"]) != (b["traces"], b["busy"]):
        return False
    return a["numbers"] == pytest.approx(b["numbers"], rel=1e-3, abs=1e-3)


# --- the camera --------------------------------------------------------------------------------


def camera(page):
    """Where the camera last came to rest, as the figure has it."""
    return json.loads(page.evaluate(f"JSON.stringify({FIGURE}._fullLayout.scene.camera)"))


def camera_in_motion(page):
    """Where the camera is this moment."""
    return json.loads(
        page.evaluate(f"JSON.stringify({FIGURE}._fullLayout.scene._scene.getCamera())")
    )


def numbers_of(camera):
    """Where a camera stands and what it looks at, in a row."""
    return [camera[part][axis] for part in ("eye", "center") for axis in "xyz"]


def wait_for_camera(page, eye):
    """Wait until the camera stands at a place, within a thousandth, and the figure knows."""
    wanted = pytest.approx(2 * [eye[axis] for axis in "xyz"], abs=1e-3)
    eventually(
        lambda: [*numbers_of(camera(page))[:3], *numbers_of(camera_in_motion(page))[:3]],
        lambda seen: seen == wanted,
    )


def wait_for_rest(page):
    """The camera, once it rests and the figure knows where.

    After a drag the view moves on with the next frame; the slower the machine, the later.
    """

    def both():
        frames(page)
        return [*numbers_of(camera(page)), *numbers_of(camera_in_motion(page))]

    def rests(seen):
        now = pytest.approx(both(), abs=1e-6)
        return seen == now and seen[:6] == pytest.approx(seen[6:], abs=1e-6)

    eventually(both, rests)
    return camera(page)


def turn(page, out_of_the_view=False):
    """Drag the model a little, and wait until it has turned and come to rest.

    The button may be let go above the view.
    """
    box = page.locator(".f3d-viewer").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    start = pytest.approx(numbers_of(camera_in_motion(page)), abs=0.01)

    def dragged():
        page.mouse.move(x, y)
        frames(page)
        page.mouse.down()
        page.mouse.move(x + 60, box["y"] - 20 if out_of_the_view else y, steps=4)
        page.mouse.up()
        frames(page)
        return numbers_of(camera_in_motion(page))

    # Plotly hears no drag in the half second after it got new data.
    eventually(dragged, lambda now: now != start)
    return wait_for_rest(page)


# --- controls ----------------------------------------------------------------------------------


def output(page, trait):
    """What stands beside a slider."""
    return page.locator(f"[data-trait={trait}] output")


def move_slider(page, trait, keys):
    slider = page.locator(f"[data-trait={trait}] input")
    slider.focus()
    for key in keys:
        slider.press(key)


def choose(page, trait, text):
    page.locator(f"[data-trait={trait}] label", has_text=text).click()


_PICKING = {"Off": "", "Profile": "line"}


def measure(page, mode):
    """Choose what is measured, and wait until the pictures and the model take places for it."""
    page.locator(".f3d-measure .f3d-segments label", has_text=mode).click()
    picking = _PICKING.get(mode, "point")
    expect(page.locator(".f3d-photos")).to_have_attribute("data-picking", picking)
    hover = "skip" if mode == "Off" else "none"
    page.wait_for_function(f"(hover) => {FIGURE}._fullData[1].hoverinfo === hover", arg=hover)


def start_again(page, start):
    """The first sample, the sliders and the view as they were when the page was opened."""
    first = page.locator(".f3d-gallery button").first
    if first.get_attribute("aria-pressed") != "true":
        first.click()
        expect(first).to_have_attribute("aria-pressed", "true")
    page.get_by_text("Reset the sliders").click()
    page.get_by_text("Reset the view").click()
    wait_for_kernel(page)
    eventually(lambda: view_now(page), lambda now: same_view(now, start))


def reload(page):
    """Load a page anew and wait until it can be used.

    The old page gives up its kernel first; what it would still say then cannot be sent, and need
    not be.
    """
    errors = page.watched.errors
    known = len(errors)
    page.reload()
    errors[known:] = [error for error in errors[known:] if error != "Cannot send"]
    page.wait_for_selector(READY)
