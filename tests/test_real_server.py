"""The real server, asked as browsers and strangers ask it, without a browser."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from face3d_widgets.server.frames import PROTOCOL
from tests.browser.waiting import PATIENCE, eventually
from tests.serving import dashboard, free_port

pytestmark = pytest.mark.slow

ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="there are no private sockets there")


class Visitor:
    """Somebody with a page: its kernel and its cookies.

    Parameters
    ----------
    address : str
        The server's, with the path that it stands under.
    """

    def __init__(self, address, **headers):
        self.address = address
        with ask(address, **headers) as answer:
            self.html = answer.read().decode()
            sent = answer.headers.get_all("Set-Cookie")
        self.kernel_id = re.search(r'"kernelId": "([^"]+)"', self.html)[1]
        cookies = SimpleCookie()
        for line in sent:
            cookies.load(line)
        self.cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())

    @property
    def origin(self):
        place = urlsplit(self.address)
        return f"{place.scheme}://{place.netloc}"

    def socket(self, cookie=None, protocols=(PROTOCOL,), session=None, **options):
        """The page's web socket."""
        session = uuid4() if session is None else session
        headers = {"Cookie": self.cookie if cookie is None else cookie}
        address = f"{self.address}api/kernels/{self.kernel_id}/channels?session_id={session}"
        return connect(
            address.replace("http:", "ws:"),
            additional_headers=headers,
            subprotocols=protocols or None,
            max_size=None,
            proxy=None,
            **{"origin": self.origin, **options},
        )

    def state(self):
        with ask(f"{self.address}api/kernels/{self.kernel_id}", Cookie=self.cookie) as answer:
            return json.load(answer)


def ask(address, method="GET", data=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, data, named, method=method)
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120)


def status(address, method="GET", data=None, **headers):
    try:
        with ask(address, method, data, **headers) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def kernels(server):
    """The kernel processes of a server."""
    with suppress(psutil.NoSuchProcess):
        return [
            child
            for child in psutil.Process(server.pid).children(recursive=True)
            if "ipykernel_launcher" in " ".join(child.cmdline())
        ]
    return []


def frame(kind, content=None, channel="shell", buffers=()):
    made = Session().msg(kind, content or {})
    parts = [json.dumps(made[part], default=str).encode() for part in PARTS]
    return serialize_msg_to_ws_v1([*parts, *buffers], channel)


PARTS = ("header", "parent_header", "metadata", "content")


def answers(socket, seconds=PATIENCE):
    """(channel, type of message, content) of all that comes, until it has been quiet."""
    while True:
        try:
            data = socket.recv(timeout=seconds)
        except TimeoutError:
            return
        channel, parts = deserialize_msg_from_ws_v1(data)
        yield channel, json.loads(parts[0])["msg_type"], json.loads(parts[3])


@pytest.fixture(scope="module")
def running():
    with dashboard() as (address, process):
        yield address, process


@pytest.fixture(scope="module")
def address(running):
    return running[0]


@pytest.fixture(scope="module")
def visitor(address):
    return Visitor(address)


@pytest.fixture
def alive(address):
    """The server still answers when the test is over."""
    yield
    assert status(address, "HEAD") == 200


# --- The web socket ------------------------------------------------------------------------


def test_a_page_speaks_with_its_kernel(visitor, alive):
    with visitor.socket() as socket:
        assert socket.subprotocol == PROTOCOL
        socket.send(frame("kernel_info_request"))
        assert any(kind == "kernel_info_reply" for _, kind, _ in answers(socket))
    assert visitor.state()["refused"] == ""


@pytest.mark.parametrize("cookie", ["", "face3d-kernel=guessed", "other=1"])
def test_a_kernels_id_alone_opens_nothing(address, visitor, cookie, alive):
    with pytest.raises(InvalidStatus) as refused:
        visitor.socket(cookie=cookie)
    assert refused.value.response.status_code == 403
    state = f"{address}api/kernels/{visitor.kernel_id}"
    end = f"{address}voila/api/shutdown/{visitor.kernel_id}"
    assert status(state, Cookie=cookie) == 403
    assert status(end, "POST", b"", Cookie=cookie, Origin=visitor.origin) == 403


def test_anothers_cookie_opens_nothing(address, visitor, alive):
    other = Visitor(address)
    with pytest.raises(InvalidStatus):
        visitor.socket(cookie=other.cookie)
    assert status(f"{address}api/kernels/{visitor.kernel_id}", Cookie=other.cookie) == 403


