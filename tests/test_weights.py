"""Weights: found, fetched from a server that misbehaves, verified, and read but never run."""

import dataclasses
import errno
import hashlib
import json
import os
import pickle
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections import namedtuple
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.error import URLError

import pytest

from face3d_widgets.depth import ModelError, download, releases, weights
from face3d_widgets.depth.releases import CHECKPOINTS, WeightsError, checkpoint_info
from face3d_widgets.depth.weights import FetchCancelled, fetch_weights, find_weights, verify
from face3d_widgets.depth.weights_file import read_checkpoint

PLAIN = "dpt_levit_224"  # its SHA-256 is not known
SUMMED = "dpt_hybrid_384"  # its is
FILE = f"{PLAIN}.pt"
PAGE = b"<!DOCTYPE html><html><title>Sign in to the Wi-Fi</title></html>"


def archive(seed=0, n_bytes=300_000):
    """A ZIP as PyTorch makes it: contents stored, with their check sums."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("x/data.pkl", b"\x80\x02}q\x00.")
        file.writestr("x/data/0", random.Random(seed).randbytes(n_bytes))
    return buffer.getvalue()


DATA = archive()
ENOUGH = 60_000_000  # bytes


# --- a server that does what it is told --------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Gives `data`; how, its attributes say. `asked` holds the Range of every request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = DATA
        self.status = None
        self.content_type = "application/octet-stream"
        self.knows_ranges = True
        self.says_length = True
        self.length = None  # what is announced, where that is a lie
        self.endless = False  # goes on after the last byte
        self.total = None  # what a part says of the whole, where that is a lie
        self.led_on = []  # redirections to give before the file
        self.sent = 0  # bytes, headers left out
        self.cuts = []  # bytes after which each connection breaks off
        self.pause = 0.0  # seconds before the second half
        self.piece = None  # bytes sent at a time, a pause after each
        self.asked = []
        self.paths = []
        self.url = f"http://127.0.0.1:{self.server_port}/releases"

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is part of the tests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        server.paths.append(self.path)
        server.asked.append(self.headers.get("Range"))
        if server.led_on:
            self.lead_on(server.led_on.pop(0))
            return
        body, status, extra = server.data, server.status or 200, {}
        if server.status is None and server.knows_ranges and self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            whole = len(body)
            if start < whole:
                body, status = body[start:], 206
                extra["Content-Range"] = f"bytes {start}-{whole - 1}/{server.total or whole}"
            else:
                body, status = b"", 416
                extra["Content-Range"] = f"bytes */{whole}"
        self.send_response(status)
        self.send_header("Content-Type", server.content_type)
        if server.says_length:
            self.send_header("Content-Length", str(server.length or len(body)))
        self.send_header("Connection", "close")
        for key, value in extra.items():
            self.send_header(key, value)
        self.end_headers()
        if server.cuts:
            body = body[: server.cuts.pop(0)]
        step = server.piece or max(1, len(body) // 2)
        for i in range(0, len(body), step):
            if i:
                time.sleep(server.pause)
            self.write(body[i : i + step])
        if server.endless:
            self.go_on()
        self.close_connection = True

    def write(self, data):
        self.wfile.write(data)
        self.wfile.flush()
        self.server.sent += len(data)

    def go_on(self):
        """Send more than anybody can want, until the other side hangs up."""
        with suppress(OSError):
            while self.server.sent < ENOUGH:
                self.write(bytes(100_000))
        self.close_connection = True

    def lead_on(self, code):
        self.send_response(code)
        self.send_header("Location", self.path)
        self.send_header("Connection", "close")
        self.end_headers()
        self.go_on()


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The program's cache folder, empty; nothing of this computer is seen."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(weights, "cache_folder", lambda: cache)
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    for name in ("FACE3D_WEIGHTS", "FACE3D_OFFLINE", "XDG_CACHE_HOME", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return cache


def fetch(server, name=PLAIN, **options):
    return fetch_weights(name, base_url=server.url, **{"timeout": 5.0, **options})


def refusal(server, name=PLAIN, **options):
    """What the person is told; always one sentence that ends with a way out."""
    with pytest.raises(WeightsError) as caught:
        fetch(server, name, **options)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert "face_lite is ready without any download" in text
    return text


def left(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


# --- the table ---------------------------------------------------------------------------------


def test_the_table():
    assert len(CHECKPOINTS) == 12
    for name, checkpoint in CHECKPOINTS.items():
        assert checkpoint.name == name
        assert checkpoint.url.startswith("https://github.com/isl-org/MiDaS/releases/download/v")
        assert checkpoint.url.endswith(f"/{name}.pt")
        assert 80e6 < checkpoint.size < 1.6e9
        for older in checkpoint.older:
            digits = older.removesuffix(".pt").rpartition("-")[2]
            assert len(digits) == 8
            assert checkpoint.sha256.startswith(digits)
    files = [file for checkpoint in CHECKPOINTS.values() for file in checkpoint.files]
    assert len(files) == len(set(files)) == 18


def test_a_network_without_weights_to_fetch():
    assert issubclass(WeightsError, ModelError)
    for name in ("face_lite", "midas"):
        with pytest.raises(WeightsError, match="choose one of: midas_v21_small_256, "):
            checkpoint_info(name)


# --- find --------------------------------------------------------------------------------------


def put(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(DATA)
    return path


ALL_NAMES = [(c.name, file) for c in CHECKPOINTS.values() for file in c.files]


@pytest.mark.parametrize(("name", "file"), ALL_NAMES)
def test_every_official_name_is_found_in_every_place(name, file, folder, tmp_path, monkeypatch):
    assert find_weights(name) is None
    hub = put(tmp_path / "torch" / "hub" / "checkpoints", file)
    assert find_weights(name) == hub
    cached = put(folder, file)
    assert find_weights(name) == cached
    monkeypatch.setenv("FACE3D_WEIGHTS", str(tmp_path / "class"))
    in_class = put(tmp_path / "class", file)
    assert find_weights(name) == in_class
    given = put(tmp_path / "mine", file)
    assert find_weights(name, tmp_path / "mine") == given
    assert find_weights(name, str(given)) == given


def test_a_setting_that_holds_other_weights_is_passed_over(tmp_path, folder, monkeypatch):
    large = put(tmp_path, "dpt_large_384.pt")
    cached = put(folder, FILE)
    monkeypatch.setenv("FACE3D_WEIGHTS", str(large))
    assert find_weights("dpt_large_384") == large
    assert find_weights(PLAIN) == cached
    monkeypatch.setenv("FACE3D_WEIGHTS", str(tmp_path))
    assert find_weights(PLAIN) == cached
    own = put(tmp_path, "mine.pt")  # of no official name: for every network
    monkeypatch.setenv("FACE3D_WEIGHTS", str(own))
    assert find_weights(PLAIN) == own


def test_a_wrong_setting_or_path_is_said(tmp_path, folder, monkeypatch):
    put(folder, FILE)
    with pytest.raises(WeightsError, match=r"no file .*none\.pt; check the name"):
        find_weights(PLAIN, tmp_path / "none.pt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match=r"holds no dpt_levit_224\.pt; put the file there"):
        find_weights(PLAIN, tmp_path / "empty")
    monkeypatch.setenv("FACE3D_WEIGHTS", str(tmp_path / "gone"))
    with pytest.raises(WeightsError, match=r"FACE3D_WEIGHTS names .*gone, which is not there"):
        find_weights(PLAIN)


def test_hub_folder_by_the_rules_of_pytorch(tmp_path, monkeypatch):
    assert weights._hub_folder() == tmp_path / "torch" / "hub" / "checkpoints"
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert weights._hub_folder() == tmp_path / "xdg" / "torch" / "hub" / "checkpoints"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert weights._hub_folder() == tmp_path / ".cache" / "torch" / "hub" / "checkpoints"


def test_nothing_heavy_is_imported_to_find():
    code = (
        "import sys; from face3d_widgets.depth.weights import find_weights;"
        "find_weights('dpt_levit_224');"
        "print(*{'torch', 'urllib.request', 'filelock'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# --- fetch: when all is well -------------------------------------------------------------------


def test_fetch_records_and_finds(server, folder):
    told = []
    path = fetch(server, progress=lambda done, whole: told.append((done, whole)))
    assert path == folder / FILE == find_weights(PLAIN)
    assert path.read_bytes() == DATA
    assert server.paths == [f"/releases/v3_1/{FILE}"]
    assert told[0] == (0, len(DATA))
    assert told[-1] == (len(DATA), len(DATA))
    assert left(folder) == [FILE, f"{FILE}.json"]
    digest = hashlib.sha256(DATA).hexdigest()
    assert json.loads((folder / f"{FILE}.json").read_text())["sha256"] == digest
    assert verify(path) == digest
    assert fetch(server) == path
    assert len(server.asked) == 1, "what is here is not fetched again"


def test_fetch_without_a_length(server):
    server.says_length = False
    told = []
    assert fetch(server, progress=lambda *n: told.append(n)).read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))


# --- fetch: cut and resumed --------------------------------------------------------------------


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_cut_is_mended_in_the_same_fetch(server, knows_ranges):
    server.cuts, server.knows_ranges = [100_000], knows_ranges
    assert fetch(server).read_bytes() == DATA
    assert server.asked == [None, "bytes=100000-"]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_cut_is_mended_in_the_next_fetch(server, folder, knows_ranges):
    server.cuts, server.knows_ranges = [50_000], knows_ranges
    text = refusal(server)
    assert "127.0.0.1 broke off after 0.1 MB of 0.3 MB; try again, and it goes on" in text
    assert left(folder) == [f"{FILE}.part"]
    assert find_weights(PLAIN) is None
    assert fetch(server).read_bytes() == DATA
    assert server.asked == [None, "bytes=50000-"]
    assert left(folder) == [FILE, f"{FILE}.json"]


def test_a_connection_that_always_breaks_is_given_up(server):
    server.cuts = [70_000, 70_000, 70_000, 70_000, 1]
    assert "broke off after 0.28 MB" in refusal(server)
    assert len(server.asked) == 5


def test_all_but_the_renaming_was_done(server, folder):
    put(folder, f"{FILE}.part")
    assert fetch(server).read_bytes() == DATA
    assert server.asked == [f"bytes={len(DATA)}-"]


def test_a_part_longer_than_the_file_is_thrown_away(server, folder):
    put(folder, f"{FILE}.part").write_bytes(DATA + DATA)
    assert fetch(server).read_bytes() == DATA
    assert server.asked == [f"bytes={2 * len(DATA)}-", None]


def test_a_part_of_another_file_is_noticed(server, folder):
    put(folder, f"{FILE}.part").write_bytes(archive(seed=1)[:100_000])
    assert "is damaged or no file of PyTorch and was deleted" in refusal(server)
    assert left(folder) == []
    assert fetch(server).read_bytes() == DATA


# --- fetch: refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, r"has no such file \(error 404\); a newer face3d_widgets may know"),
        (403, r"refused it \(error 403\); a school's or company's network may block it"),
        (503, r"is too busy \(error 503\); try again in some minutes"),
        (418, r"answered with error 418; try again later"),
    ],
)
def test_an_error_is_said_in_words(server, folder, status, words):
    server.status = status
    text = refusal(server)
    assert re.search(words, text)
    assert f"put {FILE} (204 MB, from {server.url}/v3_1/{FILE}) into {folder}" in text
    assert left(folder) == []


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/octet-stream"])
@pytest.mark.parametrize("name", [PLAIN, SUMMED])
def test_a_web_page_is_no_file(server, folder, content_type, name):
    server.data, server.content_type = PAGE, content_type
    assert "a web page instead of the file; where the Wi-Fi asks to sign in" in refusal(
        server, name
    )
    assert left(folder) == []


def test_a_web_page_does_not_cost_what_came_before(server, folder):
    part = put(folder, f"{FILE}.part")
    server.data, server.content_type, server.knows_ranges = PAGE, "text/html", False
    refusal(server)
    assert part.read_bytes() == DATA


def test_wrong_bytes_are_refused(server, folder):
    text = refusal(server, SUMMED)
    begins = hashlib.sha256(DATA).hexdigest()[:8]
    assert f"is not the official file (its SHA-256 begins with {begins}, not 501f0c75)" in text
    assert left(folder) == []


def test_right_bytes_are_taken(server, monkeypatch):
    known = dataclasses.replace(CHECKPOINTS[SUMMED], sha256=hashlib.sha256(DATA).hexdigest())
    monkeypatch.setattr(releases, "CHECKPOINTS", {SUMMED: known})
    assert fetch(server, SUMMED).read_bytes() == DATA


@pytest.mark.parametrize("at", [200, 200_000, len(DATA) - 5])
def test_a_damaged_archive_is_refused(server, folder, at):
    server.data = DATA[:at] + bytes([DATA[at] ^ 1]) + DATA[at + 1 :]
    if at == len(DATA) - 5:
        server.data = DATA[:-9]
    assert "is damaged or no file of PyTorch and was deleted; try again" in refusal(server)
    assert left(folder) == []


# --- fetch: more than there is -----------------------------------------------------------------


@pytest.fixture
def known(monkeypatch):
    """The weights whose sum is known, as small as what the server gives."""
    digest = hashlib.sha256(DATA).hexdigest()
    small = dataclasses.replace(CHECKPOINTS[SUMMED], size=len(DATA), sha256=digest)
    monkeypatch.setattr(releases, "CHECKPOINTS", {SUMMED: small})
    return small


@pytest.fixture
def guessed(monkeypatch):
    """Weights whose size is known to a thousandth, as small as what the server gives."""
    small = dataclasses.replace(CHECKPOINTS[PLAIN], size=7_999_000)
    monkeypatch.setattr(releases, "CHECKPOINTS", {PLAIN: small})
    return small


def test_every_file_fits_into_its_bound():
    for checkpoint in CHECKPOINTS.values():
        assert checkpoint.size <= checkpoint.at_most <= 1.01 * checkpoint.size + 1
        assert (checkpoint.at_most == checkpoint.size) == (checkpoint.sha256 is not None)


@pytest.mark.parametrize("says_length", [True, False])
def test_what_comes_after_the_file_is_not_taken(server, known, says_length):
    server.endless, server.says_length = True, says_length
    assert fetch(server, SUMMED).read_bytes() == DATA
    assert server.sent < ENOUGH / 2  # what the system's buffers took, and no more


def test_a_file_of_a_size_that_is_guessed_is_cut_a_little_behind_it(server, guessed, folder):
    server.data = archive(n_bytes=8_000_000)
    server.endless, server.says_length = True, False
    sizes = []
    text = refusal(server, progress=lambda done, _: sizes.append(done))
    assert "is damaged or no file of PyTorch and was deleted" in text
    assert max(sizes) <= guessed.at_most
    assert left(folder) == []
    server.endless = False
    assert fetch(server).read_bytes() == server.data


def test_a_length_beyond_the_known_is_refused_before_the_first_byte(server, known, folder):
    server.endless, server.length = True, 600_000_000
    text = refusal(server, SUMMED)
    assert "127.0.0.1 has another file there (600 MB, and it should be 0.3 MB at most)" in text
    assert left(folder) == []
    server.endless, server.length = False, None
    assert fetch(server, SUMMED).read_bytes() == DATA


def test_the_rest_of_another_file_is_refused_and_what_came_is_kept(server, known, folder):
    part = put(folder, f"{known.file}.part")
    part.write_bytes(DATA[:1000])
    server.total = 600_000_000
    assert "has another file there (600 MB" in refusal(server, SUMMED)
    assert part.read_bytes() == DATA[:1000]
    server.total = None
    assert fetch(server, SUMMED).read_bytes() == DATA


def test_the_rest_of_a_file_that_is_no_longer_than_what_came_is_mixed_up(server, known, folder):
    put(folder, f"{known.file}.part").write_bytes(DATA[:1000])
    server.total = 900
    assert "mixed up the parts of the file; try again" in refusal(server, SUMMED)
    server.total = None
    assert fetch(server, SUMMED).read_bytes() == DATA


def test_the_rest_ends_where_the_whole_does(server, known, folder):
    put(folder, f"{known.file}.part").write_bytes(DATA[:1000])
    server.endless, server.length = True, 600_000_000  # of the rest, beside the true whole
    assert fetch(server, SUMMED).read_bytes() == DATA
    assert server.sent < ENOUGH / 2


def test_what_came_of_a_larger_file_is_thrown_away_at_once(server, known, folder):
    put(folder, f"{known.file}.part").write_bytes(DATA + b"more")
    assert fetch(server, SUMMED).read_bytes() == DATA
    assert server.asked == [None]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_the_page_of_a_redirection_is_not_read(server, known, code):
    server.led_on = [code, code]
    assert fetch(server, SUMMED).read_bytes() == DATA
    assert server.sent < ENOUGH / 2


# --- fetch: slow, stopped, twice ---------------------------------------------------------------


def test_silence_ends_after_the_timeout(server, folder):
    server.pause = 3.0
    began = time.monotonic()
    server.data = archive(n_bytes=20_000)
    text = refusal(server, timeout=0.2)
    assert time.monotonic() - began < 2.5
    assert "sent next to nothing for 0.2 seconds; try again, and it goes on from there" in text
    assert left(folder) == [f"{FILE}.part"]


def test_a_trickle_is_silence(server):
    server.pause, server.piece = 0.05, 2
    assert "sent next to nothing for 0.3 seconds" in refusal(server, timeout=0.3)


def test_a_server_that_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(WeightsError, match=r"next to nothing for 0\.2 seconds; try again, or"):
            fetch_weights(PLAIN, timeout=0.2, base_url=url)


def test_cancel_keeps_what_came(server, folder):
    server.pause = 0.1
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 1

    with pytest.raises(FetchCancelled, match="was stopped; what came so far is kept"):
        fetch(server, cancelled=cancelled)
    kept = (folder / f"{FILE}.part").stat().st_size
    assert 0 < kept < len(DATA)
    assert fetch(server).read_bytes() == DATA
    assert server.asked[1] == f"bytes={kept}-"


def test_cancel_before_the_first_byte(server):
    with pytest.raises(FetchCancelled):
        fetch(server, cancelled=lambda: True)
    assert server.asked == []


def test_two_threads_fetch_one_file(server, folder):
    server.pause = 0.3
    told, paths = [], []
    threads = [
        threading.Thread(
            target=lambda: paths.append(fetch(server, progress=lambda *n: told.append(n)))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [folder / FILE] * 3
    assert paths[0].read_bytes() == DATA
    assert len(server.asked) == 1
    assert told


def test_two_programs_fetch_one_file(server, folder):
    server.pause = 0.3
    code = (
        "import sys; from pathlib import Path; from face3d_widgets.depth import weights;"
        "weights.cache_folder = lambda: Path(sys.argv[1]);"
        f"print(weights.fetch_weights({PLAIN!r}, base_url=sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(folder), server.url]
    programs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for program in programs:
        out, _ = program.communicate(timeout=15)
        assert program.returncode == 0
        assert out.strip() == str(folder / FILE)
    assert (folder / FILE).read_bytes() == DATA
    assert len(server.asked) == 1


def test_one_who_waits_can_stop(server, folder):
    from filelock import FileLock

    folder.mkdir()
    asked = []
    with (
        FileLock(folder / f"{FILE}.lock", thread_local=False),
        pytest.raises(FetchCancelled),
    ):
        threading_fetch(server, cancelled=lambda: asked.append(1) or len(asked) > 1)
    assert server.asked == []


def threading_fetch(server, **options):
    """`fetch` in a thread of its own, its error brought here."""
    caught = []

    def work():
        try:
            fetch(server, **options)
        except WeightsError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    if caught:
        raise caught[0]


def test_the_lock_of_a_program_that_died_is_no_lock(server, folder):
    put(folder, f"{FILE}.lock")
    assert fetch(server).read_bytes() == DATA


# --- fetch: no room, no network ----------------------------------------------------------------


def test_no_room_is_said_before_the_first_byte(server, folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1_000_000))
    text = refusal(server)
    assert f"there is no room in {folder} (50.3 MB needed, 1 MB free); make room" in text
    assert left(folder) == []


def test_the_disk_fills_on_the_way(server, folder, monkeypatch):
    def full(transfer, response, write, start, end):
        write(response.read(100_000))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(download._Transfer, "_receive", full)
        assert f"there is no room in {folder}" in refusal(server)
    assert fetch(server).read_bytes() == DATA
    assert server.asked == [None, "bytes=100000-"]


def test_a_folder_that_may_not_be_written(server, monkeypatch):
    def refuse(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(download.os, "replace", refuse)
    assert "cannot be written (Permission denied); check its permissions" in refusal(server)


def test_a_file_where_the_folder_should_be(server, folder):
    folder.write_bytes(b"")
    assert f"{folder} cannot be written" in refusal(server)


@pytest.mark.parametrize("value", ["1", "true"])
def test_offline_is_said_at_once(server, folder, monkeypatch, value):
    monkeypatch.setenv("FACE3D_OFFLINE", value)
    text = refusal(server)
    assert "FACE3D_OFFLINE forbids to download them; unset it, or put dpt_levit_224.pt" in text
    assert "(204 MB, from " in text
    assert f"into {folder};" in text
    assert server.asked == []
    assert not folder.exists()
    cached = put(folder, FILE)
    assert fetch(server) == cached


def test_offline_can_be_switched_off(server, monkeypatch):
    monkeypatch.setenv("FACE3D_OFFLINE", "0")
    assert fetch(server).read_bytes() == DATA


def test_no_network_is_said_at_once(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        fetch_weights(PLAIN, base_url=f"http://127.0.0.1:{port}")
    assert time.monotonic() - began < 3
    text = str(caught.value)
    assert "127.0.0.1 cannot be reached (" in text
    assert "check that this computer is online, or put dpt_levit_224.pt (204 MB, from " in text
    assert "face_lite is ready without any download" in text


def test_a_certificate_that_is_not_accepted(server, monkeypatch):
    def refuse(*args, **options):
        raise URLError(ssl.SSLCertVerificationError("certificate has expired"))

    monkeypatch.setattr(download, "_open_address", refuse)
    assert "the certificate of 127.0.0.1 is not accepted (" in refusal(server)


def test_a_server_that_hangs_up():
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up():
            connection, _ = rude.accept()
            connection.recv(1000)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(WeightsError, match="broke off before the first byte; try again, or"):
            fetch_weights(PLAIN, base_url=f"http://127.0.0.1:{rude.getsockname()[1]}")
        thread.join()


def test_sizes_as_said_to_people():
    said = [download.megabytes(n) for n in (1, 85_761_505, 999_600_000, 1_582_000_000)]
    assert said == ["0.1 MB", "85.8 MB", "1.0 GB", "1.6 GB"]


# --- verify ------------------------------------------------------------------------------------


def test_later_uses_are_held_to_the_first(folder):
    path = put(folder, FILE)
    assert verify(path) == verify(path) == hashlib.sha256(DATA).hexdigest()
    path.write_bytes(archive(seed=2))
    with pytest.raises(WeightsError, match=r"not the file that was used before .*face3d fetch"):
        verify(path)
    (folder / f"{FILE}.json").unlink()
    assert verify(path) == hashlib.sha256(archive(seed=2)).hexdigest()


@pytest.mark.parametrize("text", ["", "[]", '{"sha256": 5}', '{"sha256": "zz"}', "\xff"])
def test_a_record_that_makes_no_sense_is_written_anew(folder, text):
    path = put(folder, FILE)
    (folder / f"{FILE}.json").write_text(text, "latin-1")
    digest = verify(path)
    assert json.loads((folder / f"{FILE}.json").read_text())["sha256"] == digest


def test_a_name_with_digits_is_held_to_them(folder):
    path = put(folder, "dpt_hybrid-midas-501f0c75.pt")
    with pytest.raises(WeightsError, match="is not the file that its name says"):
        verify(path)
    assert verify(put(folder, "mine-501f0c75.pt"))


def test_nothing_to_verify(folder):
    with pytest.raises(WeightsError, match="There is no file"):
        verify(folder / FILE)


# --- read --------------------------------------------------------------------------------------

WEIGHTS = {"scratch.weight": [[1.0, 2.0]], "pretrained.bias": [3.0]}


def saved(path, content, legacy=False):
    torch = pytest.importorskip("torch")
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def tensors():
    torch = pytest.importorskip("torch")
    return {name: torch.tensor(values) for name, values in WEIGHTS.items()}


def said_of(path):
    with pytest.raises(WeightsError) as caught:
        read_checkpoint(path)
    text = str(caught.value)
    assert str(path) in text
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda w: w,
        lambda w: {"model": w, "optimizer": {"state": {}, "lr": 0.1}},
        lambda w: {"state_dict": w, "epoch": 3},
    ],
)
def test_read_gives_the_tensors(folder, legacy, wrap):
    read = read_checkpoint(saved(folder / FILE, wrap(tensors()), legacy))
    assert {name: tensor.tolist() for name, tensor in read.items()} == WEIGHTS


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_truncated_file_is_told(folder, legacy, share):
    path = saved(folder / FILE, tensors(), legacy)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    text = said_of(path)
    assert "is cut short, as by a broken download (0.1 MB of about 204 MB)" in text
    assert text.endswith("; delete it and run: face3d fetch dpt_levit_224.")


class Malice:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle"])
def test_a_malicious_file_is_refused_and_not_run(folder, tmp_path, how):
    done = tmp_path / "done"
    if how == "pickle":
        path = put(folder, FILE)
        path.write_bytes(pickle.dumps(Malice(done)))
        assert "is no checkpoint of PyTorch" in said_of(path)
    else:
        path = saved(folder / FILE, {"model": tensors(), "x": Malice(done)}, how == "legacy")
        assert f"more than weights (it asks Python for {os.name}.mkdir) and was" in said_of(path)
    assert not done.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\0" * 1000, "is empty"),
        (PAGE, "is a web page, not weights: a link was saved instead of the file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a text file, not weights"),
        (b"\x93NUMPY\x01\x00v\x00", "is no checkpoint of PyTorch"),
        (pickle.dumps([1, 2]), "is no checkpoint of PyTorch"),
    ],
)
def test_what_is_no_checkpoint_is_named(folder, content, words):
    path = put(folder, FILE)
    path.write_bytes(content)
    assert words in said_of(path)


def test_other_archives_are_named(folder):
    path = put(folder, "essay.pt")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", "<w/>")
    assert "is a ZIP archive or an Office document" in said_of(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x/data.pkl", "")
        file.writestr("x/constants.pkl", "")
    assert "is a TorchScript program" in said_of(path)


@pytest.mark.parametrize("content", [[1, 2], 5, {}, {"epoch": 3}, {"model": {}}])
def test_a_checkpoint_without_weights(folder, content):
    assert "holds no network's weights" in said_of(saved(folder / FILE, content))


def test_not_a_file_to_read(folder, tmp_path):
    assert "There is no file" in said_of(folder / FILE)
    assert "is a folder; choose the file of weights inside it" in said_of(tmp_path)


def test_too_little_memory_is_said(folder, monkeypatch):
    torch = pytest.importorskip("torch")
    path = saved(folder / FILE, tensors())

    def no_memory(*args, **options):
        assert options["weights_only"] is True
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to ...")

    monkeypatch.setattr(torch, "load", no_memory)
    assert "There is not enough memory to read" in said_of(path)


def test_torch_that_does_not_load_is_said(folder, monkeypatch):
    path = put(folder, FILE)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(WeightsError, match="install it with: pip install torch"):
        read_checkpoint(path)
