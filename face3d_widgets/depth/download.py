"""One large file over HTTP: resumed after a cut, stopped on request, whole or not there at all.

A server is not believed: what it announces is held to what is known of the file, and not a
byte more is taken than the one or the other allows.

It knows nothing of networks or weights. Every trouble becomes a `DownloadError`
whose text is part of a sentence: what happened, a semicolon, and what to do.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import ssl
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

__all__ = ["DiskError", "DownloadCancelled", "DownloadError", "download", "megabytes"]

_PIECE = 256 * 1024
_SLOWEST = 1000  # bytes a second; what comes slower counts as nothing
_TRIES = 5  # connections for one download, as long as each brings something
_GAIN = 64 * 1024  # bytes that make another try worth while
_PAUSE = 1.0  # seconds before it
_SPARE = 50_000_000  # bytes of the disk that are left alone
_TELL = 0.1  # seconds between two calls of `progress`

_ANSWERS = {
    401: "refused it (error {}); a school's or company's network may block it, so try another one",
    404: "has no such file (error {}); a newer face3d_widgets may know where it went",
    429: "is too busy (error {}); try again in some minutes",
}
_ANSWERS |= dict.fromkeys((403, 451), _ANSWERS[401]) | {410: _ANSWERS[404]}


class DownloadError(Exception):
    """The file did not come; the text is part of a sentence for the person."""


class DiskError(DownloadError):
    """The file could not be kept: no room, or no right to write."""


class DownloadCancelled(DownloadError):
    """The person asked to stop."""


class _BrokenOff(DownloadError):
    """The connection ended or went silent on the way; what came is kept."""


def megabytes(n_bytes: int) -> str:
    """A number of bytes as said to people: "86 MB", "1.4 GB"."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 999.5e6 else f"{max(n_bytes / 1e6, 0.1):.3g} MB"


def part_of(target: Path) -> Path:
    """The file of an unfinished download."""
    return target.with_name(target.name + ".part")


def download(
    url: str,
    target: Path,
    check: Callable[[Path], None],
    *,
    size: int | None = None,
    at_most: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    timeout: float = 20.0,
) -> None:
    """Fetch `url` into `target`; continue what an earlier try left beside it.

    Parameters
    ----------
    url : str
        http or https. Redirections are followed, from https to https only.
    target : Path
        Appears at once and whole; until then the bytes are in `part_of(target)`.
    check : callable
        Looks at the whole file before it becomes `target`, and raises
        `DownloadError` where it is not what was wanted; it is deleted then.
    size : int, optional
        Bytes to expect where the server does not say.
    at_most : int, optional
        Bytes that the file can have: where a server announces more nothing is taken, and
        where it sends more it is cut there. What it announces cuts it, too.
    progress : callable, optional
        Called with the bytes that are here and the bytes of the whole (or None),
        in this thread, some ten times a second.
    cancelled : callable, optional
        Asked between pieces; True stops. What came is kept.
    timeout : float
        Seconds of silence, or of less than a trickle, to put up with.

    Raises
    ------
    DownloadError
    """
    part = part_of(target)
    transfer = _Transfer(url, part, size, at_most, progress, cancelled or (lambda: False), timeout)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        transfer.run()
        try:
            check(part)
        except DownloadError:
            part.unlink()
            raise
        os.replace(part, target)
    except OSError as error:
        raise _disk_error(error, part, transfer.size) from error