def test_an_address_that_is_written_otherwise_ends_nobodys_page(address, visitor):
    for written in (visitor.kernel_id.replace("-", "%2d", 1), f"{visitor.kernel_id}/"):
        end = f"{address}voila/api/shutdown/{written}"
        told = {"Cookie": "_xsrf=abc; face3d-xsrf=abc", "X_XSRFToken": "abc"}
        assert status(end, "POST", b"", Origin=visitor.origin, **told) in (403, 404, 405)
        assert status(f"{address}api/kernels/{written}", "DELETE", **told) in (403, 404, 405)
    assert visitor.state()["id"] == visitor.kernel_id


def test_a_page_has_so_many_sockets(visitor, alive):
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(visitor.socket())
        with pytest.raises(InvalidStatus) as refused:
            visitor.socket()
        assert refused.value.response.status_code == 429
    eventually(lambda: visitor.state()["connections"], lambda n: n == 0)
    with visitor.socket():  # as soon as they are gone
        pass


@pytest.mark.parametrize("name", ["x" * 300, "%e2%80%8b", "", "a/b"])
def test_odd_names_of_sessions_open_nothing(visitor, name, alive):
    with pytest.raises(InvalidStatus) as refused:
        visitor.socket(session=name)
    assert refused.value.response.status_code == 400
    assert visitor.state()["connections"] == 0


def test_a_page_that_does_not_read_is_cut_off(visitor, monkeypatch):
    from types import SimpleNamespace

    from face3d_widgets.server import kernel_socket

    closed, sent = [], []
    monkeypatch.setattr(
        kernel_socket.KernelWebsocketHandler,
        "write_message",
        lambda self, message, binary: sent.append(Future()) or sent[-1],
    )
    socket = kernel_socket.KernelSocket.__new__(kernel_socket.KernelSocket)
    monkeypatch.setattr(kernel_socket.KernelSocket, "log", SimpleNamespace(warning=print))
    socket.close = lambda code, reason: closed.append(code)
    for _ in range(3):
        socket.write_message(bytes(60 * 2**20))
        sent[-1].set_result(None)  # read at once
    assert not closed
    for _ in range(3):
        socket.write_message(bytes(60 * 2**20))
    assert closed == [1008]


def test_whoever_does_not_read_his_page_holds_nobody_up(address):
    place = urlsplit(address)
    with ExitStack() as stack:
        for _ in range(2 * (os.cpu_count() or 1)):
            slow = stack.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            slow.connect((place.hostname, place.port))
            path = "/face3d/lessons/04_from_points_to_a_surface.ipynb"
            slow.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        assert Visitor(address).kernel_id


def test_a_large_body_is_not_waited_for(address):
    assert status(f"{address}nothing", "POST", bytes(2**17)) == 400


@pytest.mark.parametrize("protocols", [(), ("v0.example",)])
def test_other_protocols_are_refused_and_the_page_is_told(visitor, protocols, alive):
    with pytest.raises(InvalidStatus) as refused:
        visitor.socket(protocols=protocols)
    assert refused.value.response.status_code == 400
    assert "Sec-WebSocket-Protocol" in visitor.state()["refused"]


def test_a_proxy_that_takes_the_socket_for_a_page_is_told(address, visitor, alive):
    channels = f"{address}api/kernels/{visitor.kernel_id}/channels"
    assert status(channels, Cookie=visitor.cookie) == 400
    assert "web sockets" in visitor.state()["refused"]


def test_a_foreign_origin_is_refused_and_the_page_is_told(visitor, alive):
    with pytest.raises(InvalidStatus) as refused:
        visitor.socket(origin="https://evil.example")
    assert refused.value.response.status_code == 403
    assert "evil.example" in visitor.state()["refused"]


@pytest.mark.parametrize(
    "data",
    [
        "{}",
        json.dumps({"header": {"msg_type": "kernel_info_request"}, "channel": "shell"}),
        b"",
        b"too short",
        b"\x06" + bytes(60),
        frame("comm_msg")[:-1],
        frame("comm_msg") + b"!",
        serialize_msg_to_ws_v1([b"no json", b"{}", b"{}", b"{}"], "shell"),
        serialize_msg_to_ws_v1([b"{}", b"{}"], "shell"),
        frame("comm_open", {"target_name": "jupyter.widget.control", "data": "x" * 70_000}),
    ],
)
def test_what_is_no_message_closes_its_connection_and_no_other(visitor, data, alive):
    with visitor.socket() as socket, visitor.socket() as other:
        socket.send(data)
        with pytest.raises(ConnectionClosed) as closed:
            for _ in answers(socket):
                pass
        assert closed.value.rcvd.code == 1002
        other.send(frame("kernel_info_request"))
        assert any(kind == "kernel_info_reply" for _, kind, _ in answers(other))


