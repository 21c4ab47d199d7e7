"""A web server in front of another that does not hand everything on, as some do."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_LONGEST_HEAD = 64 * 2**10


@contextmanager
def in_front_of(address: str, edit: Callable[[list[str]], list[str]]) -> Iterator[str]:
    """The address of a proxy; `edit` gets the lines of each request's head and gives its own.

    A connection is for one request: the proxy says "Connection: close", but for web sockets.
    """
    target = urlsplit(address)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:  # closed: the test is over
                    return
                threading.Thread(target=pass_on, args=(connection,), daemon=True).start()

        def pass_on(visitor: socket.socket) -> None:
            with visitor, suppress(OSError):
                data = b""
                while b"\r\n\r\n" not in data and len(data) < _LONGEST_HEAD:
                    if not (more := visitor.recv(65536)):
                        return
                    data += more
                head, _, body = data.partition(b"\r\n\r\n")
                lines = edit(head.decode("latin-1").split("\r\n"))
                if not any(line.lower() == "upgrade: websocket" for line in lines):
                    lines = [line for line in lines if not line.lower().startswith("connection:")]
                    lines.append("Connection: close")
                with socket.create_connection((target.hostname, target.port)) as there:
                    there.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
                    back = threading.Thread(target=copy, args=(there, visitor), daemon=True)
                    back.start()
                    copy(visitor, there)
                    back.join()

        def copy(source: socket.socket, sink: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}{target.path}"
        server.shutdown(socket.SHUT_RDWR)


def without(name: str) -> Callable[[list[str]], list[str]]:
    """An edit that drops a header."""
    return lambda lines: [line for line in lines if not line.lower().startswith(name.lower() + ":")]


def with_header(name: str, value: str) -> Callable[[list[str]], list[str]]:
    """An edit that sets a header."""
    return lambda lines: [*without(name)(lines), f"{name}: {value}"]
