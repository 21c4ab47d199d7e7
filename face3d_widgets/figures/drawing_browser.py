"""A browser without a window that turns figures into pictures: started once and kept.

Kaleido drives it. Starting it takes seconds, so it stays for the next figure, and goes
when nobody has wanted one for half a minute, since it takes more memory than all the rest.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
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
_STARTS, _DRAWS = 3, 2  # tries
_log = logging.getLogger(__name__)
_ADVICE = "Save as HTML instead, or have the PNG drawn without a browser."


class DrawingBrowser:
    """Kaleido with its browser, on a thread and an event loop of its own.

    Any thread may call it; figures are drawn one after the other. A browser that died is
    started again. What fails is tried again with a new browser, unless it is the figure that
    cannot be drawn: on a busy machine a page is now and then ready before Kaleido listens, which
    then waits for ever.

    Parameters
    ----------
    time_limit : float
        Seconds for a try at drawing one figure; a third of it for a start of the browser.
    idle_limit : float
        Seconds after the last figure until the browser is closed.
    """

    def __init__(self, time_limit: float = 60.0, idle_limit: float = 30.0) -> None:
        self.time_limit = time_limit
        self.idle_limit = idle_limit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()
        self._one_at_a_time: asyncio.Lock | None = None
        self._kaleido: Any = None
        self._starts = _STARTS
        self._idle: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Tell whether a browser is there."""
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
            When no browser is installed, or it fails or takes too long more than once.
        """
        try:
            data: bytes = self._wait_for(self._draw(figure, options))
            return data
        except BrowserError:
            raise
        except TimeoutError as error:
            raise BrowserError(
                f"The browser did not draw the figure within {self.time_limit:.0f} seconds. "
                f"{_ADVICE}"
            ) from error
        except Exception as error:  # Kaleido raises many kinds, its browser more
            raise BrowserError(f"The browser could not draw the figure. {_ADVICE}") from error

    def close(self) -> None:
        """Close the browser; the next figure starts another."""
        if self._loop is not None and self._kaleido is not None:
            self._wait_for(self._stop())

    def _wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it on the loop; every step of it has its limit, so that this one ends."""
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._loop.set_exception_handler(_note)
                for library in ("choreographer", "kaleido"):
                    # What they find worth a warning is dealt with here.
                    logging.getLogger(library).addHandler(logging.NullHandler())
                threading.Thread(target=self._loop.run_forever, name="figures", daemon=True).start()
                atexit.register(self.close)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _draw(self, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
        from kaleido.errors import KaleidoError

        self._one_at_a_time = self._one_at_a_time or asyncio.Lock()
        async with self._one_at_a_time:
            if self._idle is not None:
                self._idle.cancel()
            starts, draws = self._starts, _DRAWS
            try:
                while True:
                    try:
                        if not self.running:
                            starts -= 1
                            self._starts = 1  # one that never starts holds each figure up once
                            await self._start()
                            self._starts = _STARTS
                        draws -= 1
                        drawn = self._kaleido.calc_fig(figure, opts=options)
                        return bytes(await _within(self.time_limit, drawn, self._kaleido))
                    except BaseException as error:
                        await self._stop()  # whatever state it is in, the next gets a new one
                        ours = isinstance(error, (BrowserError, KaleidoError))
                        if ours or not isinstance(error, Exception) or not (starts and draws):
                            raise
                        _log.info("the figure is drawn again", exc_info=error)
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
        self._kaleido = browser
        await _within(self.time_limit / 3, browser.open(), browser)

    async def _stop(self) -> None:
        browser, self._kaleido = self._kaleido, None
        if browser is not None:
            try:
                await _within(5, browser.close(), browser)
            except Exception:  # it hangs, or is gone
                _end(browser)


async def _within(seconds: float, work: Coroutine[Any, Any, Any], browser: Any) -> Any:
    """Wait for the work; a TimeoutError comes after the browser was ended.

    Where Kaleido is cancelled it asks its page once more, and that may never answer; it gives
    up when the browser is gone.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            raise TimeoutError(f"nothing came within {seconds:g} seconds")
    except BaseException:
        _end(browser)
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        raise
    try:
        return task.result()
    except asyncio.CancelledError:  # by Kaleido, whose browser went
        raise BrokenPipeError("the browser is gone") from None


def _note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Take note of a task of Kaleido's that failed when nobody waited for it any more."""
    _log.debug(context.get("message", ""), exc_info=context.get("exception"))


def _end(browser: Any) -> None:
    """End a browser with all that it started; Kaleido gives it a session of its own."""
    process: subprocess.Popen[bytes] | None = getattr(browser, "subprocess", None)
    if process is None or process.poll() is not None:
        return
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


_browser = DrawingBrowser()


def the_browser() -> DrawingBrowser:
    """The one browser of this process."""
    return _browser
