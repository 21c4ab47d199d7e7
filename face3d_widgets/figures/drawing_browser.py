"""A browser without a window that turns figures into pictures: started once and kept.

Kaleido drives it. Starting it takes seconds, so it stays for the next figure, and goes
when nobody has wanted one for some minutes, since it takes more memory than all the rest.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Coroutine
from typing import Any

from face3d_widgets.figures.errors import BrowserError
from face3d_widgets.figures.scripts import script_path

__all__ = ["DrawingBrowser", "the_browser"]

_PAGE_SCRIPTS = [str(script_path(name)) for name in ("markers.js", "drawing_page.js")]
_ADVICE = "Save as HTML instead, or have the PNG drawn without a browser."


class DrawingBrowser:
    """Kaleido with its browser, on a thread and an event loop of its own.

    Any thread may call it; figures are drawn one after the other. A browser that died is
    started again.

    Parameters
    ----------
    time_limit : float
        Seconds for one figure, the start of the browser included.
    idle_limit : float
        Seconds after the last figure until the browser is closed.
    """

    def __init__(self, time_limit: float = 60.0, idle_limit: float = 300.0) -> None:
        self.time_limit = time_limit
        self.idle_limit = idle_limit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()
        self._one_at_a_time: asyncio.Lock | None = None
        self._kaleido: Any = None
        self._idle: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether a browser is there."""
        return self._kaleido is not None and self._kaleido.subprocess.poll() is None

    def draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        """Turn a figure into a file.

        Parameters
        ----------
        figure : dict
            `Figure.to_dict()`. Its `layout.meta` may hold `pixelRatio`, the pixels of its 3D
            view for one of the layout, and `smooth`, whether edges there are smoothed.
        options : dict
            Kaleido's: format, width, height, scale.

        Raises
        ------
        BrowserError
            When no browser is installed, or it fails, or it takes too long.
        """
        return self._wait_for(self._draw(figure, options), self.time_limit)

    def close(self) -> None:
        """Close the browser; the next figure starts another."""
        if self._loop is not None and self._kaleido is not None:
            process = self._kaleido.subprocess
            try:
                self._wait_for(self._stop(), 5)
            except BrowserError:
                _end(process)

    def _wait_for(self, work: Coroutine[Any, Any, Any], seconds: float) -> Any:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="figures", daemon=True).start()
                atexit.register(self.close)
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), self._loop)
        try:
            return future.result(seconds + 10)
        except BrowserError:
            raise
        except (TimeoutError, concurrent.futures.TimeoutError) as error:
            future.cancel()
            raise BrowserError(
                f"The browser did not draw the figure within {seconds:.0f} seconds. {_ADVICE}"
            ) from error
        except Exception as error:  # Kaleido raises many kinds, its browser more
            raise BrowserError(f"The browser could not draw the figure. {_ADVICE}") from error

    async def _draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        self._one_at_a_time = self._one_at_a_time or asyncio.Lock()
        async with self._one_at_a_time:
            if self._idle is not None:
                self._idle.cancel()
            if not self.running:
                await self._start()
            try:
                return bytes(await self._kaleido.calc_fig(figure, opts=options))
            except BaseException:
                await self._stop()  # whatever state it is in, the next figure gets a new one
                raise
            finally:
                loop = asyncio.get_running_loop()
                self._idle = loop.call_later(
                    self.idle_limit, lambda: loop.create_task(self._stop())
                )

    async def _start(self) -> None:
        import kaleido
        from choreographer.errors import ChromeNotFoundError

        await self._stop()  # what a browser that died has left
        page = kaleido.PageGenerator(mathjax=False, others=[*_PAGE_SCRIPTS])
        try:
            browser = kaleido.Kaleido(page_generator=page, timeout=None)
        except ChromeNotFoundError as error:
            raise BrowserError(
                "No Chrome or Chromium is installed, which draws this kind of file. "
                f"Install one, for instance with: plotly_get_chrome. {_ADVICE}"
            ) from error
        try:
            await browser.open()
        except BaseException:
            await browser.close()
            raise
        self._kaleido = browser

    async def _stop(self) -> None:
        browser, self._kaleido = self._kaleido, None
        if browser is not None:
            try:
                await asyncio.wait_for(browser.close(), 5)
            except Exception:  # it hangs, or is gone
                _end(browser.subprocess)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a browser with all that it started; Kaleido gives it a session of its own."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


_browser = DrawingBrowser()


def the_browser() -> DrawingBrowser:
    """The one browser of this process."""
    return _browser