NEVER = ("execute_input", "execute_result", "error", "stream", "debug_event")
DROPPED = {
    "execute_request": {"code": "import os; os._exit(1)", "silent": False},
    "complete_request": {"code": "impo", "cursor_pos": 4},
    "inspect_request": {"code": "print", "cursor_pos": 5, "detail_level": 1},
    "history_request": {"output": False, "raw": True, "hist_access_type": "tail", "n": 9},
    "debug_request": {"type": "request", "command": "initialize", "seq": 1, "arguments": {}},
    "shutdown_request": {"restart": False},
    "interrupt_request": {},
    "is_complete_request": {"code": "1"},
    "input_reply": {"value": "x"},
    "create_subshell_request": {},
    "comm_open": {"comm_id": "a", "target_name": "jupyter.widget", "data": {"state": {}}},
}


@pytest.mark.parametrize("channel", ["shell", "control", "stdin", "iopub", "nothing"])
@pytest.mark.parametrize("kind", DROPPED)
def test_what_no_page_says_is_dropped(visitor, kind, channel, alive):
    with visitor.socket() as socket:
        socket.send(frame(kind, DROPPED[kind], channel))
        socket.send(frame("kernel_info_request"))
        for _, answered, content in answers(socket):
            assert answered not in NEVER
            assert answered == "kernel_info_reply" or not answered.endswith("_reply")
            if answered == "kernel_info_reply":
                assert content["status"] == "ok"
                break
        else:
            pytest.fail("the kernel does not answer any more")


# --- Addresses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("logout", 404),
        ("login", 404),
        ("api/kernels", 404),
        ("api/contents", 404),
        ("api/terminals", 404),
        ("api/kernels/1-2-3-4-5", 404),
        ("voila/templates/", 404),
        ("voila/templates/face3d", 404),
        ("voila/templates/face3d/other/x.js", 404),
        ("voila/templates/face3d/static/", 404),
        ("voila/templates//static/x.js", 404),
        ("voila/templates/..%2f..%2f/static/x", 404),
        ("voila/templates/face3d/static/..%2f..%2fconf.json", 404),
        ("voila/labextensions/nothing.js", 404),
        ("voila/query/1-2-3-4-5", 404),
        ("voila/templates/face3d/static/.", 404),
        ("voila/templates/face3d/static/%00", 404),
        ("voila/files/x%00.png", 404),
        ("nothing.ipynb", 404),
        ("face3d/lessons/nothing.ipynb", 404),
    ],
)
def test_addresses_of_nothing(address, path, expected):
    assert status(address + path) == expected


def test_a_health_check_starts_no_kernel(running):
    address, server = running
    before = {kernel.pid for kernel in kernels(server)}
    assert status(address, "HEAD") == 200
    assert {kernel.pid for kernel in kernels(server)} <= before


def test_other_names_are_refused(address):
    place = urlsplit(address)
    assert status(address, "HEAD", Host="evil.example") == 403
    assert status(address, "HEAD", Host=f"localhost:{place.port}") == 200


def test_a_path_that_a_proxy_puts_in_front_is_asked_for(address):
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(address, X_Forwarded_Context="/proxy/18868<")
    assert refused.value.code == 404
    assert "--base-url /proxy/18868&lt;/" in refused.value.read().decode()


def test_no_cookie_is_any_jupyter_servers(address, visitor):
    assert not {"_xsrf", "username"} & set(re.findall(r"(\w+)[=-]", visitor.cookie))
    for path in ("nothing", "favicon.ico", "voila/files/x"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(address + path)
        sent = refused.value.headers.get_all("Set-Cookie") or []
        assert all(line.startswith("face3d-") for line in sent)


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "http://["}]
)
def test_no_other_site_ends_a_page(address, visitor, headers):
    end = f"{address}voila/api/shutdown/{visitor.kernel_id}"
    assert status(end, "POST", b"", Cookie=visitor.cookie, **headers) == 403
    assert visitor.state()["id"] == visitor.kernel_id


