"""Who may have a kernel, whose turn it is and when it ends: with kernels that are only counted."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import tornado.web

from face3d_widgets.server import page_sessions
from face3d_widgets.server.page_sessions import PageSessions, ServerFullError


class Kernels:
    """A manager of kernels that need `seconds` to start."""

    def __init__(self, seconds=0.0):
        self.seconds, self.running, self.connections = seconds, {}, {}
        self.at_once = self.most_at_once = 0

    async def start_kernel(self, kernel_id, **options):
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.seconds)
        self.at_once -= 1
        old = datetime.now(UTC) - timedelta(hours=1)
        self.running[kernel_id] = SimpleNamespace(last_activity=old)
        self.connections[kernel_id] = 0
        return kernel_id

    def get_kernel(self, kernel_id):
        return self.running[kernel_id]

    def kernel_model(self, kernel_id):
        if kernel_id not in self.running:
            raise tornado.web.HTTPError(404)
        return {"connections": self.connections[kernel_id]}

    async def shutdown_kernel(self, kernel_id, now=False):
        del self.running[kernel_id]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def kernels():
    return Kernels()


@pytest.fixture
def clock():
    return Clock()


async def opened(sessions, address="here"):
    """A page that has been sent."""
    session = sessions.admit(address)
    await sessions.start_kernel(session)
    sessions.page_sent(session)
    sessions.started(session)
    return session


def test_a_page_that_never_connects_ends(kernels, clock):
    async def steps():
        sessions = PageSessions(kernels, most=5, clock=clock)
        await opened(sessions)
        clock.now += page_sessions.CONNECTS_WITHIN - 1
        await sessions.look()
        assert len(kernels.running) == 1
        clock.now += 2
        await sessions.look()
        assert not kernels.running

    asyncio.run(steps())


def test_a_page_that_is_gone_ends_and_one_that_comes_back_does_not(kernels, clock):
    async def steps():
        sessions = PageSessions(kernels, most=5, clock=clock)
        gone, back = await opened(sessions), await opened(sessions)
        for session in (gone, back):
            kernels.connections[session.kernel_id] = 1
        clock.now += 10_000  # as long as it likes
        await sessions.look()
        for session in (gone, back):
            kernels.connections[session.kernel_id] = 0
        clock.now += page_sessions.COMES_BACK_WITHIN - 1
        await sessions.look()
        kernels.connections[back.kernel_id] = 1
        await sessions.look()
        clock.now += 2
        await sessions.look()
        assert list(kernels.running) == [back.kernel_id]

    asyncio.run(steps())


def test_where_our_sockets_answer_they_are_what_counts(kernels, clock):
    async def steps():
        sessions = PageSessions(kernels, most=5, own_sockets=True, clock=clock)
        session = await opened(sessions)
        kernels.connections[session.kernel_id] = 15  # counted and never taken back
        clock.now += page_sessions.CONNECTS_WITHIN + 1
        session.sockets = 1
        await sessions.look()
        session.sockets = 0
        clock.now += page_sessions.COMES_BACK_WITHIN + 1
        await sessions.look()
        assert not kernels.running

    asyncio.run(steps())


def test_a_page_that_is_away_is_not_kept_megabytes_for(kernels, clock):
    async def steps():
        sessions = PageSessions(kernels, most=5, clock=clock)
        session = await opened(sessions)
        kernels._kernel_buffers = {session.kernel_id: {"buffer": [("iopub", [bytes(70 * 2**20)])]}}
        await sessions.look()
        assert not kernels.running

    asyncio.run(steps())


def test_a_kernel_that_died_makes_room(kernels, clock):
    async def steps():
        sessions = PageSessions(kernels, most=1, clock=clock)
        session = await opened(sessions)
        del kernels.running[session.kernel_id]
        await sessions.look()
        sessions.admit("here")

    asyncio.run(steps())


def test_pages_start_in_turn_and_are_told_how_many_are_before_them():
    kernels = Kernels(seconds=0.02)

    async def steps():
        sessions = PageSessions(kernels, most=20, at_once=2)
        order = []

        async def one():
            session = sessions.admit("here")
            await sessions.start_kernel(session)
            order.append(session)
            sessions.started(session)

        pages = [asyncio.ensure_future(one()) for _ in range(10)]
        await asyncio.sleep(0.01)
        asked = list(sessions._sessions.values())
        assert [sessions.before(s) for s in asked] == [None, None, *range(2, 10)]
        await asyncio.gather(*pages)
        assert order == asked
        assert kernels.most_at_once == 2
        assert sessions.seconds_until(8) < 1

    asyncio.run(steps())


def test_whoever_leaves_the_queue_lets_the_next_one_in(kernels):
    async def steps():
        sessions = PageSessions(kernels, most=20, at_once=1)
        first, second, third = (sessions.admit("here") for _ in range(3))
        await sessions.start_kernel(first)
        waiting = asyncio.ensure_future(sessions.start_kernel(second))
        last = asyncio.ensure_future(sessions.start_kernel(third))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        await sessions.end(second, now=True)
        await sessions.end(first)
        await last
        assert list(kernels.running) == [third.kernel_id]

    asyncio.run(steps())


def test_a_start_that_is_broken_off_leaves_no_kernel():
    kernels = Kernels(seconds=0.05)

    async def steps():
        sessions = PageSessions(kernels, most=20)
        session = sessions.admit("here")
        starting = asyncio.ensure_future(sessions.start_kernel(session))
        await asyncio.sleep(0.01)
        starting.cancel()
        await asyncio.wait({starting})
        await sessions.end(session, now=True)
        assert not kernels.running
        assert kernels.most_at_once == 1

    asyncio.run(steps())


def test_there_is_room_for_so_many(kernels):
    async def steps():
        sessions = PageSessions(kernels, most=3, most_from_one=2)
        sessions.admit("here")
        session = sessions.admit("here")
        with pytest.raises(ServerFullError, match="2 pages are open from your address"):
            sessions.admit("here")
        sessions.admit("there")
        with pytest.raises(ServerFullError, match="All 3 pages"):
            sessions.admit("elsewhere")
        await sessions.end(session)
        ready = sessions.admit(None)
        sessions.hand_over(ready, "here")
        assert not sessions.has_room_to_spare()
        await sessions.end_all()

    asyncio.run(steps())


def test_a_page_that_is_kept_ready_takes_nobodys_place(kernels):
    async def steps():
        sessions = PageSessions(kernels, most=2)
        sessions.admit(None)
        sessions.admit("here")
        sessions.admit("there")
        with pytest.raises(ServerFullError):
            sessions.admit("elsewhere")
        await sessions.end_all()

    asyncio.run(steps())


def test_what_is_handed_out_counts_as_used_now(kernels):
    async def steps():
        session = await opened(PageSessions(kernels, most=3))
        idle = datetime.now(UTC) - kernels.running[session.kernel_id].last_activity
        assert idle < timedelta(minutes=1)

    asyncio.run(steps())


class Visitor:
    """A handler, as far as cookies go."""

    base_url = "/faces/"
    request = SimpleNamespace(protocol="https")

    def __init__(self):
        self.sent, self.cookies = {}, {}

    def set_cookie(self, name, value, **options):
        self.sent[name] = (value, options)

    def get_cookie(self, name):
        return self.cookies.get(name)


def test_a_kernel_is_for_its_page_alone(kernels):
    async def steps():
        sessions = PageSessions(kernels, most=3)
        session, other = await opened(sessions), await opened(sessions)
        visitor = Visitor()
        sessions.give_key(session, visitor)
        for _, options in visitor.sent.values():
            assert options["path"].startswith("/faces/")
            assert options["path"].endswith(session.kernel_id)
            assert options["httponly"]
            assert options["secure"]
            assert options["samesite"] == "Strict"
        for name, (value, _) in visitor.sent.items():
            visitor.cookies = {name: value}
            assert sessions.owned(session.kernel_id, visitor) is session
        for kernel_id, status in ((other.kernel_id, 403), ("nothing", 404)):
            with pytest.raises(tornado.web.HTTPError) as refused:
                sessions.owned(kernel_id, visitor)
            assert refused.value.status_code == status
        visitor.cookies = {}
        with pytest.raises(tornado.web.HTTPError):
            sessions.owned(session.kernel_id, visitor)

    asyncio.run(steps())
