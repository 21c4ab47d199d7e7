"""Files made in a process of their own."""

import dataclasses
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref

import psutil
import pytest

from face3d_widgets.figures import FigureError
from face3d_widgets.geometry import TO_KEEP_MORE
from face3d_widgets.session import FileChoices, ReconstructionSession, file_maker, make_file
from face3d_widgets.session.file_maker import FileMaker
from face3d_widgets.types import ViewParams

SMALL = FileChoices(n_faces=2_000, width_mm=20, dpi=72, film_seconds=0.5)
_PATIENCE = 60  # seconds for a process to come or go on a busy machine


@pytest.fixture
def session(estimator, photo):
    session = ReconstructionSession(estimator)
    session.open(photo)
    session.view = ViewParams(draw_as="mesh")
    return session


@pytest.fixture(scope="module")
def maker():
    maker = FileMaker(idle_limit=_PATIENCE)
    yield maker
    maker.close()


def eventually(holds):
    until = time.monotonic() + _PATIENCE
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()


def pid_of(maker):
    return maker._worker.process.pid


# --- the same files ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["glb", "obj", "ply", "bust", "xyz", "depth", "html", "gif"])
def test_a_file_is_the_same_as_here(session, maker, kind):
    here = make_file(kind, session.order(SMALL))
    apart = maker.make(kind, session.order(SMALL))
    assert (apart.name, apart.mime, apart.note) == (here.name, here.mime, here.note)
    if kind == "html":  # Plotly gives each page a number of its own
        assert len(apart.data) == len(here.data)
    elif kind == "obj":
        assert abs(len(apart.data) - len(here.data)) < 100  # the zip has the time
    else:
        assert apart.data == here.data


def test_one_process_makes_many_and_loads_nothing_here(session, maker):
    maker.make("npy", session.order(SMALL))
    first = pid_of(maker)
    code = (
        "import sys\n"
        "from face3d_widgets.samples import load_sample\n"
        "from face3d_widgets.session import ReconstructionSession\n"
        "from face3d_widgets.session.file_maker import FileMaker\n"
        "session = ReconstructionSession()\n"
        "session.open(load_sample('astronaut'))\n"
        "maker = FileMaker()\n"
        "for kind in ('glb', 'bust', 'gif', 'mp4'): maker.make(kind, session.order())\n"
        "maker.close()\n"
        "print([m for m in ('trimesh', 'scipy', 'av', 'kaleido') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    maker.make("npy", session.order(SMALL))
    assert pid_of(maker) == first


def test_steps_are_told(session, maker):
    told = []
    maker.make("gif", session.order(SMALL), lambda step, share: told.append((step, share)))
    assert told[0] == ("Drawing the turntable", 0.0)
    assert told[-1][1] == 1.0
    assert [share for _, share in told] == sorted(share for _, share in told)


def test_errors_come_as_they_are(session, maker):
    with pytest.raises(ValueError, match="there is no file 'exe'"):
        maker.make("exe", session.order(SMALL))
    empty = dataclasses.replace(
        session.order(SMALL), params=dataclasses.replace(session.params, edge_angle=0.1)
    )
    with pytest.raises(ValueError, match=TO_KEEP_MORE[:20]):
        maker.make("points", empty)
    assert maker.running


def test_an_error_that_no_pickle_holds_comes_as_its_words():
    class Local(ValueError):
        pass

    sent = file_maker._sendable(Local("too few"))
    assert type(sent) is RuntimeError
    assert str(sent) == "Local: too few"
    assert isinstance(file_maker._sendable(FigureError("no")), FigureError)


# --- stopped, gone, come back ------------------------------------------------------------------


def test_a_cancel_is_heard_and_the_process_stays(session, maker):
    stop, steps = threading.Event(), []

    def report(step, share):
        steps.append(share)
        stop.set()

    long = dataclasses.replace(SMALL, film_seconds=60)
    with pytest.raises(FigureError, match="cancelled"):
        maker.make("gif", session.order(long), report, stop.is_set)
    process = pid_of(maker)
    assert maker.make("npy", session.order(SMALL)).data  # and nothing of the cancel is left
    assert pid_of(maker) == process


def test_work_that_does_not_hear_a_cancel_ends_with_its_process(session, monkeypatch):
    monkeypatch.setattr(file_maker, "_PATIENCE", 0.2)
    maker, processes = FileMaker(), []

    def report(step, share):
        if not processes:
            processes.append(psutil.Process(pid_of(maker)))
            processes[0].suspend()

    long = dataclasses.replace(SMALL, film_seconds=60)
    with pytest.raises(FigureError, match="cancelled"):
        maker.make("gif", session.order(long), report, lambda: bool(processes))
    [process] = processes
    assert eventually(lambda: not process.is_running())
    assert maker.make("npy", session.order(SMALL)).data
    maker.close()


def test_one_that_nobody_wants_goes_and_another_comes(session):
    maker = FileMaker(idle_limit=0.1)
    maker.make("npy", session.order(SMALL))
    process = psutil.Process(pid_of(maker))
    assert eventually(lambda: not process.is_running())  # no zombie either
    assert not maker.running
    assert maker.make("npy", session.order(SMALL)).data
    assert pid_of(maker) != process.pid
    maker.close()


def test_closing_ends_it(session):
    maker = FileMaker()
    maker.make("npy", session.order(SMALL))
    process = psutil.Process(pid_of(maker))
    maker.close()
    assert eventually(lambda: not process.is_running())


def test_one_that_the_system_ended_is_told_from_one_that_crashed(session, monkeypatch):
    for name, error in (("SIGKILL", MemoryError), ("SIGABRT", RuntimeError)):
        maker = FileMaker()
        long = dataclasses.replace(SMALL, film_seconds=60)

        def report(step, share, maker=maker, name=name):
            os.kill(pid_of(maker), getattr(signal, name))

        with pytest.raises(error):
            maker.make("gif", session.order(long), report)
        assert maker.make("npy", session.order(SMALL)).data
        maker.close()


def test_where_no_process_can_start_files_are_made_here(session, monkeypatch):
    def refuse(*_, **__):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(file_maker, "python_apart", refuse)
    maker = FileMaker()
    assert maker.make("npy", session.order(SMALL)).name == "anna_face-lite_depth.npy"
    assert not maker.running


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_it_ends_with_a_session_that_was_killed(tmp_path):
    code = (
        "import time\n"
        "from face3d_widgets.samples import load_sample\n"
        "from face3d_widgets.session import ReconstructionSession\n"
        "from face3d_widgets.session.file_maker import FileMaker\n"
        "session = ReconstructionSession()\n"
        "session.open(load_sample('astronaut'))\n"
        "maker = FileMaker()\n"
        "maker.make('npy', session.order())\n"
        "print(maker._worker.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as killed:
        process = psutil.Process(int(killed.stdout.readline()))
        os.killpg(killed.pid, signal.SIGKILL)
        assert eventually(
            lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        )


def test_nothing_of_an_order_is_kept(session, maker):
    order = session.order(SMALL)
    file = maker.make("glb", order)
    held = weakref.ref(order), weakref.ref(file)
    del order, file
    gc.collect()
    assert [ref() for ref in held] == [None, None]
