#!/bin/sh
# Jupyter's web sockets count pings in milliseconds, and Tornado takes the number for seconds.
#
# Versions: jupyter_server 2.21.1, tornado 6.6.1; CPython 3.11, Linux.
# Expected: a kernel's socket whose page is silent is closed by Tornado's own keep-alive.
# Seen:     Tornado is told to ping every 30,000 seconds, that is every eight hours, since
#           WebSocketMixin.ping_interval and ping_timeout, both in milliseconds, have the
#           names under which a handler tells Tornado its seconds. Tornado also warns, at the
#           first socket, that the time-out of 90,000 is longer than the interval. What is left
#           is Jupyter's own timer, which closes after three missed answers, 90 seconds.
# Output seen:
#   Jupyter means 30000 ms and 90000 ms
#   Tornado pings every 30000 s
#   The websocket_ping_timeout (90000) cannot be longer than the websocket_ping_interval (30000).
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    jupyter_server==2.21.1 tornado==6.6.1

"$folder/venv/bin/python" - <<'PY'
import asyncio
import logging
import sys

import tornado.web
import tornado.websocket
from jupyter_server.base.websocket import WS_PING_INTERVAL, WebSocketMixin

seen = {}
warnings = []
heard = logging.Handler()
heard.emit = lambda record: warnings.append(record.getMessage().splitlines()[0])
logging.getLogger("tornado.general").addHandler(heard)


class Socket(WebSocketMixin, tornado.websocket.WebSocketHandler):
    def check_origin(self, origin=None):
        return True

    def prepare(self):
        """No login here."""

    def open(self):
        seen["meant"] = self.ping_interval, self.ping_timeout
        seen["taken"] = self.ws_connection.ping_interval

    def on_message(self, message):
        """Nothing to say."""


async def main():
    application = tornado.web.Application([("/", Socket)])
    server = application.listen(0, "127.0.0.1")
    port = next(iter(server._sockets.values())).getsockname()[1]
    client = await tornado.websocket.websocket_connect(f"ws://127.0.0.1:{port}/")
    while "taken" not in seen:
        await asyncio.sleep(0.05)
    client.close()
    server.stop()


asyncio.run(main())
interval, timeout = seen["meant"]
print(f"Jupyter means {interval} ms and {timeout} ms")
print(f"Tornado pings every {seen['taken']} s")
print(*warnings, sep="\n")
as_told = (interval, timeout, seen["taken"]) == (WS_PING_INTERVAL, 90000, 30000)
sys.exit(0 if as_told and any("cannot be longer" in line for line in warnings) else "this has changed")
PY