# --- Kernels -------------------------------------------------------------------------------


def test_a_page_that_is_left_ends_its_kernel(address):
    visitor = Visitor(address)
    end = f"{address}voila/api/shutdown/{visitor.kernel_id}"
    assert status(end, "POST", b"", Cookie=visitor.cookie, Origin=visitor.origin) == 204
    assert status(f"{address}api/kernels/{visitor.kernel_id}", Cookie=visitor.cookie) == 404


@ON_POSIX
def test_kernels_listen_to_nobody_on_the_network(running, visitor):
    own = [kernel for kernel in kernels(running[1]) if visitor.kernel_id in str(kernel.cmdline())]
    [kernel] = own
    assert [c for c in kernel.net_connections("inet") if c.status == "LISTEN"] == []
    [file] = [part for part in kernel.cmdline() if part.endswith(".json")]
    assert json.loads(Path(file).read_text())["transport"] == "ipc"
    assert stat.S_IMODE(Path(file).parent.stat().st_mode) & 0o777 == 0o700
    assert list(Path(file).parent.glob(f"*{visitor.kernel_id}-ipc-*"))


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="only root may be somebody else for a moment"
)
def test_another_account_reaches_no_kernel(running, visitor):
    [kernel] = [k for k in kernels(running[1]) if visitor.kernel_id in str(k.cmdline())]
    [file] = [part for part in kernel.cmdline() if part.endswith(".json")]
    start = file.removesuffix(".json")
    assert _reached_as(0, start)
    assert not _reached_as(12345, start)


def _reached_as(user, start):
    """Whether an account can read a kernel's file or open one of its sockets."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    try:  # from here on a process of its own
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        reached = os.access(f"{start}.json", os.R_OK)
        for number in range(1, 6):
            with suppress(OSError), socket.socket(socket.AF_UNIX) as opened:
                opened.connect(f"{start}-ipc-{number}")
                reached = True
        os._exit(7 if reached else 8)
    finally:
        os._exit(9)


def test_requests_that_are_dropped_leave_no_kernel(running):
    address, server = running
    before = len(kernels(server))
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", _DROP, address], stdout=subprocess.DEVNULL, text=True
        )
        for _ in range(6)
    ]
    for process in asked:
        process.wait(PATIENCE)
    eventually(lambda: len(kernels(server)), lambda n: n <= before + 1)  # and the one kept ready
    time.sleep(3)
    assert len(kernels(server)) <= before + 1


# Asks for the page and hangs up.
_DROP = """
import socket, sys, time
from urllib.parse import urlsplit
from uuid import uuid4
place = urlsplit(sys.argv[1])
with socket.create_connection((place.hostname, place.port)) as connection:
    connection.sendall(f"GET / HTTP/1.1\\r\\nHost: {place.netloc}\\r\\n\\r\\n".encode())
    time.sleep(0.3)
"""


# --- Other places --------------------------------------------------------------------------


def widgets_in(html):
    """How many widgets a page shows; an error would stand there instead."""
    assert "ExecutionError" not in html
    return html.count("application/vnd.jupyter.widget-view+json")


@pytest.fixture
def others_settings(tmp_path):
    """An environment and a folder where other programs' settings say the contrary of ours."""
    voila = {
        "Voila": {"ip": "0.0.0.0", "port": 18860, "base_url": "/other/"},
        "VoilaConfiguration": {"template": "lab", "strip_sources": False, "theme": "dark"},
        "MappingKernelManager": {"cull_idle_timeout": 1, "cull_interval": 1},
    }
    config, data, home = tmp_path / "config", tmp_path / "data", tmp_path / "home"
    for folder in (tmp_path, config):
        folder.mkdir(exist_ok=True)
        (folder / "voila.json").write_text(json.dumps(voila))
    (config / "voila.py").write_text("c.Voila.port = 18861")
    (config / "labconfig").mkdir()
    off = {"disabledExtensions": {"anywidget": True, "@jupyter-widgets/jupyterlab-manager": True}}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(off))
    kernel = data / "kernels" / "python3"
    kernel.mkdir(parents=True)
    other = {"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(other))
    startup = home / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "first.py").write_text("raise SystemExit")
    (startup.parent / "ipython_config.py").write_text("c.IPKernelApp.exec_lines = ['1 / 0']")
    told = {"JUPYTER_CONFIG_DIR": config, "JUPYTER_DATA_DIR": data, "HOME": home}
    environment = {**os.environ, **{name: str(folder) for name, folder in told.items()}}
    for name in ("IPYTHONDIR", "JUPYTER_PREFER_ENV_PATH"):
        environment.pop(name, None)
    return {"cwd": tmp_path, "env": environment | {"PYTHONPATH": str(Path.cwd())}}