@dataclass
class _Transfer:
    """One download into one file, over as many connections as it takes."""

    url: str
    part: Path
    size: int | None
    at_most: int | None
    progress: Callable[[int, int | None], None] | None
    cancelled: Callable[[], bool]
    timeout: float
    told: float = float("-inf")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or self.url

    def here(self) -> int:
        """Bytes that came so far."""
        return self.part.stat().st_size if self.part.exists() else 0

    def run(self) -> None:
        if self.at_most is not None and self.here() > self.at_most:
            self.part.unlink()  # of another file
        for tries_left in reversed(range(_TRIES)):
            before = self.here()
            try:
                return self._connect_once(before)
            except _BrokenOff:
                if not tries_left or self.here() - before < _GAIN:
                    raise
            resume = time.monotonic() + _PAUSE
            while time.monotonic() < resume:
                self._stop_if_asked()
                time.sleep(0.05)

    def _connect_once(self, start: int) -> None:
        """Bring all that is missing, or raise."""
        self._stop_if_asked()
        try:
            response = self._open(start)
        except HTTPError as error:
            error.close()
            if error.code == 416 and start:  # nothing lies behind `start`
                if _whole_size(error.headers) != start:
                    self.part.unlink()  # of another file, so from the beginning
                    self._connect_once(0)
                return
            raise DownloadError(self._answer(error.code)) from error
        with closing(response):
            if response.headers.get_content_type() == "text/html":
                raise DownloadError(web_page(self.host))
            if urlsplit(self.url).scheme == "https" != urlsplit(response.url).scheme:
                raise DownloadError(
                    f"{self.host} led to an address that is not secure; use another network"
                )
            if response.status != 206:
                start = 0  # the server begins anew, whatever it was asked for
            announced = self._announced(response, start)
            if announced is not None:
                self.size = announced
            self._check_room(start)
            with self.part.open("ab" if start else "wb") as file:
                done = self._receive(response, file.write, start, announced or self.at_most)
                file.flush()
                os.fsync(file.fileno())
        if announced is not None and done < announced:
            raise _BrokenOff(self._broken_off(done))
        self.size = done
        self._tell(done, at_once=True)

    def _announced(self, response: HTTPResponse, start: int) -> int | None:
        """Bytes of the whole file, as the server says; None where it does not."""
        length: int | None = response.length
        announced = None if length is None else start + length
        if response.status == 206:
            announced = _whole_size(response.headers) or announced
            is_rest = (response.headers.get("Content-Range") or "").startswith(f"bytes {start}-")
            if not is_rest or (announced is not None and announced <= start):
                self.part.unlink(missing_ok=True)
                raise DownloadError(f"{self.host} mixed up the parts of the file; try again")
        if announced is not None and self.at_most is not None and announced > self.at_most:
            raise DownloadError(
                f"{self.host} has another file there ({megabytes(announced)}, and it should be "
                f"{megabytes(self.at_most)} at most); use another network"
            )
        return announced

    def _open(self, start: int) -> HTTPResponse:
        headers = {"User-Agent": "face3d_widgets", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            return _open_address(Request(self.url, headers=headers), self.timeout)
        except HTTPError:
            raise
        except TimeoutError as error:
            raise _BrokenOff(self._silence()) from error
        except URLError as error:
            reason = error.reason
            if isinstance(reason, TimeoutError):
                raise _BrokenOff(self._silence()) from error
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise DownloadError(
                    f"the certificate of {self.host} is not accepted "
                    f"({getattr(reason, 'verify_message', reason)}); "
                    "check this computer's date and its certificates"
                ) from error
            raise DownloadError(
                f"{self.host} cannot be reached ({getattr(reason, 'strerror', None) or reason}); "
                "check that this computer is online"
            ) from error
        except (OSError, HTTPException) as error:
            raise _BrokenOff(self._broken_off(start)) from error

    def _receive(
        self,
        response: HTTPResponse,
        write: Callable[[bytes], object],
        start: int,
        end: int | None,
    ) -> int:
        """Write what comes, up to `end`; the bytes that are here then."""
        done = mark = start
        since = time.monotonic()
        while end is None or done < end:
            self._tell(done)
            wanted = _PIECE if end is None else min(_PIECE, end - done)
            try:
                piece = response.read1(wanted)  # what is there, so that a cancel is heard soon
            except TimeoutError as error:
                raise _BrokenOff(self._silence()) from error
            except (OSError, HTTPException, ValueError) as error:
                raise _BrokenOff(self._broken_off(done)) from error
            if not piece:
                return done
            write(piece)
            done += len(piece)
            self._stop_if_asked()
            now = time.monotonic()
            if now - since >= self.timeout:
                if done - mark < _SLOWEST * self.timeout:
                    raise _BrokenOff(self._silence())
                mark, since = done, now
        return done

    def _stop_if_asked(self) -> None:
        if self.cancelled():
            raise DownloadCancelled("it was stopped; the next try goes on from there")

    def _tell(self, done: int, at_once: bool = False) -> None:
        now = time.monotonic()
        if self.progress is not None and (at_once or now - self.told >= _TELL):
            self.told = now
            self.progress(done, self.size)

    def _check_room(self, start: int) -> None:
        free = shutil.disk_usage(self.part.parent).free + (self.here() - start)
        if self.size is not None and self.size - start + _SPARE > free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _answer(self, code: int) -> str:
        usual = _ANSWERS[429] if code >= 500 else "answered with error {}; try again later"
        return f"{self.host} {_ANSWERS.get(code, usual)}".format(code)

    def _broken_off(self, done: int) -> str:
        if not done:
            return f"the connection to {self.host} broke off before the first byte; try again"
        of = f" of {megabytes(self.size)}" if self.size else ""
        return (
            f"the connection to {self.host} broke off after {megabytes(done)}{of}; "
            "try again, and it goes on from there"
        )

    def _silence(self) -> str:
        kept = ", and it goes on from there" if self.here() else ""
        return (
            f"{self.host} sent next to nothing for {self.timeout:g} seconds; "
            f"try again{kept}, or use a faster network"
        )


class _Redirections(HTTPRedirectHandler):
    """Follow them without reading the page that comes with each, which may have no end."""

    def http_error_302(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any) -> Any:
        fp.close()
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _open_address(request: Request, timeout: float) -> Any:
    return build_opener(_Redirections).open(request, timeout=timeout)


def web_page(host: str) -> str:
    """The part of a sentence that says that a page came instead of the file."""
    return (
        f"{host} answered with a web page instead of the file; "
        "where the Wi-Fi asks to sign in, do that in a browser, and try again"
    )


def _whole_size(headers: Message) -> int | None:
    """The size behind the slash of "bytes 5-9/10"."""
    found = re.search(r"/(\d+)\s*$", headers.get("Content-Range") or "")
    return int(found[1]) if found else None


def _disk_error(error: OSError, part: Path, size: int | None) -> DiskError:
    folder = part.parent
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        missing = part.stat().st_size if part.exists() else 0
        with suppress(OSError):
            free = shutil.disk_usage(folder).free
            need = f"{megabytes(size - missing + _SPARE)} needed" if size else "more is needed"
            return DiskError(
                f"there is no room in {folder} ({need}, {megabytes(free)} free); "
                "make room and try again"
            )
        return DiskError(f"there is no room in {folder}; make room and try again")
    return DiskError(
        f"{folder} cannot be written ({error.strerror or error}); check its permissions"
    )
