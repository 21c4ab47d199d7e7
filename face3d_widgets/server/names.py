"""The names that a server answers to, and the path that it stands under."""

from __future__ import annotations

import html
import ipaddress
import logging
import socket
from collections.abc import Iterable
from typing import Any

import tornado.web
from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, Rule

__all__ = ["Names", "own_names_only", "under_path"]

_MOST_SAID = 20  # names that are told in the log; a stranger can send any number


class Names:
    """The host names of this server: its own addresses, and those that it was given.

    A page of another site that has its name point here would otherwise be taken for one of
    ours by the browser ("DNS rebinding").

    Parameters
    ----------
    given : iterable of str
        From `--host-name`: names of a web server in front, too.
    address : str
        Where the server listens.
    """

    def __init__(self, given: Iterable[str], address: str = "") -> None:
        self.given = frozenset(name.lower().rstrip(".") for name in given if name)
        self._own = self.given | {"localhost", socket.gethostname().lower(), address.lower()}
        self._said: set[str] = set()

    def knows(self, request: HTTPServerRequest) -> bool:
        """Tell whether a request came to a name of this server."""
        name = host_of(request)
        if name and name in self._own:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or name == _address_reached(request)

    def say_refused(self, request: HTTPServerRequest, log: logging.Logger) -> None:
        """Tell of a refused name in the log, of each once."""
        name = host_of(request)
        if name not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(name)
            log.warning(
                "A request for %r was refused; if that is this server's name, "
                "start it with --host-name.",
                name,
            )


def host_of(request: HTTPServerRequest) -> str:
    """The name or address in a request's Host, without its port, in lower case."""
    host = request.host.strip().lower()
    if host.startswith("["):  # IPv6
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def _address_reached(request: HTTPServerRequest) -> str:
    """The address of this machine that a request came in at."""
    stream = getattr(request.connection, "stream", None)
    found = getattr(stream, "socket", None)
    try:
        return str(found.getsockname()[0]) if found is not None else ""
    except (OSError, IndexError):
        return ""


class _Unknown(Matcher):
    """Matches what came to another name."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return None if self._names.knows(request) else {}


class _Refused(tornado.web.RequestHandler):
    """Says that this server has another name."""

    def initialize(self, names: Names, log: logging.Logger) -> None:
        self._names, self._told = names, log

    def prepare(self) -> None:
        self._names.say_refused(self.request, self._told)
        name = html.escape(host_of(self.request)[:100])
        self.set_status(403)
        self.finish(
            f"<!doctype html><title>403</title><p>This server does not answer to the name "
            f"“{name}”. Whoever started it can add <code>--host-name {name}</code>."
        )


class _Null(Matcher):
    """Matches addresses that no file can have."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return {} if "%00" in request.path else None


def own_names_only(application: tornado.web.Application, names: Names, log: logging.Logger) -> None:
    """Let an application answer to its own names only, whatever address is asked for."""
    target = {"names": names, "log": log}
    nothing = Rule(_Null(), tornado.web.ErrorHandler, {"status_code": 404})
    application.default_router.rules[:0] = [Rule(_Unknown(names), _Refused, target), nothing]


class _AsFromOutside(Matcher):
    """Gives a path back the beginning that a proxy has taken off; matches nothing."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/")

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        if request.path != self._base and not request.path.startswith(f"{self._base}/"):
            request.path = self._base + request.path
            request.uri = self._base + (request.uri or "/")
        return None


def under_path(application: tornado.web.Application, base_url: str) -> None:
    """Answer under a path, whether the web server in front hands the path on or takes it off."""
    if base_url.strip("/"):
        nothing = tornado.web.RequestHandler
        application.default_router.rules.insert(0, Rule(_AsFromOutside(base_url), nothing))