def test_settings_of_other_programs_change_nothing(others_settings):
    port = free_port()
    with dashboard("--port", str(port), **others_settings) as (address, server):
        assert urlsplit(address).netloc == f"127.0.0.1:{port}"
        [listening] = [
            c for c in psutil.Process(server.pid).net_connections("inet") if c.status == "LISTEN"
        ]
        assert listening.laddr == ("127.0.0.1", port)
        page = Visitor(address)
        assert widgets_in(page.html) == 1
        assert "data-face3d-page" in page.html  # our template
        assert "from face3d_widgets" not in page.html
        assert "cdn" not in page.html
        [config] = re.findall(r'type="application/json">({.*?})</script>', page.html)
        names = {one["name"] for one in json.loads(config)["federated_extensions"]}
        assert {"anywidget", "@jupyter-widgets/jupyterlab-manager"} <= names
        time.sleep(3)  # theirs would end idle kernels after one second
        assert page.state()["id"] == page.kernel_id


@pytest.mark.parametrize("home", ["/nonexistent", "/proc", "relative"])
def test_a_home_that_cannot_be_written(home):
    environment = {**os.environ, "HOME": home}
    for name in ("IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    with dashboard(env=environment) as (address, _):
        assert widgets_in(Visitor(address).html) == 1
        lesson = Visitor(f"{address}face3d/lessons/01_from_pixels_to_inverse_depth.ipynb")
        assert widgets_in(lesson.html) > 0


def test_a_server_under_a_path():
    with dashboard("--base-url", "faces/here") as (address, _):
        assert re.search(r":\d+/faces/here/$", address)
        page = Visitor(address)
        assert '"baseUrl": "/faces/here/"' in page.html
        script = re.search(r'src="(/[^"]+voila\.js)"', page.html)[1]
        assert script.startswith("/faces/here/")
        # As a web server in front asks that takes the path off.
        for path in (script, script.removeprefix("/faces/here"), "/"):
            assert status(page.origin + path) == 200
        with page.socket() as socket:
            socket.send(frame("kernel_info_request"))
            assert any(kind == "kernel_info_reply" for _, kind, _ in answers(socket))
        with ask(address) as answer:
            places = re.findall(r"[Pp]ath=([^;]+)", str(answer.headers.get_all("Set-Cookie")))
        assert places
        assert all(place.startswith("/faces/here/") for place in places)


def test_a_full_server_says_so_and_opens_as_soon_as_there_is_room():
    with dashboard("--pages", "2") as (address, _):
        first, second = Visitor(address), Visitor(address)
        with pytest.raises(urllib.error.HTTPError) as full:
            ask(address)
        assert full.value.code == 503
        assert int(full.value.headers["Retry-After"]) > 0
        said = full.value.read().decode()
        assert "All 2 pages" in said
        assert 'http-equiv="refresh"' in said
        end = f"{address}voila/api/shutdown/{first.kernel_id}"
        assert status(end, "POST", b"", Cookie=first.cookie, Origin=first.origin) == 204
        third = Visitor(address)
        assert third.kernel_id not in (first.kernel_id, second.kernel_id)


def test_a_page_whose_kernel_does_not_start_says_so(tmp_path):
    broken = tmp_path / "ipykernel_launcher.py"
    broken.write_text("raise SystemExit('no')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    with dashboard(env=environment) as (address, server):
        with ask(address) as answer:
            html = answer.read().decode()
        assert "face3dFailed(" in html
        assert status(address, "HEAD") == 200
        assert kernels(server) == []


def test_a_server_that_is_told_to_stop_does():
    with dashboard() as (address, server):
        page = Visitor(address)
        children = kernels(server)
        assert any(page.kernel_id in str(child.cmdline()) for child in children)
        server.terminate()
        assert server.wait(PATIENCE) == 0
        _, alive = psutil.wait_procs(children, PATIENCE)
        assert alive == []
