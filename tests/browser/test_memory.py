"""The dashboard within Binder's memory: the server, a photo and twenty moves of a slider."""

import subprocess
import sys

import pytest

from tests.binder_server import MemoryWatch, binder_server
from tests.serving import dashboard, open_dashboard, wait_until_drawn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Bytes of resident memory, the server and all its kernels together. The dashboard's own
# server keeps a second session ready; on Binder there is none. Measured: 816 to 824 MB there,
# after 771 MB: 12 MB more in the server (it weighs the memory for its pages, and bounds what
# comes), 7 MB in each session, and the rest while a photo's colours are read.
MOST = {binder_server: 700e6, dashboard: 860e6}


def use(page, photo_file):
    """A photo, then the relief slider moved twenty times, each until its model is drawn."""
    page.set_input_files(".f3d-upload input[type=file]", photo_file)
    page.wait_for_function(
        """(name) => {
          const line = document.querySelector('.f3d-status');
          return line.dataset.state === 'ready' && line.textContent.startsWith(name + ',');
        }""",
        arg=photo_file.stem.replace(" ", "-"),
        timeout=240_000,
    )
    wait_until_drawn(page)
    return page.evaluate(
        """async () => {
          const figure = document.querySelector('.f3d-figure');
          const input = document.querySelector('[data-trait=relief] input');
          const pause = (ms) => new Promise((done) => setTimeout(done, ms));
          const shape = () => figure._fullData.find((trace) => trace.visible === true &&
            ['mesh3d', 'scatter3d'].includes(trace.type) && trace.y.length > 1000).y;
          let moves = 0;
          for (let i = 0; i < 20; i++) {
            const old = shape();
            input.value = 0.5 + 0.07 * i;
            input.dispatchEvent(new Event('input'));
            for (let k = 0; k < 6000 && shape() === old; k++) await pause(10);
            moves += shape() !== old;
          }
          return moves;
        }"""
    )


@pytest.fixture(scope="module")
def converted():
    """The packaged network converted, as it is when an image was built or a first page opened."""
    code = "from face3d_widgets.depth import DepthEstimator; DepthEstimator().warm_up()"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("start", [binder_server, dashboard], ids=["binder", "face3d dashboard"])
def test_a_photo_and_twenty_slider_moves_fit(new_page, photo_file, converted, start):
    with start() as (address, server), MemoryWatch(server.pid) as memory:
        page = new_page()
        open_dashboard(page, address)
        assert use(page, photo_file) == 20
        outside = [
            u for u in page.watched.requests if u.startswith("http") and "127.0.0.1" not in u
        ]
        page.close()
    assert outside == []
    assert memory.peak < MOST[start]
