"""Slow work beside the event loop."""

import asyncio
import threading

import pytest

from face3d_widgets.widgets.jobs import Jobs

PATIENCE = 30  # seconds; only a broken test waits so long


def with_jobs(scenario):
    """Run `await scenario(jobs)` on a fresh event loop."""

    async def main():
        jobs = Jobs()
        try:
            return await asyncio.wait_for(scenario(jobs), PATIENCE)
        finally:
            jobs.close()

    return asyncio.run(main())


async def result_of(jobs, channel, work):
    """(kind, value, thread of the callback)."""
    future = asyncio.get_running_loop().create_future()

    def give(kind):
        return lambda value: future.set_result((kind, value, threading.get_ident()))

    jobs.submit(channel, work, give("done"), give("failed"))
    return await future


async def idle(jobs):
    """Until everything submitted so far has been dealt with."""
    await result_of(jobs, "idle", lambda: None)


def test_work_is_done_on_a_thread_and_its_result_comes_to_the_loop():
    kind, worker, callback = with_jobs(lambda jobs: result_of(jobs, "a", threading.get_ident))
    assert kind == "done"
    assert worker != threading.get_ident()
    assert callback == threading.get_ident()


def test_the_loop_goes_on_meanwhile():
    async def scenario(jobs):
        released = threading.Event()
        pending = asyncio.ensure_future(result_of(jobs, "a", lambda: released.wait(PATIENCE)))
        await asyncio.sleep(0)
        assert not pending.done()
        released.set()  # by the loop, which is alive
        return await pending

    assert with_jobs(scenario)[:2] == ("done", True)


def test_an_error_comes_to_the_loop_and_the_next_job_is_done():
    async def scenario(jobs):
        return [await result_of(jobs, "a", lambda: 1 / 0), await result_of(jobs, "a", lambda: 5)]

    failed, done = with_jobs(scenario)
    assert failed[0] == "failed"
    assert isinstance(failed[1], ZeroDivisionError)
    assert failed[2] == threading.get_ident()
    assert done[:2] == ("done", 5)


def test_a_newer_job_drops_the_older_ones_of_its_channel():
    begun, ended = [], []

    async def scenario(jobs):
        released, running = threading.Event(), threading.Event()

        def work(name):
            begun.append(name)
            running.set()
            released.wait(PATIENCE)
            if name == "running":
                raise RuntimeError(name)
            return name

        for channel, name in [("a", "running"), ("a", "waiting"), ("b", "other"), ("a", "newest")]:
            jobs.submit(channel, lambda name=name: work(name), ended.append, ended.append)
            await asyncio.to_thread(running.wait, PATIENCE)
        released.set()
        await idle(jobs)

    with_jobs(scenario)
    assert begun == ["running", "other", "newest"]  # what waits is not even begun
    assert ended == ["other", "newest"]  # and what runs is not told, not even its error


def test_reports_from_the_worker_arrive_in_order_on_the_loop():
    heard = []

    def report(step):
        heard.append((step, threading.get_ident()))

    async def scenario(jobs):
        def work():
            for step in range(5):
                jobs.call_soon(report, step)

        await result_of(jobs, "a", work)

    with_jobs(scenario)
    assert heard == [(step, threading.get_ident()) for step in range(5)]


def test_a_handler_that_fails_is_logged_and_ends_nothing(caplog):
    async def scenario(jobs):
        jobs.submit("a", lambda: 1, lambda _: 1 / 0, lambda _: None)
        return await result_of(jobs, "a", lambda: 2)

    # The first result may be dropped as old: so ask for it on its own.
    async def alone(jobs):
        jobs.submit("a", lambda: 1, lambda _: 1 / 0, lambda _: None)
        return await result_of(jobs, "b", lambda: 2)

    for each in (scenario, alone):
        assert with_jobs(each)[:2] == ("done", 2)
    assert "ZeroDivisionError" in caplog.text


def test_close_drops_what_waits():
    begun = []

    async def scenario(jobs):
        released, running = threading.Event(), threading.Event()

        def first():
            running.set()
            released.wait(PATIENCE)

        jobs.submit("a", first, print, print)
        jobs.submit("b", lambda: begun.append("b"), print, print)
        await asyncio.to_thread(running.wait, PATIENCE)
        jobs.close()
        released.set()
        await asyncio.to_thread(jobs._pool.shutdown, wait=True)

    with_jobs(scenario)
    assert begun == []


@pytest.mark.parametrize("threaded", [None, False])
def test_without_a_loop_work_is_done_at_once(threaded):
    jobs, calls = Jobs(threaded), []
    jobs.submit("a", lambda: 3, calls.append, calls.append)
    jobs.submit("a", lambda: 1 / 0, calls.append, lambda error: calls.append(type(error)))
    jobs.call_soon(calls.append, "step")
    assert calls == [3, ZeroDivisionError, "step"]
    jobs.close()


def test_a_thread_needs_a_loop_to_return_to():
    with pytest.raises(RuntimeError, match="event loop"):
        Jobs(threaded=True)
