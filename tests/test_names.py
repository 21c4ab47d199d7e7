"""The names that a server answers to, and the path that it stands under."""

import logging
from types import SimpleNamespace

import pytest
import tornado.testing
import tornado.web

from face3d_widgets.server.names import Names, host_of, own_names_only, under_path


def request(host, reached=""):
    socket = SimpleNamespace(getsockname=lambda: (reached, 80))
    stream = SimpleNamespace(socket=socket)
    return SimpleNamespace(host=host, connection=SimpleNamespace(stream=stream))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Localhost:8866", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:8866", "::1"),
        ("class.example.", "class.example"),
        ("", ""),
    ],
)
def test_the_name_in_a_host(host, name):
    assert host_of(request(host)) == name


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost:8866", True),
        ("127.0.0.1:8866", True),
        ("[::1]:8866", True),
        ("class.example", True),
        ("CLASS.example:443", True),
        ("192.0.2.1", True),
        ("10.0.0.7:8866", True),  # where it came in
        ("10.0.0.8:8866", False),
        ("evil.example", False),
        ("class.example.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_own_names_are_known(host, known):
    names = Names(["class.example"], "192.0.2.1")
    assert names.knows(request(host, reached="10.0.0.7")) is known


class Echo(tornado.web.RequestHandler):
    def get(self):
        self.write(self.request.uri)


class TestAnApplication(tornado.testing.AsyncHTTPTestCase):
    def get_app(self):
        application = tornado.web.Application()
        own_names_only(application, Names(["class.example"]), logging.getLogger("names"))
        under_path(application, "/faces/")
        application.add_handlers(".*$", [("/faces/.*", Echo)])
        return application

    def test_another_name_is_refused_whatever_is_asked_for(self):
        with self.assertLogs("names") as log:
            for path in ("/faces/", "/", "/nothing"):
                answer = self.fetch(path, headers={"Host": "evil.example"})
                assert answer.code == 403
                assert b"--host-name" in answer.body
        assert len(log.output) == 1  # of each name once
        assert "--host-name" in log.output[0]

    def test_names_that_strangers_make_up_do_not_fill_the_log(self):
        with self.assertLogs("names") as log:
            for number in range(50):
                self.fetch("/", headers={"Host": f"evil-{number}.example"})
        assert len(log.output) == 20

    def test_a_given_name_is_answered(self):
        assert self.fetch("/faces/", headers={"Host": "class.example"}).code == 200

    def test_the_path_is_the_same_whether_a_proxy_hands_it_on_or_not(self):
        for path in ("/faces/a?b=c", "/a?b=c"):
            assert self.fetch(path).body == b"/faces/a?b=c"
